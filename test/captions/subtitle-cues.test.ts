import { expect, test } from "bun:test";
import { CueTrack, type Cue } from "../../src/captions/subtitle-cues.ts";
import { toAttributedText } from "../../src/captions/transcript-writer.ts";
import type { StoredSegment } from "../../src/relay/stored-transcript.ts";
import { createSegment, ORIGIN } from "../support/probes/written-transcript.ts";

function cuesOf(...segments: readonly StoredSegment[]): readonly Cue[] {
  const track = new CueTrack(ORIGIN, toAttributedText);
  return [...segments.flatMap((segment) => track.add(segment)), ...track.end()];
}

const timesOf = (cues: readonly Cue[]) => cues.map(({ startMs, endMs }) => [startMs, endMs]);

test("splits a long utterance over several cues in proportion to its text", () => {
  const long = "one two three four five six seven eight nine ten ".repeat(4);
  expect(cuesOf(createSegment(0, 10_000, long, null))).toEqual([
    {
      startMs: 0,
      endMs: 4014,
      speaker: undefined,
      lines: [
        "one two three four five six seven eight",
        "nine ten one two three four five six seven",
      ],
    },
    {
      startMs: 4014,
      endMs: 8028,
      speaker: undefined,
      lines: [
        "eight nine ten one two three four five six",
        "seven eight nine ten one two three four",
      ],
    },
    { startMs: 8028, endMs: 10_000, speaker: undefined, lines: ["five six seven eight nine ten"] },
  ]);
});

test("ends a cue where the next begins, and lets the next wait where that is too soon", () => {
  const cues = cuesOf(
    createSegment(0, 5000, "first"),
    createSegment(2000, 2100, "second"),
    createSegment(2200, null, "third"),
  );
  expect(timesOf(cues)).toEqual([
    [0, 2000],
    [2000, 2833],
    [2833, 3666],
  ]);
});

test("shows no cue longer than seven seconds", () => {
  expect(timesOf(cuesOf(createSegment(0, 60_000, "hm", null)))).toEqual([[0, 7000]]);
});

test("an utterance whose end is not known lasts as long as its text takes to be said", () => {
  const latin = createSegment(0, null, "x".repeat(40), null);
  expect(timesOf(cuesOf(latin))).toEqual([[0, 40 * 70]]);
  // One of these is as wide, and takes as long, as 42/16 Latin letters.
  const eastern = createSegment(0, null, "木".repeat(16), null);
  expect(timesOf(cuesOf(eastern))).toEqual([[0, 42 * 70]]);
});

test("gives a final's cues out when the next one has come, and the last one's at the end", () => {
  const track = new CueTrack(ORIGIN, toAttributedText);
  expect(track.add(createSegment(0, 1000, "first"))).toEqual([]);
  expect(track.add(createSegment(500, 900, " "))).toEqual([]);
  expect(timesOf(track.add(createSegment(2000, 3000, "second")))).toEqual([[0, 1000]]);
  expect(timesOf(track.end())).toEqual([[2000, 3000]]);
  expect(track.end()).toEqual([]);
});
