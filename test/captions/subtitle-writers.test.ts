/** Random transcripts of every kind of text: what is written is valid, readable and complete. */
import { expect, test } from "bun:test";
import { NARROW_UNITS, unitsOf } from "../../src/captions/caption-lines.ts";
import type { StoredSegment } from "../../src/relay/stored-transcript.ts";
import { seededRandom, type SeededRandom } from "../support/probes/seeded-random.ts";
import { parseSubRip } from "../support/probes/subrip.ts";
import { parseWebVtt } from "../support/probes/webvtt.ts";
import { createSegment, writeTranscript } from "../support/probes/written-transcript.ts";

const ROUNDS = 200;

const WORDS = {
  spaced: ["a", "bc", "good", "morning,", "internationalisation", "42", "1", "é", "naïve"],
  eastern: [
    "木",
    "新しい検索ページを。",
    "「はい」",
    "你好，世界！",
    "한국어 자막",
    "สวัสดีครับ",
    "ｶﾅ",
  ],
  joined: ["👩‍👩‍👧", "🎙️", "🇫🇷", "हिन्दी", "e\u0301\u0302", "\u200b"],
  leftward: ["שלום", "العربية،", "\u202eabc"],
  markup: ["&", "<", ">", "-->", "--", "<b>", "</v>", "&amp;", "{\\an8}", "NOTE", "WEBVTT"],
  blank: ["\n", "\r\n", "\n\n", "\0", "\u0007", "\u0085", "\u2028", "\t", "\ufeff", "\u00a0"],
  long: ["x".repeat(90), "木".repeat(40)],
};

const NAMES = [
  "Ada",
  "Grace <h>",
  "A & B",
  "二葉亭",
  "a\nb",
  " ",
  "-->",
  "",
  null,
  "x".repeat(256),
];

function createTranscript(random: SeededRandom): readonly StoredSegment[] {
  let startMs = 0;
  return Array.from({ length: random.whole(0, 15) }, () => {
    startMs += random.pick([0, 0, 1, random.whole(0, 900), random.whole(0, 20_000), 400_000_000]);
    const gap = random.pick(["", " ", " "]);
    const pick = () => random.pick(random.pick(Object.values(WORDS)));
    const wordCount = random.pick([0, 1, random.whole(0, 8), random.whole(0, 60)]);
    const text = Array.from({ length: wordCount }, pick).join(gap);
    const endMs = random.pick([null, startMs, startMs - 500, startMs + random.whole(0, 70_000)]);
    return createSegment(startMs, endMs, text, random.pick(NAMES));
  });
}

function checkTimes(cues: readonly { readonly startMs: number; readonly endMs: number }[]): void {
  let freeFromMs = 0;
  for (const { startMs, endMs } of cues) {
    expect(startMs).toBeGreaterThanOrEqual(freeFromMs);
    expect(endMs - startMs).toBeWithin(833, 7001);
    freeFromMs = endMs;
  }
}

function checkLines(lines: readonly string[]): void {
  expect(lines.length).toBeWithin(1, 3);
  for (const line of lines) {
    expect(line).toBe(line.trim());
    expect(unitsOf(line)).toBeWithin(1, 42 * NARROW_UNITS + 1);
    expect(line.isWellFormed()).toBe(true);
    expect(line).not.toMatch(/\p{Cc}/u);
  }
}

/** What is to be read of a text: lines may be broken anywhere. */
const lettersOf = (text: string) => text.replaceAll(/[\s\p{Cc}]+/gu, "");

test("writes WebVTT as its authors must, apart, readable, narrow and complete", () => {
  const random = seededRandom("WebVTT of random transcripts");
  for (let round = 0; round < ROUNDS; round += 1) {
    const segments = createTranscript(random);
    const hasMore = random.next() < 0.2;
    const { cues, notes } = parseWebVtt(writeTranscript("vtt", segments, { ending: { hasMore } }));
    expect(notes).toEqual(hasMore ? ["The transcript goes on."] : []);
    checkTimes(cues);
    for (const { lines } of cues) checkLines(lines);
    const said = segments.filter(({ text }) => lettersOf(text) !== "");
    expect(lettersOf(cues.flatMap(({ lines }) => lines).join(""))).toBe(
      lettersOf(said.map(({ text }) => text).join("")),
    );
    const voices = new Set(cues.map(({ voice }) => voice ?? ""));
    const speakers = said.map(({ speaker }) =>
      (speaker?.name ?? "").replaceAll(/[\s\p{Cc}]+/gu, " ").trim(),
    );
    expect(voices).toEqual(new Set(speakers));
  }
});

test("writes SRT that simple players read, apart, readable, narrow and complete", () => {
  const random = seededRandom("SRT of random transcripts");
  const similar = (text: string) =>
    lettersOf(text)
      .replaceAll(/--+>|→/g, "→")
      .replaceAll(/[<‹]/g, "‹")
      .replaceAll(/[{(]\\/g, "(\\");
  for (let round = 0; round < ROUNDS; round += 1) {
    const segments = createTranscript(random);
    const cues = parseSubRip(writeTranscript("srt", segments));
    checkTimes(cues);
    for (const { lines } of cues) checkLines(lines);
    const said = segments.map(({ speaker, text }) => {
      const name = lettersOf(speaker?.name ?? "");
      return lettersOf(text) === "" || name === "" ? text : `${name}:${text}`;
    });
    const shown = cues.flatMap(({ lines }) => lines).join("");
    expect(similar(shown).replaceAll(/-*→/g, "→")).toBe(
      similar(said.join("")).replaceAll(/-*→/g, "→"),
    );
  }
});

test("writes one line of text for each segment, and JSON that says the same as was stored", () => {
  const random = seededRandom("text and JSON of random transcripts");
  for (let round = 0; round < ROUNDS; round += 1) {
    const segments = createTranscript(random);
    const lines = writeTranscript("txt", segments).split("\n").slice(0, -1);
    expect(lines).toHaveLength(segments.filter(({ text }) => lettersOf(text) !== "").length);
    for (const line of lines) expect(line).toMatch(/^\[\d{2,}:[0-5]\d:[0-5]\d\] \S/);
    const json = JSON.parse(writeTranscript("json", segments)) as { segments: { text: string }[] };
    expect(json.segments.map(({ text }) => text)).toEqual(segments.map(({ text }) => text));
  }
});

test("takes a segment of 10 000 characters, of whatever script", () => {
  for (const text of [
    "word ".repeat(2000),
    "x".repeat(10_000),
    "新しい検索ページ。".repeat(1111),
  ]) {
    for (const endMs of [null, 0, 60_000]) {
      const { cues } = parseWebVtt(writeTranscript("vtt", [createSegment(0, endMs, text)]));
      checkTimes(cues);
      for (const { lines } of cues) checkLines(lines);
      expect(lettersOf(cues.flatMap(({ lines }) => lines).join(""))).toBe(lettersOf(text));
    }
  }
});
