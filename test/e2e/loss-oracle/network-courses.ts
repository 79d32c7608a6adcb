/** What befalls a client's connections, one after the other; the same seed makes the same courses. */
import { drawFrom, type Draw } from "../../speech/chaos/draw.ts";
import {
  CALM,
  type Course,
  type Direction,
  type NetworkFault,
} from "../../support/actors/networks/hostile-network.ts";

export interface Weather {
  /** Connections of a client that end in a fault; the ones after them are let be. */
  readonly faults: number;
  /** From a fault until the network is there again. */
  readonly awayMs: number;
}

/** Longer than a client waits to hear something; it comes back while the gateway believes in its old connection. */
const STALL_MS = { least: 2000, most: 4000 };

const FAULTS: readonly ((draw: Draw) => NetworkFault)[] = [
  () => ({ kind: "reset" }),
  () => ({ kind: "truncate" }),
  (draw) => stall(draw, ["up"]),
  () => ({ kind: "finish" }),
  (draw) => stall(draw, ["down"]),
  (draw) => stall(draw, ["up", "down"]),
];

/** The gateway learns of them at once: the client's grace begins when its network goes. */
const OPEN_FAULTS: typeof FAULTS = [
  () => ({ kind: "reset" }),
  () => ({ kind: "truncate" }),
  () => ({ kind: "finish" }),
];

/**
 * Where a fault strikes. Upwards: one to five seconds of audio. Downwards: somewhere in the answer to the upgrade and the
 * first messages, or after seconds of captions.
 */
const PLACES: readonly ((draw: Draw) => Course["strikesAfter"])[] = [
  (draw) => ({ direction: "up", bytes: draw.whole(32_000, 160_000) }),
  (draw) => ({ direction: "down", bytes: draw.whole(1, 900) }),
  (draw) => ({ direction: "up", bytes: draw.whole(32_000, 160_000) }),
  (draw) => ({ direction: "down", bytes: draw.whole(1500, 8000) }),
];

/** How bytes go until then. */
const WAYS: readonly ((draw: Draw) => Partial<Course>)[] = [
  () => ({}),
  (draw) => ({ delayMs: { up: draw.whole(0, 80), down: draw.whole(0, 80) } }),
  // Two thirds of the pieces end inside a frame's header or its audio.
  (draw) => ({ pieceBytes: draw.pick([1021, 1399, 1447]) }),
  // A drip: about as fast as speech comes, so that now and then it falls behind.
  (draw) => ({ pieceBytes: draw.whole(500, 900), pieceMs: 7 }),
];

/** Every client begins at another place in the tables, so that a few of them meet with everything. */
export function drawCourses(seed: number, { faults, awayMs }: Weather): (index: number) => Course {
  const draw = drawFrom(seed);
  const kinds = awayMs > 0 ? OPEN_FAULTS : FAULTS;
  const courses = Array.from({ length: faults }, (_, index): Course => ({
    ...CALM,
    ...choose(WAYS, seed + Math.floor(index / 2))(draw),
    fault: choose(kinds, seed + index)(draw),
    strikesAfter: choose(PLACES, Math.floor(seed / 2) + index)(draw),
    awayMs,
  }));
  return (index) => courses[index] ?? CALM;
}

function stall(draw: Draw, directions: readonly Direction[]): NetworkFault {
  return { kind: "stall", directions, forMs: draw.whole(STALL_MS.least, STALL_MS.most) };
}

function choose<Value>(table: readonly Value[], index: number): Value {
  return table[index % table.length]!;
}
