import {
  AccountPlaces,
  type AccountPlace,
  type PlaceRequest,
} from "../../../src/speech/places/account-places.ts";
import { fakeTime } from "../probes/fake-time.ts";

/** One that wants a place, and what it was told. */
export class Candidate {
  readonly request: PlaceRequest;
  readonly positions: number[] = [];
  /** All that it was granted, the latest last. */
  readonly places: AccountPlace[] = [];

  constructor(places: AccountPlaces) {
    this.request = places.acquire({
      onGranted: (place) => this.places.push(place),
      onQueued: (position) => this.positions.push(position),
    });
  }

  get place(): AccountPlace {
    return this.places.at(-1)!;
  }

  cancel(): void {
    if (this.request.kind === "accepted") this.request.cancel();
  }
}

/** Places without jitter, and a clock that the test moves. */
export function setupPlaces(placesMax: number | undefined, random = () => 0) {
  const time = fakeTime();
  const places = new AccountPlaces({ placesMax, random });
  return {
    places,
    advance: (totalMs: number) => time.advance(totalMs),
    enter: (count: number) => Array.from({ length: count }, () => new Candidate(places)),
    get timerCount() {
      return time.timerCount;
    },
    get figures() {
      return { inUse: places.inUse, queued: places.queued, limit: places.limit };
    },
    [Symbol.dispose]() {
      places.stop();
      time[Symbol.dispose]();
    },
  };
}

/** How often each was granted a place. */
export const grantsOf = (candidates: readonly Candidate[]): number[] =>
  candidates.map(({ places }) => places.length);
