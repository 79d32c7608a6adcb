import type { TokenBucket } from "../../kernel/token-bucket.ts";
import type { Tallies } from "../../observe/metrics.ts";
import type { LiveSession } from "../gladia/gladia-api.ts";
import type { ProviderSlot, ProviderSlots, SlotRequest } from "../places/account-places.ts";
import { AttemptSchedule } from "../places/attempt-schedule.ts";
import { GladiaError } from "../provider-error.ts";

export interface SessionRequestsDeps {
  /** Asks for a provider session, once. Rejects with a `GladiaError`. */
  readonly request: (signal: AbortSignal) => Promise<LiveSession>;
  readonly processBudget: TokenBucket;
  readonly slots: Pick<ProviderSlots, "acquire">;
  readonly tallies: Tallies;
  /** The first request goes, after the waits for a place and for the process's budget: from now on the provider is slow. */
  readonly onAsked: () => void;
  readonly onQueued: (position: number) => void;
  readonly onSession: (session: LiveSession) => void;
  /** The provider refuses for good, or too many wait for a place. */
  readonly onRefused: (failure: GladiaError) => void;
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
  /** Also for attempts to connect: whoever fails at one waits before the other. */
  readonly schedule: AttemptSchedule;
  readonly #deps: SessionRequestsDeps;
  readonly #stopping = new AbortController();
  #slotRequest: SlotRequest | undefined;
  #slot: ProviderSlot | undefined;
  #hasAsked = false;
  #hasSucceeded = false;
  #isRequesting = false;

  constructor(deps: SessionRequestsDeps) {
    this.#deps = deps;
    this.schedule = new AttemptSchedule(deps.processBudget);
  }

  /** Whoever waits for a place has all the time there is. */
  get hasPlace(): boolean {
    return this.#slot !== undefined;
  }

  /** False while the first request waits for its turn. */
  get hasAsked(): boolean {
    return this.#hasAsked;
  }

  /** Asks for a place. Called once. */
  start(): void {
    this.#slotRequest = this.#deps.slots.acquire({
      onGranted: (slot) => {
        this.#slot = slot;
        this.#hasAsked = false;
      },
      onQueued: (position) => this.#deps.onQueued(position),
    });
    if (this.#slotRequest.kind === "refused") this.#deps.onRefused(this.#slotRequest.failure);
  }

  /** Sends a request if it is time for one. */
  requestDue(nowMs: number): void {
    if (this.#isRequesting || !this.schedule.mayRequest(nowMs)) return;
    if (!this.#hasAsked) this.#deps.onAsked();
    this.#hasAsked = true;
    this.#request().catch(this.#deps.onFailed);
  }

  /** A request outside the schedule, for a session that nobody waits for. */
  requestAside(): Promise<LiveSession> {
    return this.#deps.request(this.#stopping.signal);
  }

  stop(): void {
    this.#stopping.abort();
    this.#slot?.release();
    if (this.#slotRequest?.kind === "accepted") this.#slotRequest.cancel();
  }

  /** Rejects only for a bug. */
  async #request(): Promise<void> {
    const { signal } = this.#stopping;
    this.#isRequesting = true;
    const outcome = await this.#deps.request(signal).catch(toGladiaError);
    this.#isRequesting = false;
    if (signal.aborted) return;
    if (outcome instanceof GladiaError) return this.#judge(outcome);
    this.#hasSucceeded = true;
    this.#deps.onSession(outcome);
  }

  #judge(failure: GladiaError): void {
    if (failure.code === "provider-refused") return this.#deps.onRefused(failure);
    this.#deps.tallies.provider_retries += 1;
    if (failure.code !== "provider-busy" || this.#hasSucceeded) {
      return this.schedule.noteFailure(Date.now(), failure.retryAfterMs);
    }
    const slot = this.#slot;
    this.#slot = undefined;
    return slot?.returnAsBusy(failure.retryAfterMs);
  }
}

function toGladiaError(error: unknown): GladiaError {
  if (error instanceof GladiaError) return error;
  return new GladiaError("provider-unreachable", "the request for a session failed", {
    retryable: true,
    cause: error,
  });
}
