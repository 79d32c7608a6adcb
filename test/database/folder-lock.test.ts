import { expect, test } from "bun:test";
import { join } from "node:path";
import { lockFolder } from "../../src/database/folder-lock.ts";
import { createGuardedFolder } from "../support/probes/guarded-folder.ts";

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

test("a folder has one owner, also within one process, until it is released", async () => {
  await using folder = await createGuardedFolder("stenogate-lock-");
  const lock = lockFolder(folder.path);
  expect(() => lockFolder(folder.path)).toThrow(
    `expected to be the only user of ${folder.path}, but another process holds its lock`,
  );
  lock.release();
  lockFolder(folder.path).release();
});

test("a second process is refused, and let in when the first is killed", async () => {
  await using folder = await createGuardedFolder("stenogate-lock-");
  const owner = await startOwner(folder.path);
  try {
    expect(() => lockFolder(folder.path)).toThrow("another process holds its lock");
  } finally {
    owner.kill("SIGKILL");
    await owner.exited;
  }
  lockFolder(folder.path).release();
});
