/** What the checker of the chaos runs finds: one that finds nothing would let every run pass. */
import { expect, test } from "bun:test";
import { Metrics } from "../../../src/observe/metrics.ts";
import type { Utterance } from "../../../src/relay/ports.ts";
import { ProviderError } from "../../../src/speech/provider-error.ts";
import { anUtterance } from "../../support/actors/doubles/scripted-provider.ts";
import { INCIDENTS } from "./incidents.ts";
import { createPlan, SEEDS_OF_EVERY_KIND, type Plan } from "./plan.ts";
import type { Outcome } from "./run.ts";
import { judge } from "./verdict.ts";

/** No fault, so that one part is all that a burst may have. */
const PLAN: Plan = { ...createPlan(1), script: [], handshakesMax: 1, postsMax: 1 };
const { audio, bursts } = PLAN.speech;
const [FIRST, SECOND] = [bursts[0]!, bursts[1]!];

const FINALS: readonly Utterance[] = bursts.map(({ from, to }, index) =>
  anUtterance({ key: `session:${index}`, startSeconds: from, endSeconds: to }),
);

const FLAWLESS: Outcome = {
  utterances: FINALS,
  ends: [undefined],
  gaps: [],
  heard: [{ audio, socketOffsets: [0] }],
  handshakes: 1,
  posts: 1,
  tallies: new Metrics().tallies,
  faultsLeft: 0,
  streamsOpen: 0,
  bytesKept: 0,
  isStuck: false,
};

const aFinal = (key: string, startSeconds: number, endSeconds: number) =>
  anUtterance({ key, startSeconds, endSeconds });

const LOST = new ProviderError("provider-unreachable", "gone", { retryable: true });
const CUT = Math.floor(audio.length / 64) * 32;
const CHANGED = Uint8Array.from(audio, (byte, index) => (index === CUT ? byte ^ 1 : byte));

test("a flawless run has no problem, and neither has one that heard audio twice", () => {
  expect(judge(PLAN, FLAWLESS)).toEqual([]);
  const replayed = Buffer.concat([audio.subarray(0, CUT + 6400), audio.subarray(CUT)]);
  const heard = [{ audio: replayed, socketOffsets: [0, CUT + 6400] }];
  expect(judge(PLAN, { ...FLAWLESS, heard })).toEqual([]);
});

test("a later final takes the place of an earlier one of its key, an empty one takes it back", () => {
  const piece = aFinal("session:0", FIRST.from + 0.2, FIRST.to);
  const ghost = { ...aFinal("ghost", SECOND.from, SECOND.to), isFinal: false };
  const utterances = [piece, ghost, { ...ghost, isFinal: true, text: "" }, ...FINALS];
  expect(judge(PLAN, { ...FLAWLESS, utterances })).toEqual([]);
});

test.each<[string, Partial<Outcome>, RegExp]>([
  ["a missing final", { utterances: FINALS.slice(1) }, /no complete final: none/],
  [
    "a final of half a burst",
    { utterances: [aFinal("h", (FIRST.from + FIRST.to) / 2, FIRST.to), ...FINALS.slice(1)] },
    /no complete final: /,
  ],
  [
    "a final under two keys",
    { utterances: [...FINALS, aFinal("again", bursts.at(-1)!.from, bursts.at(-1)!.to)] },
    /said twice/,
  ],
  ["a final of silence", { utterances: [aFinal("s", 0, 0.1), ...FINALS] }, /final of silence/],
  [
    "a final that is too long",
    { utterances: [aFinal("l", FIRST.from, FIRST.to + 0.3), ...FINALS.slice(1)] },
    /final beyond it/,
  ],
  [
    "an utterance in two parts",
    {
      utterances: [
        aFinal("a", FIRST.from, FIRST.from + 0.2),
        aFinal("b", FIRST.from + 0.2, FIRST.to),
        ...FINALS.slice(1),
      ],
    },
    /has 2 finals/,
  ],
  ["finals out of order", { utterances: FINALS.toReversed() }, /times run backwards/],
  [
    "a partial after its final",
    { utterances: [...FINALS, { ...FINALS.at(-1)!, isFinal: false }] },
    /changes after its final/,
  ],
  [
    "a partial without a final",
    { utterances: [...FINALS, { ...FINALS[0]!, key: "ghost", isFinal: false }] },
    /never got its final/,
  ],
  ["audio that was changed", { heard: [{ audio: CHANGED, socketOffsets: [0] }] }, /nobody sent/],
  [
    "audio left out between sockets",
    {
      heard: [
        { audio: audio.subarray(0, CUT), socketOffsets: [0] },
        { audio: audio.subarray(CUT + 32), socketOffsets: [0] },
      ],
    },
    /were left out/,
  ],
  [
    "audio that never came",
    { heard: [{ audio: audio.subarray(0, CUT), socketOffsets: [0] }] },
    /never came/,
  ],
  ["a storm of handshakes", { handshakes: 2 }, /expected at most 1 handshakes, got 2/],
  ["a storm of requests", { posts: 2 }, /expected at most 1 requests, got 2/],
  ["a failure", { ends: [LOST] }, /ended with provider-unreachable/],
  ["two ends", { ends: [undefined, undefined] }, /expected one end, got 2/],
  ["a gap", { gaps: ["1 s to 2 s"] }, /audio was dropped/],
  ["a stream that stays", { streamsOpen: 1 }, /1 streams are left/],
  ["memory that stays", { bytesKept: 3840 }, /3840 bytes of memory are left/],
  ["a script that was not played", { faultsLeft: 1 }, /1 faults never struck/],
  ["a run without an end", { isStuck: true }, /did not end/],
])("the checker finds %s", (_name, flaw, problem) => {
  expect(judge(PLAN, { ...FLAWLESS, ...flaw }).join("\n")).toMatch(problem);
});

test("the same seed makes the same plan", () => {
  expect(createPlan(7)).toEqual(createPlan(7));
  expect(createPlan(8).story).not.toEqual(createPlan(7).story);
});

test("seeds in a row have every kind of incident, and a rollover", () => {
  const plans = Array.from({ length: SEEDS_OF_EVERY_KIND }, (_, seed) => createPlan(seed));
  const stories = plans.flatMap(({ story }) => story).join("\n");
  for (const kind of [...Object.keys(INCIDENTS), "sessions roll over"]) {
    expect(stories).toContain(kind);
  }
});
