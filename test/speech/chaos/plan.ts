import type { Fault, ScriptedFault } from "../../../src/simulator/faults/fault.ts";
import type { SimulatorOptions } from "../../../src/simulator/simulator.ts";
import { GLADIA_STREAM_LIMITS } from "../../../src/speech/gladia/gladia-limits.ts";
import type { ProviderStreamLimits } from "../../../src/speech/stream-limits.ts";
import { drawFrom, type Draw } from "./draw.ts";
import { INCIDENTS, OPENINGS, type Incident } from "./incidents.ts";
import { BYTES_PER_SECOND, createSpeech, type Speech } from "./speech.ts";

/** One run, all of it: the same seed makes the same plan. */
export interface Plan {
  /** What happens, in words, for whoever reads a failure. */
  readonly story: readonly string[];
  readonly speech: Speech;
  readonly frameBytes: number;
  /** Ordered before the stream is opened. */
  readonly opening: readonly Fault[];
  readonly script: readonly ScriptedFault[];
  readonly simulator: SimulatorOptions;
  readonly limits: ProviderStreamLimits;
  /** More would be a storm. */
  readonly handshakesMax: number;
  readonly postsMax: number;
}

interface NamedIncident extends Incident {
  readonly name: string;
}

const KINDS = Object.keys(INCIDENTS);
/** Seeds in a row that have every kind of incident, and one run with rollovers. */
export const SEEDS_OF_EVERY_KIND = KINDS.length + 1;

/**
 * A stream asks three times at once, then every 20 s, which no test waits for: the first session
 * takes one of the three.
 */
const REQUESTS_MAX = 2;
/** Waits double with each failure in a row; so many are over within a few seconds. */
const HANDSHAKES_MAX = 6;

/**
 * Sessions of this age are replaced in the runs that roll over; each such run has no other loss of
 * a session.
 */
const ROLLOVER_MS = 300;

/** A provider that is slow because the machine is must not count as one that does not answer. */
const LIMITS: ProviderStreamLimits = {
  ...GLADIA_STREAM_LIMITS,
  readyMs: 60_000,
  openMs: 60_000,
  stalledMs: 60_000,
  // Audio is spoken twenty times too fast.
  stableMs: 100,
  recoverMs: 30_000,
};

export function createPlan(seed: number): Plan {
  const draw = drawFrom(seed);
  const speech = createSpeech(draw, draw.whole(4, 8));
  const kind = KINDS[seed % SEEDS_OF_EVERY_KIND];
  const rollovers = kind === undefined ? REQUESTS_MAX : 0;
  const openings = draw.chance(0.25)
    ? [create(OPENINGS, draw.pick(Object.keys(OPENINGS)), draw)]
    : [];
  const requestsMax = REQUESTS_MAX - rollovers - sumOf(openings, "posts");
  const incidents = drawIncidents(draw, kind ?? draw.pick(KINDS), requestsMax);
  const scripts = incidents.map((incident) => place(incident, speech.audio.length, draw));
  const costs = [...openings, ...incidents];
  return {
    story: [
      ...(rollovers === 0 ? [] : ["sessions roll over"]),
      ...openings.map((incident) => `at first: ${tell(incident)}`),
      ...incidents.map((incident, index) => `${scripts[index]![0]!.afterBytes}: ${tell(incident)}`),
    ],
    speech,
    frameBytes: draw.pick([640, 3200, 3200, 9600]),
    opening: openings.flatMap(({ steps }) => steps.map(({ fault }) => fault)),
    script: scripts.flat(),
    simulator: {
      finalDelayMs: draw.pick([0, 20, 80]),
      postDelayMs: draw.pick([0, 20]),
      openDelayMs: draw.pick([0, 20]),
      rangeEnd: draw.chance(0.25) ? "inclusive" : "exclusive",
      recordAudio: true,
    },
    limits: {
      ...LIMITS,
      ...(incidents.some(staysHalfOpen) && { stalledMs: GLADIA_STREAM_LIMITS.stalledMs }),
      ...(rollovers > 0 && { rolloverMs: ROLLOVER_MS, rolloverLatestMs: 3 * ROLLOVER_MS }),
    },
    handshakesMax: 1 + rollovers + sumOf(costs, "handshakes"),
    postsMax: 1 + rollovers + sumOf(costs, "posts"),
  };
}

/** Up to four, the first of the given kind; what would cost too much in all is left out. */
function drawIncidents(draw: Draw, firstKind: string, requestsMax: number): NamedIncident[] {
  const drawn: NamedIncident[] = [];
  let [requestsLeft, handshakesLeft] = [requestsMax, HANDSHAKES_MAX];
  for (let count = draw.whole(1, 4); count > 0; count -= 1) {
    const incident = create(INCIDENTS, drawn.length === 0 ? firstKind : draw.pick(KINDS), draw);
    if (incident.posts > requestsLeft || incident.handshakes > handshakesLeft) continue;
    // Two of them in one place would make a URL count as dead that is not, and nobody ends its
    // session.
    if (refusesHandshakes(incident) && drawn.some(refusesHandshakes)) continue;
    requestsLeft -= incident.posts;
    handshakesLeft -= incident.handshakes;
    drawn.push(incident);
  }
  return drawn;
}

function sumOf(incidents: readonly Incident[], cost: "handshakes" | "posts"): number {
  return incidents.reduce((sum, incident) => sum + incident[cost], 0);
}

function refusesHandshakes({ steps }: Incident): boolean {
  return steps.some(({ fault }) => fault.kind === "refuse-handshakes");
}

/** Nobody notices it but by the clock. */
function staysHalfOpen({ steps }: Incident): boolean {
  return steps.some(({ fault }) => fault.kind === "freeze" && fault.dropMs === Infinity);
}

function create(table: typeof INCIDENTS, name: string, draw: Draw): NamedIncident {
  return { name, ...table[name]!(draw) };
}

/**
 * Somewhere in the audio, and now and then at its end, where only the trailing final is still due.
 */
function place({ steps }: Incident, audioBytes: number, draw: Draw): ScriptedFault[] {
  // By the provider's word, 1000 after all audio is the answer to the stop, and what was not said
  // will not be.
  const isAnswer = steps.some(({ fault }) => fault.kind === "close" && fault.code === 1000);
  const atBytes =
    draw.chance(0.1) && !isAnswer
      ? audioBytes
      : draw.whole(Math.floor(audioBytes / 32), audioBytes - BYTES_PER_SECOND);
  return steps.map(({ delayBytes, fault }) => ({
    afterBytes: Math.min(atBytes + delayBytes, audioBytes),
    fault,
  }));
}

function tell({ name, steps }: NamedIncident): string {
  return `${name} ${JSON.stringify(steps)}`;
}
