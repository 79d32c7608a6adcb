import { sleep } from "../../../src/kernel/timers.ts";
import type { Installation } from "../../support/actors/processes/executable.ts";
import {
  startGateway,
  type GatewayProcess,
} from "../../support/actors/processes/gateway-process.ts";

/** What `/metrics` says, as far as anybody asks here. */
export interface Figures {
  readonly activeConnections: number;
  readonly queue: { readonly queueLength: number };
  readonly journal: { readonly rows: number };
  /** Lost finals, by cause. */
  readonly dropped: Readonly<Record<string, number>>;
}

const DRAIN_LIMIT_MS = 60_000;
const DRAIN_POLL_MS = 50;

/** Nobody listens on the discard port. */
const NOWHERE = new URL("http://127.0.0.1:9");

/** A gateway that dies and comes back with the same settings: on its own data, and on another port. */
export class RevivableGateway implements AsyncDisposable {
  readonly #installation: Installation;
  readonly #settings: Readonly<Record<string, string>>;
  #process: GatewayProcess | undefined;
  #url = NOWHERE;
  #logOfTheDead = "";

  constructor(installation: Installation, settings: Readonly<Record<string, string>>) {
    this.#installation = installation;
    this.#settings = settings;
  }

  /** Where it is, or was last. */
  get url(): URL {
    return this.#url;
  }

  /** What all its lives have logged. */
  get log(): string {
    return this.#logOfTheDead + (this.#process?.log ?? "");
  }

  /** Harmless while it runs. */
  async start(): Promise<void> {
    this.#process ??= await startGateway(this.#installation, this.#settings);
    this.#url = this.#process.url;
  }

  async kill(): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    this.#logOfTheDead = this.log;
    this.#process = undefined;
  }

  /** Sends SIGTERM so many times, each as soon as the one before was noticed; resolves with the exit code. */
  async terminate(times = 1): Promise<number> {
    const running = this.#running;
    for (let sent = 1; sent <= times; sent += 1) {
      running.signal("SIGTERM");
      if (sent < times) await running.logged("Draining");
    }
    const exitCode = await running.exited;
    await this.kill();
    return exitCode;
  }

  async figures(): Promise<Figures> {
    const answer = await fetch(new URL("/metrics", this.#running.url));
    // The names are the project's contract.
    return (await answer.json()) as Figures;
  }

  /** Resolves once every final has left the queue and the journal. */
  async drained(): Promise<void> {
    await waitUntil(async () => {
      const { queue, journal } = await this.figures();
      return queue.queueLength === 0 && journal.rows === 0;
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  get #running(): GatewayProcess {
    if (this.#process === undefined) throw new Error("expected the gateway to run");
    return this.#process;
  }
}

async function waitUntil(isSo: () => Promise<boolean>): Promise<void> {
  const giveUpAtMs = performance.now() + DRAIN_LIMIT_MS;
  while (!(await isSo())) {
    if (performance.now() > giveUpAtMs) throw new Error(`expected it within ${DRAIN_LIMIT_MS} ms`);
    await sleep(DRAIN_POLL_MS);
  }
}
