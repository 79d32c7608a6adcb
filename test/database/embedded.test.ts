import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { openDatabase } from "../../src/database/db.ts";
import { openEmbedded } from "../../src/database/embedded.ts";
import { lockFolder } from "../../src/database/folder-lock.ts";
import { createGuardedFolder } from "../support/probes/guarded-folder.ts";

/** Making an embedded cluster takes four seconds, more on a busy machine. */
const LIMIT_MS = 180_000;

test(
  "the embedded database makes its folder, and keeps what it was given",
  async () => {
    await using folder = await createGuardedFolder("stenogate-embedded-");
    const options = { kind: "embedded", directory: join(folder.path, "deep", "er") } as const;
    const first = await openDatabase(options);
    await first.prisma.$executeRaw`CREATE TABLE kept AS SELECT 42 AS answer`;
    await first.ping(5000);
    await first.close();
    await expect(first.ping(5000)).rejects.toMatchObject({ code: "database-unreachable" });

    const second = await openDatabase(options);
    expect(await second.prisma.$queryRaw`SELECT answer FROM kept`).toEqual([{ answer: 42 }]);
    await second.close();
  },
  LIMIT_MS,
);

test(
  "makes the folder with its parents for its user alone: it holds what people said",
  async () => {
    await using folder = await createGuardedFolder("stenogate-embedded-");
    const directory = join(folder.path, "a", "b");
    const embedded = await openEmbedded(directory);
    for (const path of [directory, join(folder.path, "a")]) {
      expect((await stat(path)).mode & 0o777).toBe(0o700);
    }
    await embedded.close();
  },
  LIMIT_MS,
);

test("whoever does not own the folder is refused before anything in it is touched", async () => {
  await using folder = await createGuardedFolder("stenogate-embedded-");
  const lock = lockFolder(folder.path);
  await expect(openEmbedded(folder.path)).rejects.toThrow("another process holds its lock");
  expect(existsSync(join(folder.path, "data"))).toBeFalse();
  lock.release();
});

test("a folder whose data is broken is given back, so that it can be opened once it is mended", async () => {
  await using folder = await createGuardedFolder("stenogate-embedded-");
  await Bun.write(join(folder.path, "data"), "a file where a folder should be");
  await expect(openEmbedded(folder.path)).rejects.toMatchObject({
    name: "StoreError",
    code: "database-unreachable",
    message: expect.stringContaining(`no database could be opened in ${folder.path}: check that`),
  });
  lockFolder(folder.path).release();
});
