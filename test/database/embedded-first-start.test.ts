import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { openEmbedded } from "../../src/database/embedded.ts";
import { createGuardedFolder } from "../support/probes/guarded-folder.ts";
import { until } from "../support/probes/until.ts";

/** Making an embedded cluster takes four seconds, more on a busy machine. */
const LIMIT_MS = 180_000;

/** Starts for the first time in `directory`, in a process of its own. */
function startFirst(directory: string): Bun.Subprocess {
  const module = join(import.meta.dir, "../../src/database/embedded.ts");
  const code = `
    import { openEmbedded } from ${JSON.stringify(module)};
    await openEmbedded(${JSON.stringify(directory)});
    setInterval(() => {}, 1000);`;
  return Bun.spawn([process.execPath, "-e", code], { stdout: "ignore", stderr: "inherit" });
}

async function expectToOpen(directory: string): Promise<void> {
  const embedded = await openEmbedded(directory);
  expect((await embedded.postgres.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  await embedded.close();
}

describe("[R1] an embedded database that was killed in its first start starts again", () => {
  const moments = ["PG_VERSION", "base/5/PG_VERSION"];
  test.each(moments)(
    "when %s has just been written",
    async (file) => {
      await using folder = await createGuardedFolder("stenogate-embedded-");
      const directory = join(folder.path, "postgres");
      const killed = startFirst(directory);
      const places = ["data", "data.making"].map((name) => join(directory, name, file));
      await until(() => killed.exitCode !== null || places.some((place) => existsSync(place)));
      killed.kill("SIGKILL");
      await killed.exited;
      await expectToOpen(directory);
      // What was left of the killed one is gone.
      expect((await readdir(directory)).toSorted()).toEqual(["data", "owner.lock"]);
    },
    LIMIT_MS,
  );
});

describe("[R1] a folder that an earlier version left half-made is recognised and kept aside", () => {
  const damages: Readonly<Record<string, (data: string) => Promise<unknown>>> = {
    "with a version and nothing behind it": async (data) => {
      await rm(data, { recursive: true });
      await mkdir(data);
      await Bun.write(join(data, "PG_VERSION"), "18\n");
    },
    "with empty folders": async (data) => {
      await rm(data, { recursive: true });
      await mkdir(join(data, "base", "1"), { recursive: true });
    },
    "without the database that is made last": (data) =>
      rm(join(data, "base", "5"), { recursive: true }),
  };
  test(
    Object.keys(damages).join(", "),
    async () => {
      await using folder = await createGuardedFolder("stenogate-embedded-");
      const whole = join(folder.path, "whole");
      await (await openEmbedded(whole)).close();
      for (const damage of Object.values(damages)) {
        const directory = join(folder.path, "postgres");
        await rm(directory, { recursive: true, force: true });
        await cp(whole, directory, { recursive: true });
        await damage(join(directory, "data"));
        await expectToOpen(directory);
        const names = (await readdir(directory)).toSorted();
        expect(names).toEqual([
          "data",
          expect.stringMatching(/^data\.unfinished-\d+$/),
          "owner.lock",
        ]);
      }
    },
    LIMIT_MS,
  );
});
