import { cleanEnvironment, type Installation } from "./executable.ts";

/** A process that has begun to start. */
export interface StartingProcess extends AsyncDisposable {
  /** Resolves when it listens; rejects with its log when it ends before. */
  readonly listening: Promise<URL>;
  /** Everything that it has logged so far. */
  readonly log: string;
  readonly exited: Promise<number>;
  signal(name: NodeJS.Signals): void;
  /** Writes a line to its standard input. */
  tell(line: string): void;
}

/** `stenogate serve`, as a process of its own. */
export interface GatewayProcess extends StartingProcess {
  readonly url: URL;
}

export const TEST_SECRET = "a secret for tests of at least 32 bytes";

/** Starts it on a free port and resolves when it listens; rejects with its log when it ends before. */
export async function startGateway(
  installation: Installation,
  settings: Readonly<Record<string, string>>,
): Promise<GatewayProcess> {
  return untilListening(spawnGateway([installation.path, "serve"], installation, settings));
}

/** Runs `command`, which logs its address as a gateway does, in the installation's folder. */
export function spawnGateway(
  command: readonly string[],
  { directory }: Pick<Installation, "directory">,
  settings: Readonly<Record<string, string>>,
): StartingProcess {
  const child = Bun.spawn([...command], {
    cwd: directory,
    env: cleanEnvironment({
      HOST: "127.0.0.1",
      PORT: "0",
      GLADIA_API_KEY: "a key for tests",
      TRANSCRIPTION_JWT_SECRET: TEST_SECRET,
      ...settings,
    }),
    stdin: "pipe",
    stdout: "ignore",
    stderr: "pipe",
  });
  let log = "";
  const listening = Promise.withResolvers<URL>();
  // Whoever does not wait for it does not care.
  listening.promise.catch(() => undefined);
  const reading = (async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
      log += chunk;
      const [, url] = /"url":"([^"]+)"/.exec(log) ?? [];
      if (url !== undefined) listening.resolve(new URL(url));
    }
    listening.reject(new Error(`the gateway ended before it listened: ${log}`));
  })();
  return {
    listening: listening.promise,
    get log() {
      return log;
    },
    // A process has ended when it has said its last, too.
    exited: Promise.all([child.exited, reading]).then(([exitCode]) => exitCode),
    signal: (name) => child.kill(name),
    tell: (line) => {
      // A process that has ended hears nothing; the test sees that it has.
      void child.stdin.write(`${line}\n`);
      void child.stdin.flush();
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.exited;
      await reading;
    },
  };
}

export async function untilListening(process: StartingProcess): Promise<GatewayProcess> {
  const url = await process.listening;
  return Object.assign(process, { url });
}
