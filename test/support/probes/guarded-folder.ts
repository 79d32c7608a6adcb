import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface GuardedFolder extends AsyncDisposable {
  readonly path: string;
}

/**
 * A temporary folder that is gone when this process is, however it ends.
 *
 * `bun test` runs no exit hooks, so a shell outlives the tests instead: it reads a pipe whose other end is this process, and
 * notices `kill -9` too. Before it removes the folder it runs `ending`, whose `$1` is the folder's path.
 */
export async function createGuardedFolder(prefix: string, ending = ""): Promise<GuardedFolder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  // Signals are ignored because Ctrl-C reaches the whole process group, and the folder still has to go.
  const script = `trap '' INT TERM HUP\ncat > /dev/null\n${ending}\nrm -rf "$1"`;
  const guard = Bun.spawn(["sh", "-c", script, "guard", path], { stdin: "pipe" });
  guard.unref();
  return {
    path,
    async [Symbol.asyncDispose]() {
      await guard.stdin.end();
      await guard.exited;
    },
  };
}
