import { describe, expect, test } from "bun:test";
import {
  nextState,
  type StreamEvent,
  type StreamState,
} from "../../../src/speech/stream/stream-state.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";

/** Written out a second time on purpose: a change of the machine is a change here. */
const EXPECTED: Readonly<Record<StreamState, Readonly<Record<StreamEvent, StreamState>>>> = {
  opening: {
    opened: "live",
    "all-sent": "opening",
    lost: "opening",
    expired: "opening",
    finished: "recovering",
    recovered: "opening",
    "given-up": "ended",
  },
  live: {
    opened: "live",
    "all-sent": "stopping",
    lost: "resuming",
    expired: "replacing",
    finished: "recovering",
    recovered: "live",
    "given-up": "ended",
  },
  resuming: {
    opened: "live",
    "all-sent": "resuming",
    lost: "resuming",
    expired: "replacing",
    finished: "recovering",
    recovered: "resuming",
    "given-up": "ended",
  },
  replacing: {
    opened: "live",
    "all-sent": "replacing",
    lost: "replacing",
    expired: "replacing",
    finished: "recovering",
    recovered: "replacing",
    "given-up": "ended",
  },
  stopping: {
    opened: "stopping",
    "all-sent": "stopping",
    lost: "resuming",
    expired: "replacing",
    finished: "recovering",
    recovered: "stopping",
    "given-up": "ended",
  },
  recovering: {
    opened: "recovering",
    "all-sent": "recovering",
    lost: "recovering",
    expired: "recovering",
    finished: "recovering",
    recovered: "ended",
    "given-up": "ended",
  },
  ended: {
    opened: "ended",
    "all-sent": "ended",
    lost: "ended",
    expired: "ended",
    finished: "ended",
    recovered: "ended",
    "given-up": "ended",
  },
};

const STATES = Object.keys(EXPECTED) as StreamState[];
const EVENTS = Object.keys(EXPECTED.opening) as StreamEvent[];

describe.each(STATES)("a stream that is %s", (state) => {
  test.each(EVENTS)("answers %s as the table says", (event) => {
    expect(nextState(state, event)).toBe(EXPECTED[state][event]);
  });
});

/** Every state that the stream passes through, the first one included. */
function walk(events: readonly StreamEvent[]): StreamState[] {
  const states: StreamState[] = ["opening"];
  for (const event of events) states.push(nextState(states.at(-1)!, event));
  return states;
}

test("[R11] takes no way that the table does not know, whatever happens", () => {
  const random = seededRandom("stream-state");
  for (let run = 0; run < 2000; run += 1) {
    const events = Array.from({ length: 40 }, () => random.pick(EVENTS));
    const states = walk(events);
    const [recoversAt, endsAt] = [states.indexOf("recovering"), states.indexOf("ended")];
    // Once the provider is done nothing is sent to it any more, and an end is for ever.
    if (recoversAt !== -1) {
      const later = new Set(states.slice(recoversAt));
      expect(later.isSubsetOf(new Set(["recovering", "ended"]))).toBe(true);
    }
    if (endsAt !== -1) expect(new Set(states.slice(endsAt))).toEqual(new Set(["ended"]));
    // A stop is asked for by a socket that is open, and by no other.
    states.forEach((state, index) => {
      if (state === "stopping") expect(states[index - 1]).toBeOneOf(["live", "stopping"]);
    });
  }
});

test("[R11] [R15] a stream that loses its provider while it stops asks it to stop once more", () => {
  expect(walk(["opened", "all-sent", "lost", "opened", "all-sent", "finished"])).toEqual([
    "opening",
    "live",
    "stopping",
    "resuming",
    "live",
    "stopping",
    "recovering",
  ]);
});
