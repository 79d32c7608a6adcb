import { monotonicMs } from "../../kernel/timers.ts";
import type { TokenBucket } from "../../kernel/token-bucket.ts";
import type { Log } from "../../observe/log.ts";
import type { Tallies } from "../../observe/metrics.ts";
import type { AccountPlace, AccountPlaces, PlaceRequest } from "../places/account-places.ts";
import { AttemptSchedule } from "../places/attempt-schedule.ts";
import type { SessionGrant } from "../provider-adapter.ts";
import { ProviderError } from "../provider-error.ts";

export interface SessionRequestsDeps {
  /** Asks for a provider session, once. Rejects with a `ProviderError`. */
  readonly request: (signal: AbortSignal) => Promise<SessionGrant>;
  readonly processBudget: TokenBucket;
  readonly places: Pick<AccountPlaces, "acquire">;
  readonly tallies: Tallies;
  readonly log: Log;
  /** The first request goes, after the waits for a place and for the process's budget: from now on a wait is the provider's. */
  readonly onAsked: () => void;
  readonly onQueued: (position: number) => void;
  readonly onGranted: (session: SessionGrant) => void;
  /** The provider refuses for good, or too many wait for a place. */
  readonly onRefused: (failure: ProviderError) => void;
  /** R24: one of the others threw, which is a bug. Must not throw. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Gets a stream its place of the account and, one at a time, its provider sessions. A request that failed is repeated when
 * `schedule` allows; a 429 to the first one gives the place back and waits for another.
 *
 * Modes: created → waiting or placed (`start`) → stopped (`stop`); then no callback comes any more.
 */
export class SessionRequests {
  /** Waits between attempts, requests and connections alike: a failure of one delays the other too. */
  readonly schedule: AttemptSchedule;
  readonly #deps: SessionRequestsDeps;
  readonly #stopping = new AbortController();
  #placeRequest: PlaceRequest | undefined;
  #place: AccountPlace | undefined;
  #hasAsked = false;
  #hasSucceeded = false;
  #isRequesting = false;
  #isBusyTold = false;

  constructor(deps: SessionRequestsDeps) {
    this.#deps = deps;
    this.schedule = new AttemptSchedule(deps.processBudget);
  }

  /** Without a place nothing is asked of the provider, and no limit of time counts. */
  get hasPlace(): boolean {
    return this.#place !== undefined;
  }

  /** False while the first request waits for its turn. */
  get hasAsked(): boolean {
    return this.#hasAsked;
  }

  /** Asks for a place. Called once. */
  start(): void {
    this.#placeRequest = this.#deps.places.acquire({
      onGranted: (place) => {
        this.#place = place;
        this.#hasAsked = false;
      },
      onQueued: (position) => this.#deps.onQueued(position),
    });
    if (this.#placeRequest.kind === "refused") this.#deps.onRefused(this.#placeRequest.failure);
  }

  /** Sends a request if it is time for one. */
  requestDue(nowMs: number): void {
    if (this.#isRequesting || !this.schedule.mayRequest(nowMs)) return;
    if (!this.#hasAsked) this.#deps.onAsked();
    this.#hasAsked = true;
    this.#request().catch(this.#deps.onFailed);
  }

  /** A request outside the schedule, for a session that nobody waits for. */
  requestAside(): Promise<SessionGrant> {
    return this.#deps.request(this.#stopping.signal);
  }

  stop(): void {
    this.#stopping.abort();
    this.#place?.release();
    if (this.#placeRequest?.kind === "accepted") this.#placeRequest.cancel();
  }

  /** Rejects only for a bug. */
  async #request(): Promise<void> {
    const { signal } = this.#stopping;
    this.#isRequesting = true;
    const outcome = await this.#deps.request(signal).catch(toProviderError);
    this.#isRequesting = false;
    if (signal.aborted) return;
    if (outcome instanceof ProviderError) return this.#judge(outcome);
    this.#hasSucceeded = true;
    this.#deps.onGranted(outcome);
  }

  #judge(failure: ProviderError): void {
    if (failure.code === "provider-refused") return this.#deps.onRefused(failure);
    this.#deps.tallies.provider_retries += 1;
    if (failure.code === "provider-busy") this.#tellBusy(failure);
    if (failure.code !== "provider-busy" || this.#hasSucceeded) {
      return this.schedule.noteFailure(monotonicMs(), failure.retryAfterMs);
    }
    const place = this.#place;
    this.#place = undefined;
    return place?.returnAsBusy(failure.retryAfterMs);
  }

  /** Once a stream: what the provider advises may be longer than anybody waits here. */
  #tellBusy({ retryAfterMs }: ProviderError): void {
    if (this.#isBusyTold) return;
    this.#isBusyTold = true;
    this.#deps.log.warn("The provider's account has no free session", { advisedMs: retryAfterMs });
  }
}

function toProviderError(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  return new ProviderError("provider-unreachable", "the request for a session failed", {
    retryable: true,
    cause: error,
  });
}
