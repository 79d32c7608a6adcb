import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openDatabase } from "../../src/database/db.ts";
import { openEmbedded } from "../../src/database/embedded.ts";
import { lockFolder } from "../../src/database/folder-lock.ts";
import { createGuardedFolder } from "../support/probes/guarded-folder.ts";

/** Making an embedded cluster takes four seconds, more on a busy machine. */
const LIMIT_MS = 180_000;

/** A process that owns the folder until it is killed. */
async function startOwner(folder: string) {
  const module = join(import.meta.dir, "../../src/database/folder-lock.ts");
  const code = `
    import { lockFolder } from ${JSON.stringify(module)};
    globalThis.lock = lockFolder(${JSON.stringify(folder)});
    console.log("owned");
    setInterval(() => {}, 1000);`;
  const owner = Bun.spawn([process.execPath, "-e", code], { stdout: "pipe" });
  const { value } = await owner.stdout.getReader().read();
  expect(Buffer.from(value!).toString()).toBe("owned\n");
  return owner;
}

test("[R31] a process opens one database, keeps it on globalThis, and lets go of it at the end", async () => {
  const options = {
    kind: "postgres",
    url: "postgresql://127.0.0.1:1/a",
    connectionsMax: 2,
  } as const;
  const first = await openDatabase(options);
  expect(await openDatabase({ ...options })).toBe(first);
  expect(globalThis.stenogateDatabase?.options).toEqual(options);
  await expect(openDatabase({ ...options, connectionsMax: 3 })).rejects.toThrow(
    "another one is open",
  );

  const closing = first.close();
  const second = await openDatabase({ ...options, connectionsMax: 3 });
  expect(second).not.toBe(first);
  await Promise.all([closing, first.close()]);
  expect(await openDatabase({ ...options, connectionsMax: 3 })).toBe(second);
  await second.close();
  await second.close();
  expect(globalThis.stenogateDatabase).toBeUndefined();
});

test("a database that cannot be opened leaves the place free", async () => {
  await using folder = await createGuardedFolder("stenogate-lock-");
  const lock = lockFolder(folder.path);
  const opening = openDatabase({ kind: "embedded", directory: folder.path });
  await expect(opening).rejects.toMatchObject({ name: "StoreError", retryable: true });
  expect(globalThis.stenogateDatabase).toBeUndefined();
  lock.release();
});

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
  "a second process is refused before it touches the data, and let in when the first is killed",
  async () => {
    await using folder = await createGuardedFolder("stenogate-lock-");
    const owner = await startOwner(folder.path);
    try {
      await expect(openEmbedded(folder.path)).rejects.toThrow("another process holds its lock");
      expect(existsSync(join(folder.path, "data"))).toBeFalse();
    } finally {
      owner.kill("SIGKILL");
      await owner.exited;
    }
    lockFolder(folder.path).release();
  },
  LIMIT_MS,
);
