import {
  ProviderSlots,
  type ProviderSlot,
  type SlotRequest,
} from "../../../src/speech/places/account-places.ts";
import { fakeTime } from "../probes/fake-time.ts";

/** One that wants a slot, and what it was told. */
export class Candidate {
  readonly request: SlotRequest;
  readonly positions: number[] = [];
  /** All that it was granted, the latest last. */
  readonly slots: ProviderSlot[] = [];

  constructor(slots: ProviderSlots) {
    this.request = slots.acquire({
      onGranted: (slot) => this.slots.push(slot),
      onQueued: (position) => this.positions.push(position),
    });
  }

  get slot(): ProviderSlot {
    return this.slots.at(-1)!;
  }

  cancel(): void {
    if (this.request.kind === "accepted") this.request.cancel();
  }
}

/** Slots without jitter, and a clock that the test moves. */
export function setupSlots(sessionsMax: number | undefined, random = () => 0) {
  const time = fakeTime();
  const slots = new ProviderSlots({ sessionsMax, random });
  return {
    slots,
    advance: (totalMs: number) => time.advance(totalMs),
    enter: (count: number) => Array.from({ length: count }, () => new Candidate(slots)),
    get timerCount() {
      return time.timerCount;
    },
    get figures() {
      return { inUse: slots.inUse, queued: slots.queued, limit: slots.limit };
    },
    [Symbol.dispose]() {
      slots.stop();
      time[Symbol.dispose]();
    },
  };
}

/** How often each was granted a slot. */
export const grantsOf = (candidates: readonly Candidate[]): number[] =>
  candidates.map(({ slots }) => slots.length);
