import { TokenBucket } from "../../kernel/token-bucket.ts";
import type { Log } from "../../observe/log.ts";
import type { Tallies } from "../../observe/metrics.ts";
import type { MemoryBudget } from "../../relay/memory-budget.ts";
import type {
  RecognitionOptions,
  SpeechProvider,
  SpeechStream,
  SpeechStreamListener,
} from "../../relay/ports.ts";
import { recoverFinals } from "../gladia/final-recovery.ts";
import { requestLiveSession, type GladiaAccount } from "../gladia/gladia-api.ts";
import { ProviderSlots } from "../places/account-places.ts";
import { PROCESS_REQUESTS } from "../places/attempt-schedule.ts";
import { GladiaStream } from "./provider-stream.ts";
import type { GladiaStreamLimits } from "./stream-limits.ts";

export interface GladiaBridgeDeps {
  readonly log: Log;
  readonly tallies: Tallies;
  /** What streams keep of their audio is taken from it, and given back when they end. */
  readonly memory: MemoryBudget;
}

export interface GladiaBridgeOptions {
  readonly account: GladiaAccount;
  /** Live sessions that the account allows at once; more wait in line. */
  readonly sessionsMax: number | undefined;
  readonly limits: GladiaStreamLimits;
}

/** Gladia Live v2 as a `SpeechProvider`: gives each stream a place of the account, in the order in which they asked. */
export class GladiaBridge implements SpeechProvider {
  readonly #deps: GladiaBridgeDeps;
  readonly #options: GladiaBridgeOptions;
  readonly #slots: ProviderSlots;
  readonly #budget = new TokenBucket(PROCESS_REQUESTS);
  readonly #streams = new Set<GladiaStream>();

  constructor(deps: GladiaBridgeDeps, options: GladiaBridgeOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#slots = new ProviderSlots({ sessionsMax: options.sessionsMax });
  }

  /** Streams that were opened and have not ended. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** Streams that wait for a place of the account. */
  get queuedCount(): number {
    return this.#slots.queued;
  }

  open(recognition: RecognitionOptions, listener: SpeechStreamListener): SpeechStream {
    const { account, limits } = this.#options;
    const { log, tallies, memory } = this.#deps;
    const stream: GladiaStream = new GladiaStream(
      {
        request: (signal) => {
          tallies.provider_requests += 1;
          return requestLiveSession(account, recognition, signal);
        },
        recover: (sessionId, signal) => recoverFinals(account, sessionId, signal),
        processBudget: this.#budget,
        slots: this.#slots,
        onReleased: () => this.#streams.delete(stream),
        listener,
        log,
        tallies,
        memory,
      },
      { audio: recognition.audio, limits },
    );
    this.#streams.add(stream);
    stream.start();
    return stream;
  }

  /** Nobody gets a place any more. Streams that are there are not told. */
  stop(): void {
    this.#slots.stop();
  }
}
