import { cleanEnvironment, type Installation } from "./executable.ts";

/** `stenogate serve`, as a process of its own. */
export interface GatewayProcess extends AsyncDisposable {
  readonly url: URL;
  /** Everything that it has logged so far. */
  readonly log: string;
  readonly exited: Promise<number>;
  signal(name: NodeJS.Signals): void;
}

export const TEST_SECRET = "a secret for tests of at least 32 bytes";

/** Starts it on a free port and resolves when it listens; rejects with its log when it ends before. */
export async function startGateway(
  installation: Installation,
  settings: Readonly<Record<string, string>>,
): Promise<GatewayProcess> {
  const child = Bun.spawn([installation.path, "serve"], {
    cwd: installation.directory,
    env: cleanEnvironment({
      HOST: "127.0.0.1",
      PORT: "0",
      GLADIA_API_KEY: "a key for tests",
      TRANSCRIPTION_JWT_SECRET: TEST_SECRET,
      ...settings,
    }),
    stdout: "ignore",
    stderr: "pipe",
  });
  let log = "";
  const listening = Promise.withResolvers<URL>();
  const reading = (async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
      log += chunk;
      const [, url] = /"url":"([^"]+)"/.exec(log) ?? [];
      if (url !== undefined) listening.resolve(new URL(url));
    }
    listening.reject(new Error(`the gateway ended before it listened: ${log}`));
  })();
  const url = await listening.promise;
  return {
    url,
    get log() {
      return log;
    },
    exited: child.exited,
    signal: (name) => child.kill(name),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.exited;
      await reading;
    },
  };
}
