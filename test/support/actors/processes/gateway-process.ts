import { cleanEnvironment, type Installation } from "./executable.ts";

/** A process that has begun to start. */
export interface StartingProcess extends AsyncDisposable {
  /** Resolves when it listens; rejects with its log when it ends before. */
  readonly listening: Promise<URL>;
  /** Everything that it has logged so far. */
  readonly log: string;
  /** Resolves once it has logged this text so many times; rejects with its log when it ends before. */
  logged(text: string, times?: number): Promise<void>;
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
      // A slow machine may take longer than an operator would wait.
      SHUTDOWN_DEADLINE_MS: "60000",
      ...settings,
    }),
    stdin: "pipe",
    stdout: "ignore",
    stderr: "pipe",
  });
  let log = "";
  let isOver = false;
  const waiting = new Set<() => void>();
  const look = () => {
    for (const one of waiting) one();
  };
  const reading = (async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
      log += chunk;
      look();
    }
    isOver = true;
    look();
  })();
  const logged = async (text: string, times = 1) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const judge = () => {
      if (log.split(text).length > times) resolve();
      else if (isOver) reject(new Error(`the gateway ended before it logged "${text}": ${log}`));
    };
    waiting.add(judge);
    judge();
    await promise.finally(() => waiting.delete(judge));
  };
  // It ends the line that holds the address.
  const listening = logged('"msg":"Listening"').then(() => {
    const [, url] = /"url":"([^"]+)"/.exec(log)!;
    return new URL(url!);
  });
  // Whoever does not wait for it does not care.
  listening.catch(() => undefined);
  return {
    listening,
    get log() {
      return log;
    },
    logged,
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
