import { chmod, copyFile } from "node:fs/promises";
import { join } from "node:path";
import { createGuardedFolder } from "../../probes/guarded-folder.ts";

/** The compiled executable, alone in a folder of its own. */
export interface Installation extends AsyncDisposable {
  readonly directory: string;
  readonly path: string;
}

/** For a build, and for each test of what was built: far more than either takes, in milliseconds. */
export const E2E_LIMIT_MS = 180_000;

const PROJECT = join(import.meta.dir, "../../../..");

let built: Promise<string> | undefined;

/** Copies the executable to an empty folder, which goes away with the installation. Built once for each test file. */
export async function installExecutable(): Promise<Installation> {
  built ??= buildExecutable();
  const folder = await createGuardedFolder("stenogate-e2e-");
  const path = join(folder.path, "stenogate");
  await copyFile(await built, path);
  await chmod(path, 0o755);
  return {
    directory: folder.path,
    path,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Runs the project's own build, into a file of this process: test files may run side by side. */
async function buildExecutable(): Promise<string> {
  // A hundred megabytes, which must not stay behind.
  const folder = await createGuardedFolder("stenogate-build-");
  const output = join(folder.path, "stenogate");
  const build = Bun.spawn([process.execPath, "run", "build", "--outfile", output], {
    cwd: PROJECT,
    stdout: "pipe",
    stderr: "pipe",
  });
  if ((await build.exited) === 0) return output;
  throw new Error(`the build failed: ${await new Response(build.stderr).text()}`);
}

export interface RunOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Nothing of the test's own environment reaches the process but what a shell needs. */
export function cleanEnvironment(settings: Readonly<Record<string, string>>) {
  return { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...settings };
}

/** Runs the executable in its folder until it ends. */
export async function runExecutable(
  installation: Installation,
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<RunOutcome> {
  const child = Bun.spawn([installation.path, ...args], {
    cwd: installation.directory,
    env: cleanEnvironment(settings),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [exitCode, stdout, stderr] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exitCode, stdout, stderr };
}
