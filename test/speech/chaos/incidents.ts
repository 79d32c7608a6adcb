import type { Fault } from "../../../src/simulator/faults/fault.ts";
import type { Draw } from "./draw.ts";

/** Faults that belong together, and what they may cost: more would be a storm. */
export interface Incident {
  readonly steps: readonly Step[];
  /** Handshakes that they cause. */
  readonly handshakes: number;
  /** Requests for a session that they cause. */
  readonly posts: number;
}

export type IncidentKind = (draw: Draw) => Incident;

export interface Step {
  readonly fault: Fault;
  /** Bytes of audio after the incident's beginning. */
  readonly delayBytes: number;
}

/** Of 0.1 s; what is sent at once is a few of them. */
const CHUNK_BYTES = 3200;

/** Codes after which the session lives on, by the provider's word. */
const RESUMABLE_CODES = [1001, 1006, 1009, 1011, 1012, 3000, 4000, 4399, 4500, 4999];
/** Codes after which its clients ask for a new one. */
const PERMANENT_CODES = [4400, 4403, 4408, 4499];

/** What may befall a stream that is heard. */
export const INCIDENTS: Readonly<Record<string, IncidentKind>> = {
  // Sockets are lost, sessions go on.
  "closed with a code": (draw: Draw) => {
    const code = draw.pick(RESUMABLE_CODES);
    // No peer can send 1006: it stands for a socket that breaks.
    return resumption([code === 1006 ? { kind: "terminate" } : { kind: "close", code }]);
  },
  "broken without a code": () => resumption([{ kind: "terminate" }]),
  "half-open, then broken": (draw: Draw) =>
    resumption([{ kind: "freeze", dropMs: draw.whole(10, 150) }]),
  "half-open for good": () => resumption([{ kind: "freeze", dropMs: Infinity }]),
  "acknowledgments lost with their socket": (draw: Draw): Incident => ({
    steps: [
      { delayBytes: 0, fault: { kind: "lose-acknowledgments", count: Infinity } },
      { delayBytes: draw.whole(1, 30) * CHUNK_BYTES, fault: { kind: "terminate" } },
    ],
    handshakes: 1,
    posts: 0,
  }),
  // Where the last ones are lost, a stream that stops cannot tell it from a session that has ended
  // early, and asks for another.
  "acknowledgments lost for good": () =>
    replacement([{ kind: "lose-acknowledgments", count: Infinity }]),
  "some acknowledgments lost": (draw: Draw) =>
    replacement([{ kind: "lose-acknowledgments", count: draw.whole(1, 10) }]),
  "acknowledgments late, then broken": (draw: Draw): Incident => ({
    steps: [
      { delayBytes: 0, fault: { kind: "delay-acknowledgments", delayMs: draw.whole(10, 100) } },
      { delayBytes: draw.whole(1, 30) * CHUNK_BYTES, fault: { kind: "terminate" } },
    ],
    handshakes: 1,
    posts: 0,
  }),
  "handshakes refused": (draw: Draw) => {
    const [count, status] = [draw.whole(1, 2), draw.pick([403, 500, 503])];
    return resumption([{ kind: "refuse-handshakes", count, status }, { kind: "terminate" }], count);
  },
  "closed right after opening": (draw: Draw) => {
    const [count, code] = [draw.whole(1, 3), draw.pick([1001, 1011, 4500])];
    return resumption([{ kind: "close-after-open", count, code }, { kind: "terminate" }], count);
  },

  // Sockets stay.
  "acknowledgments late": (draw: Draw) =>
    nuisance({ kind: "delay-acknowledgments", delayMs: draw.whole(10, 100) }),
  "nothing said for a while": (draw: Draw) =>
    nuisance({ kind: "stall", holdMs: draw.whole(20, 150) }),
  "partials after their final": () => nuisance({ kind: "reorder-partials" }),
  "a frame that is not JSON": () => nuisance({ kind: "say", what: "malformed" }),
  "a message of an unknown type": () => nuisance({ kind: "say", what: "unknown" }),
  "a message of two million characters": () => nuisance({ kind: "say", what: "huge" }),

  // Sessions are lost, and another one is asked for.
  "ended with trailing finals": (draw: Draw) =>
    replacement([{ kind: "end", code: draw.pick([1000, 4408]) }]),
  "ended unseen, told by 1000": () => replacement([{ kind: "close", code: 1000 }]),
  "ended unseen, told by 4403": () => replacement([{ kind: "vanish" }]),
  "told to go away": (draw: Draw) =>
    replacement([{ kind: "close", code: draw.pick(PERMANENT_CODES) }]),
  "a dead URL": (draw: Draw) => {
    const [count, status] = [draw.whole(3, 4), draw.pick([403, 500, 503])];
    const faults: Fault[] = [{ kind: "refuse-handshakes", count, status }, { kind: "vanish" }];
    return { ...replacement(faults), handshakes: count + 2 };
  },
  "ended, then a slow answer": (draw: Draw) =>
    replacement([
      { kind: "hang-posts", count: 1, holdMs: draw.whole(10, 200) },
      { kind: "vanish" },
    ]),
  "ended, then a refused request": (draw: Draw) => ({
    ...replacement([refusedPost(draw), { kind: "end", code: 1000 }]),
    posts: 2,
  }),
};

/** What may meet a stream before it is heard for the first time. */
export const OPENINGS: Readonly<Record<string, IncidentKind>> = {
  "a refused handshake": (draw: Draw) => {
    const [count, status] = [draw.whole(1, 2), draw.pick([403, 500, 503])];
    return resumption([{ kind: "refuse-handshakes", count, status }], count - 1);
  },
  "a socket closed after opening": () =>
    resumption([{ kind: "close-after-open", count: 1, code: 1011 }]),
  "a refused request": (draw: Draw) => ({ ...nuisance(refusedPost(draw)), posts: 1 }),
  "a slow answer": (draw: Draw) =>
    nuisance({ kind: "hang-posts", count: 1, holdMs: draw.whole(10, 300) }),
};

function resumption(faults: readonly Fault[], failures = 0): Incident {
  return { steps: faults.map(atOnce), handshakes: failures + 1, posts: 0 };
}

function nuisance(fault: Fault): Incident {
  return { steps: [atOnce(fault)], handshakes: 0, posts: 0 };
}

function replacement(faults: readonly Fault[]): Incident {
  // One more on the old URL, which tells that it is over.
  return { steps: faults.map(atOnce), handshakes: 2, posts: 1 };
}

function refusedPost(draw: Draw): Fault {
  const status = draw.pick([429, 500, 502, 503]);
  // Without its advice a busy provider is not asked again for a minute.
  const advice = status === 429 ? { retryAfterSeconds: 1 } : {};
  return { kind: "refuse-posts", count: 1, status, ...advice };
}

function atOnce(fault: Fault): Step {
  return { delayBytes: 0, fault };
}
