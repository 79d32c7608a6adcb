import { expect, test } from "bun:test";
import {
  formatTranscript,
  parseTranscriptFormat,
  type TranscriptFormat,
} from "../../src/gateway/transcript-formats.ts";
import type { StoredSegment } from "../../src/relay/ports.ts";

const ORIGIN_MS = Date.parse("2026-03-01T10:00:00.000Z");

function createSegment(
  startMs: number,
  endMs: number | null,
  text: string,
  name: string | null = "Ada",
): StoredSegment {
  return {
    utteranceId: `g-1:${startMs}`,
    text,
    language: "en",
    confidence: 0.9,
    speaker: name === null ? null : { identity: "host", name },
    startedAt: new Date(ORIGIN_MS + startMs),
    endedAt: endMs === null ? null : new Date(ORIGIN_MS + endMs),
  };
}

function format(name: TranscriptFormat, ...segments: readonly StoredSegment[]): string {
  return formatTranscript(name, "standup", segments, false).body;
}

test("writes JSON with the names of the wire messages", () => {
  const { contentType, body } = formatTranscript(
    "json",
    "standup",
    [createSegment(0, 900, "hello"), createSegment(1000, null, "bye", null)],
    true,
  );
  expect(contentType).toBe("application/json; charset=utf-8");
  expect(JSON.parse(body)).toEqual({
    session: "standup",
    segments: [
      {
        utterance_id: "g-1:0",
        text: "hello",
        language: "en",
        confidence: 0.9,
        speaker: { identity: "host", name: "Ada" },
        started_at: "2026-03-01T10:00:00.000Z",
        ended_at: "2026-03-01T10:00:00.900Z",
      },
      {
        utterance_id: "g-1:1000",
        text: "bye",
        language: "en",
        confidence: 0.9,
        speaker: null,
        started_at: "2026-03-01T10:00:01.000Z",
        ended_at: null,
      },
    ],
    has_more: true,
  });
});

test("writes one line of text for each segment, timed from the first", () => {
  const body = format(
    "txt",
    createSegment(500, 900, "hello\nthere"),
    createSegment(62_499, 63_000, "a minute later", "Grace"),
    createSegment(62_500, 63_000, "said who?", null),
  );
  expect(body).toBe(
    "[00:00:00] Ada: hello there\n[00:01:01] Grace: a minute later\n[00:01:02] said who?\n",
  );
});

test("writes SRT with numbered cues and the name before the text", () => {
  const body = format(
    "srt",
    createSegment(0, 2000, "hello"),
    createSegment(3_600_000, 3_601_500, "5 --> 6", "Grace"),
  );
  expect(body).toBe(
    "1\n00:00:00,000 --> 00:00:02,000\nAda: hello\n\n" +
      "2\n01:00:00,000 --> 01:00:01,500\nGrace: 5 → 6\n",
  );
});

test("writes WebVTT with voices, and escapes what would be markup", () => {
  const body = format(
    "vtt",
    createSegment(0, 2000, "x --> y & <b>bold</b>", "Ada <Q&A>\n"),
    createSegment(2000, 3000, "nobody", null),
  );
  expect(body).toBe(
    "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n" +
      "<v Ada &lt;Q&amp;A&gt;>x --&gt; y &amp; &lt;b&gt;bold&lt;/b&gt;\n\n" +
      "00:00:02.000 --> 00:00:03.000\nnobody\n",
  );
});

test("splits a long utterance over several cues in proportion to its text", () => {
  const long = "one two three four five six seven eight nine ten ".repeat(4);
  expect(format("vtt", createSegment(0, 10_000, long, null))).toBe(
    "WEBVTT\n\n00:00:00.000 --> 00:00:04.014\n" +
      "one two three four five six seven eight\nnine ten one two three four five six seven\n\n" +
      "00:00:04.014 --> 00:00:08.028\n" +
      "eight nine ten one two three four five six\nseven eight nine ten one two three four\n\n" +
      "00:00:08.028 --> 00:00:10.000\nfive six seven eight nine ten\n",
  );
});

test("ends a cue where the next begins, and lets the next wait where that is too soon", () => {
  const body = format(
    "srt",
    createSegment(0, 5000, "first"),
    createSegment(2000, 2100, "second"),
    createSegment(2200, null, "third"),
  );
  expect(body.match(/.* --> .*/g)).toEqual([
    "00:00:00,000 --> 00:00:02,000",
    "00:00:02,000 --> 00:00:02,833",
    "00:00:02,833 --> 00:00:03,666",
  ]);
});

test("writes valid files when nothing was said", () => {
  expect(format("json")).toBe('{"session":"standup","segments":[],"has_more":false}');
  expect(format("txt")).toBe("");
  expect(format("srt", createSegment(0, 1000, " ", null))).toBe("");
  expect(format("vtt")).toBe("WEBVTT\n");
});

test("tells that the transcript goes on, where the format has a place for it", () => {
  const segments = [createSegment(0, 1000, "hello", null)];
  expect(formatTranscript("txt", "standup", segments, true).body).toEndWith("hello\n[…]\n");
  expect(formatTranscript("vtt", "standup", segments, true).body).toEndWith(
    "hello\n\nNOTE The transcript goes on.\n",
  );
});

test("knows four formats, JSON where none is named, and nothing inherited", () => {
  expect(parseTranscriptFormat(null)).toEqual({ ok: true, value: "json" });
  expect(parseTranscriptFormat("vtt")).toEqual({ ok: true, value: "vtt" });
  for (const value of ["", "VTT", "toString", "__proto__"]) {
    expect(parseTranscriptFormat(value).ok).toBe(false);
  }
});

const seed = Number(process.env.TEST_SEED ?? Date.now() % 2 ** 31);

test(`keeps cues apart, readable, narrow and complete, whatever was said (TEST_SEED=${seed})`, () => {
  const random = createRandom(seed);
  for (let round = 0; round < 300; round += 1) {
    const segments = createRandomSegments(random);
    const cues = parseSrt(format("srt", ...segments));
    let freeFromMs = 0;
    for (const cue of cues) {
      expect(cue.startMs).toBeGreaterThanOrEqual(freeFromMs);
      expect(cue.endMs - cue.startMs).toBeGreaterThanOrEqual(833);
      expect(cue.lines.length).toBeWithin(1, 3);
      for (const line of cue.lines) {
        expect(line.length).toBeWithin(1, 43);
        expect(line.isWellFormed()).toBe(true);
      }
      freeFromMs = cue.endMs;
    }
    const shown = cues.flatMap((cue) => cue.lines).join("");
    const said = segments.map(({ text }) => `Ada:${text}`).join("");
    expect(shown.replaceAll(" ", "")).toBe(said.replaceAll(/\s/g, ""));
  }
});

/** Mulberry32: small, and the same everywhere for one seed. */
function createRandom(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function createRandomSegments(random: (below: number) => number): readonly StoredSegment[] {
  const alphabet = ["a", "bc", "é", "木", "👩‍👩‍👧", "🎙️", " ", " ", " ", "\n", "&", "<"];
  let startMs = 0;
  return Array.from({ length: random(12) }, () => {
    startMs += random(3) * random(2000);
    const pick = (): string => alphabet[random(alphabet.length)] ?? "";
    const text = Array.from({ length: random(200) }, pick).join("");
    const endMs = random(4) === 0 ? null : startMs + random(8000);
    return createSegment(startMs, endMs, text);
  });
}

function parseSrt(body: string): { startMs: number; endMs: number; lines: string[] }[] {
  const toMs = (clock: string): number => Date.parse(`1970-01-01T${clock.replace(",", ".")}Z`);
  if (body === "") return [];
  return body.split("\n\n").map((block, index) => {
    const [number, times, ...lines] = block.trimEnd().split("\n");
    expect(number).toBe(String(index + 1));
    const [start, end] = (times ?? "").split(" --> ");
    return { startMs: toMs(start ?? ""), endMs: toMs(end ?? ""), lines };
  });
}
