/**
 * The account's places for provider sessions: who has one, who waits for one, and how many there are.
 *
 * How many there are is known (a setting) or learned, and always an estimate, because other
 * programs may use the same account. A 429 says that it is too high: it falls to what is in
 * use here, and for a while somebody gets in only when somebody leaves. Then, while anybody waits,
 * it rises by 1, 2, 4 … places, until the next 429 or the ceiling. With nothing in use here that
 * while is a few seconds.
 *
 * Places go to whoever waits longest. Every operation takes constant time, but for the telling of
 * positions.
 */
import { windowMs } from "../../kernel/backoff.ts";
import { every, monotonicMs, type RunningTimer } from "../../kernel/timers.ts";
import { ProviderError } from "../provider-error.ts";
import { ADVISED_MS_MAX } from "./attempt-schedule.ts";

/** A place in the account. After it was given back, neither method does anything. */
export interface AccountPlace {
  /** Gives it back; whoever waits longest gets it before this returns. */
  release(): void;
  /**
   * Gives it back because the provider answered 429, and waits again, before all that were never
   * granted one: `onQueued` comes at once, `onGranted` with another place later. `retryAfterMs` is
   * what the provider advised, if anything.
   */
  returnAsBusy(retryAfterMs?: number): void;
}

/** Hears of its place. Neither method may throw. */
export interface PlaceListener {
  /** The place is the listener's until it gives it back. */
  onGranted(place: AccountPlace): void;
  /** Counts from 1. Comes at once, then once a second if it has changed. */
  onQueued(position: number): void;
}

export type PlaceRequest =
  /** Granted already, or waiting. `cancel` leaves the line; whoever has a place, keeps it. */
  | { readonly kind: "accepted"; cancel(): void }
  /** Too many wait already, or nobody is served any more: "provider-busy". No callback comes. */
  | { readonly kind: "refused"; readonly failure: ProviderError };

export interface AccountPlacesOptions {
  /** The account's places; undefined when the operator does not know them. */
  readonly placesMax: number | undefined;
  /** A number in [0, 1); a test passes its own. */
  readonly random?: () => number;
}

/** As many may wait as there are places, which is about one session's time; but never more. */
const WAITING_MAX = 1000;

/** Positions are told, and the estimate is looked at, this often. */
const SWEEP_MS = 1000;

/** Places become free when sessions end, not by asking: one vain request a minute is enough. */
const BUSY_MS = 60_000;

/** A longer wait that the provider advises is cut to this: a place may become free at any moment. */
const BUSY_MS_MAX = 300_000;

/**
 * With nothing in use here nobody's end frees a place, and everybody waits for the next request: it comes soon, and later from one
 * refusal to the next.
 */
const IDLE_BUSY = { firstMs: 2000, mostMs: 10_000 };

/** Up to so much is added to a wait, so that gateways on one account do not ask together. */
const JITTER_SHARE = 0.25;

/** Between two rises: the provider answers a request within a second as a rule. */
const RISE_MS = 5000;

interface Waiter {
  readonly listener: PlaceListener;
  toldPosition: number;
}

/** Modes: serving → stopped (`stop`). */
export class AccountPlaces {
  readonly #ceiling: number;
  readonly #random: () => number;
  /** Those who had a place that the provider did not honour (429). They wait before all others. */
  readonly #returned = new Set<Waiter>();
  readonly #newcomers = new Set<Waiter>();
  #limit: number;
  #inUse = 0;
  #riseAtMs = 0;
  #rise = 1;
  /** 429s since a place was last of use, with nothing in use. */
  #idleRefusals = 0;
  #isGranting = false;
  #isStopped = false;
  /** Runs while anybody waits. */
  #sweep: RunningTimer | undefined;

  constructor({ placesMax = Number.POSITIVE_INFINITY, random }: AccountPlacesOptions) {
    this.#ceiling = placesMax;
    this.#limit = placesMax;
    this.#random = random ?? Math.random;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get queued(): number {
    return this.#returned.size + this.#newcomers.size;
  }

  /** The estimate: infinite until there is one, 0 while others use the whole account. */
  get limit(): number {
    return this.#limit;
  }

  /** A free place is granted before this returns, and so is `onQueued` called. */
  acquire(listener: PlaceListener): PlaceRequest {
    const waitingMax = Math.min(this.#ceiling, WAITING_MAX);
    const waiter: Waiter = { listener, toldPosition: 0 };
    if (this.queued === 0 && this.#inUse < this.#limit && !this.#isStopped) {
      this.#grant(waiter);
    } else if (this.#newcomers.size >= waitingMax || this.#isStopped) {
      return { kind: "refused", failure: busy(this.#inUse, this.queued) };
    } else {
      this.#newcomers.add(waiter);
      this.#startSweep();
      tellPosition(waiter, this.queued);
    }
    return { kind: "accepted", cancel: () => this.#cancel(waiter) };
  }

  /** Nobody is granted a place from now on, or told anything. Repetition is harmless. */
  stop(): void {
    this.#isStopped = true;
    this.#returned.clear();
    this.#newcomers.clear();
    this.#stopIdleSweep();
  }

  #cancel(waiter: Waiter): void {
    if (!this.#returned.delete(waiter)) this.#newcomers.delete(waiter);
    this.#stopIdleSweep();
  }

  #grant(waiter: Waiter): void {
    let isHeld = true;
    const giveBack = (act: () => void) => {
      if (!isHeld) return;
      isHeld = false;
      this.#inUse -= 1;
      act();
    };
    this.#inUse += 1;
    waiter.listener.onGranted({
      release: () =>
        giveBack(() => {
          this.#idleRefusals = 0;
          this.#grantDue();
        }),
      returnAsBusy: (retryAfterMs) => giveBack(() => this.#waitAgain(waiter, retryAfterMs)),
    });
  }

  #waitAgain(waiter: Waiter, retryAfterMs: number | undefined): void {
    // Requests under way count as in use: each one too many takes itself off when it is refused.
    this.#limit = this.#inUse;
    this.#rise = 1;
    const busyMs = this.#busyMs(retryAfterMs);
    this.#riseAtMs = monotonicMs() + busyMs * (1 + JITTER_SHARE * this.#random());
    if (this.#isStopped) return;
    this.#returned.add(waiter);
    waiter.toldPosition = 0;
    this.#startSweep();
    tellPosition(waiter, this.#returned.size);
  }

  #busyMs(retryAfterMs: number | undefined): number {
    const isIdle = this.#inUse === 0;
    if (isIdle) this.#idleRefusals += 1;
    const mostMs = isIdle ? ADVISED_MS_MAX : BUSY_MS_MAX;
    if (retryAfterMs !== undefined) return Math.min(Math.max(retryAfterMs, SWEEP_MS), mostMs);
    return isIdle ? windowMs(this.#idleRefusals, IDLE_BUSY) : BUSY_MS;
  }

  /** One loop serves all: listeners that give back at once do not recurse through each other. */
  #grantDue(): void {
    if (this.#isGranting) return;
    this.#isGranting = true;
    try {
      while (this.#inUse < this.#limit) {
        const waiter = takeFirst(this.#returned) ?? takeFirst(this.#newcomers);
        if (waiter === undefined) break;
        this.#grant(waiter);
      }
    } finally {
      this.#isGranting = false;
    }
    this.#stopIdleSweep();
  }

  #startSweep(): void {
    this.#sweep ??= every(SWEEP_MS, () => {
      this.#raiseLimit(monotonicMs());
      this.#tellPositions();
    });
  }

  #stopIdleSweep(): void {
    if (this.queued > 0) return;
    this.#sweep?.stop();
    this.#sweep = undefined;
    // The next line begins with small steps again.
    this.#rise = 1;
  }

  #raiseLimit(nowMs: number): void {
    if (this.#limit >= this.#ceiling || nowMs < this.#riseAtMs) return;
    this.#limit = Math.min(this.#limit + this.#rise, this.#ceiling);
    this.#rise *= 2;
    this.#riseAtMs = nowMs + RISE_MS;
    this.#grantDue();
  }

  #tellPositions(): void {
    let position = 0;
    // A copy, because a listener may cancel while it is told.
    for (const waiter of [...this.#returned, ...this.#newcomers]) {
      position += 1;
      if (this.#returned.has(waiter) || this.#newcomers.has(waiter)) tellPosition(waiter, position);
    }
  }
}

function tellPosition(waiter: Waiter, position: number): void {
  if (waiter.toldPosition === position) return;
  waiter.toldPosition = position;
  waiter.listener.onQueued(position);
}

/** A Set keeps the order of insertion. */
function takeFirst(waiters: Set<Waiter>): Waiter | undefined {
  const first = waiters.values().next();
  if (first.done === true) return undefined;
  waiters.delete(first.value);
  return first.value;
}

function busy(inUse: number, queued: number): ProviderError {
  return new ProviderError(
    "provider-busy",
    `expected a free place in the account's line, got ${inUse} sessions and ${queued} that wait`,
    { retryable: true },
  );
}
