import { describe, expect, test } from "bun:test";
import {
  transition,
  type SessionAction,
  type SessionEvent,
  type SessionState,
  type Transition,
} from "../../../src/relay/session/session-state.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";

/** Written out a second time on purpose: a change of the machine is a change here. */
const EXPECTED: Readonly<Record<SessionState, Readonly<Record<SessionEvent, Transition>>>> = {
  opening: {
    "stream-ready": { next: "live", actions: ["tell-ready"] },
    "stream-ended": { next: "settling", actions: ["await-finals"] },
    "finals-kept": { next: "opening", actions: [] },
    "stop-requested": { next: "finishing", actions: ["finish-stream"] },
    "deadline-passed": { next: "ended", actions: ["abort-stream", "end"] },
    aborted: { next: "ended", actions: ["abort-stream", "end"] },
  },
  live: {
    "stream-ready": { next: "live", actions: [] },
    "stream-ended": { next: "settling", actions: ["await-finals"] },
    "finals-kept": { next: "live", actions: [] },
    "stop-requested": { next: "finishing", actions: ["finish-stream"] },
    "deadline-passed": { next: "live", actions: [] },
    aborted: { next: "ended", actions: ["abort-stream", "end"] },
  },
  finishing: {
    "stream-ready": { next: "finishing", actions: ["tell-ready"] },
    "stream-ended": { next: "settling", actions: ["await-finals"] },
    "finals-kept": { next: "finishing", actions: [] },
    "stop-requested": { next: "finishing", actions: [] },
    "deadline-passed": { next: "ended", actions: ["abort-stream", "end"] },
    aborted: { next: "ended", actions: ["abort-stream", "end"] },
  },
  settling: {
    "stream-ready": { next: "settling", actions: [] },
    "stream-ended": { next: "settling", actions: [] },
    "finals-kept": { next: "ended", actions: ["close-record", "end"] },
    "stop-requested": { next: "settling", actions: [] },
    "deadline-passed": { next: "ended", actions: ["end"] },
    aborted: { next: "ended", actions: ["end"] },
  },
  ended: {
    "stream-ready": { next: "ended", actions: [] },
    "stream-ended": { next: "ended", actions: [] },
    "finals-kept": { next: "ended", actions: [] },
    "stop-requested": { next: "ended", actions: [] },
    "deadline-passed": { next: "ended", actions: [] },
    aborted: { next: "ended", actions: [] },
  },
};

const STATES = Object.keys(EXPECTED) as SessionState[];
const EVENTS = Object.keys(EXPECTED.opening) as SessionEvent[];

describe.each(STATES)("a session that is %s", (state) => {
  test.each(EVENTS)("answers %s as the table says", (event) => {
    expect(transition(state, event)).toEqual(EXPECTED[state][event]);
  });
});

/** Walks until the end and some events beyond it. */
function walk(random: ReturnType<typeof seededRandom>): SessionAction[] {
  const actions: SessionAction[] = [];
  let state: SessionState = "opening";
  for (let beyond = 0; beyond < 5; beyond += state === "ended" ? 1 : 0) {
    const step: Transition = transition(state, random.pick(EVENTS));
    actions.push(...step.actions);
    state = step.next;
  }
  return actions;
}

test("ends exactly once, and does nothing after it, whatever happens", () => {
  const random = seededRandom("session-state");
  for (let run = 0; run < 2000; run += 1) {
    const actions = walk(random);
    expect(actions.filter((action) => action === "end")).toEqual(["end"]);
    expect(actions.at(-1)).toBe("end");
    for (const once of ["finish-stream", "abort-stream", "await-finals", "close-record"] as const) {
      expect(actions.filter((action) => action === once).length).toBeLessThanOrEqual(1);
    }
  }
});
