import { TokenBucket } from "../../kernel/token-bucket.ts";
import type { Log } from "../../observe/log.ts";
import type { Tallies } from "../../observe/metrics.ts";
import type { MemoryBudget } from "../../relay/memory-budget.ts";
import type { SpeechProvider, SpeechStream, SpeechStreamListener } from "../../relay/ports.ts";
import type { RecognitionOptions } from "../../relay/recognition/recognition-options.ts";
import { Omissions } from "../finals/omissions.ts";
import { AccountPlaces } from "../places/account-places.ts";
import { PROCESS_REQUESTS } from "../places/attempt-schedule.ts";
import type { ProviderAdapter } from "../provider-adapter.ts";
import type { ProviderStreamLimits } from "../stream-limits.ts";
import { ProviderStream } from "./provider-stream.ts";

export interface ProviderStreamsDeps {
  readonly adapter: ProviderAdapter;
  readonly log: Log;
  readonly tallies: Tallies;
  /** What streams keep of their audio is taken from it, and given back when they end. */
  readonly memory: MemoryBudget;
}

export interface ProviderStreamsOptions {
  /** Provider sessions that the account allows at once; more streams wait in line. */
  readonly placesMax: number | undefined;
  readonly limits: ProviderStreamLimits;
}

/** All streams of the process to one provider: gives each a place of the account, in the order in which they asked. */
export class ProviderStreams implements SpeechProvider {
  readonly #deps: ProviderStreamsDeps;
  readonly #options: ProviderStreamsOptions;
  readonly #places: AccountPlaces;
  readonly #budget = new TokenBucket(PROCESS_REQUESTS);
  readonly #streams = new Set<ProviderStream>();

  constructor(deps: ProviderStreamsDeps, options: ProviderStreamsOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#places = new AccountPlaces(options);
  }

  /** Streams that were opened and have not ended. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** Streams that wait for a place of the account. */
  get queuedCount(): number {
    return this.#places.queued;
  }

  open(recognition: RecognitionOptions, listener: SpeechStreamListener): SpeechStream {
    const { adapter, tallies } = this.#deps;
    const stream: ProviderStream = new ProviderStream(
      {
        ...this.#deps,
        request: (signal) => {
          tallies.provider_requests += 1;
          return adapter.requestSession(recognition, signal);
        },
        processBudget: this.#budget,
        places: this.#places,
        omissions: new Omissions(this.#deps),
        onReleased: () => this.#streams.delete(stream),
        listener,
      },
      { audio: recognition.audio, limits: this.#options.limits },
    );
    this.#streams.add(stream);
    stream.start();
    return stream;
  }

  /** Nobody gets a place any more. Streams that are there are not told. Repetition is harmless. */
  stop(): void {
    this.#places.stop();
  }
}
