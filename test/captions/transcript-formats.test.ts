import { expect, test } from "bun:test";
import {
  parseTranscriptFormat,
  type TranscriptFormat,
} from "../../src/captions/transcript-formats.ts";
import type { StoredSegment } from "../../src/relay/stored-transcript.ts";
import { createSegment, ORIGIN, writeTranscript } from "../support/probes/written-transcript.ts";

function format(name: TranscriptFormat, ...segments: readonly StoredSegment[]): string {
  return writeTranscript(name, segments);
}

test("writes JSON with the names of the wire messages, a line for each segment", () => {
  const segments = [createSegment(0, 900, "hello"), createSegment(1000, null, "bye", null)];
  const body = writeTranscript("json", segments, { ending: { hasMore: true, next: "abc" } });
  expect(body.trimEnd().split("\n")).toHaveLength(2);
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
    next: "abc",
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

test("writes valid files when nothing was said", () => {
  expect(format("json")).toBe('{"session":"standup","segments":[],"has_more":false}\n');
  expect(format("txt")).toBe("");
  expect(format("srt", createSegment(0, 1000, " ", null))).toBe("");
  expect(format("vtt")).toBe("WEBVTT\n");
});

test("tells that the transcript goes on, where the format has a place for it", () => {
  const segments = [createSegment(0, 1000, "hello", null)];
  const ending = { hasMore: true };
  expect(writeTranscript("txt", segments, { ending })).toEndWith("hello\n[…]\n");
  expect(writeTranscript("vtt", segments, { ending })).toEndWith(
    "hello\n\nNOTE The transcript goes on.\n",
  );
  expect(writeTranscript("srt", segments, { ending })).toEndWith("hello\n");
  expect(writeTranscript("vtt", [], { ending })).toBe("WEBVTT\n\nNOTE The transcript goes on.\n");
});

test("counts times from where it is told, so that translations keep to what they translate", () => {
  const segments = [createSegment(5000, 6000, "bonjour", null)];
  const options = { beganAt: ORIGIN };
  expect(writeTranscript("txt", segments, options)).toBe("[00:00:05] bonjour\n");
  expect(writeTranscript("srt", segments, options)).toContain("\n00:00:05,000 --> 00:00:06,000\n");
  // A final that was stored since the beginning was looked up may begin before it.
  const early = { beganAt: new Date(ORIGIN.getTime() + 9000) };
  expect(writeTranscript("txt", segments, early)).toBe("[00:00:00] bonjour\n");
  expect(writeTranscript("vtt", segments, early)).toContain("\n00:00:00.000 --> 00:00:01.000\n");
});

test("counts hours beyond 99", () => {
  const hour = 3_600_000;
  const segments = [createSegment(0, 1000, "hello"), createSegment(1234 * hour, null, "bye", null)];
  expect(format("txt", ...segments)).toEndWith("[1234:00:00] bye\n");
  expect(format("vtt", ...segments)).toEndWith("\n1234:00:00.000 --> 1234:00:00.833\nbye\n");
});

test("takes the next final that is shown for the end of one, not a blank one", () => {
  const segments = [
    createSegment(0, 5000, "first", null),
    createSegment(1000, 2000, " \n", null),
    createSegment(4000, 5000, "second", null),
  ];
  expect(format("srt", ...segments)).toStartWith("1\n00:00:00,000 --> 00:00:04,000\nfirst\n");
  expect(format("txt", ...segments)).toBe("[00:00:00] first\n[00:00:04] second\n");
});

test("leaves a blank name out", () => {
  const segment = createSegment(0, 1000, "hello", " \n");
  expect(format("txt", segment)).toBe("[00:00:00] hello\n");
  expect(format("vtt", segment)).toEndWith("01.000\nhello\n");
});

test("draws what SRT players take for tags and overrides as something similar", () => {
  const text = "a < b <i>so</i> {\\an8} ----> <3 <!--";
  expect(format("srt", createSegment(0, 1000, text, "Ada <Q&A>"))).toEndWith(
    "\nAda ‹Q&A>: a < b ‹i>so‹/i> (\\an8} --→ <3\n‹!--\n",
  );
});

test("knows four formats, JSON where none is named, and nothing inherited", () => {
  expect(parseTranscriptFormat(undefined)).toEqual({ ok: true, value: "json" });
  expect(parseTranscriptFormat("vtt")).toEqual({ ok: true, value: "vtt" });
  for (const value of ["", "VTT", "toString", "__proto__"]) {
    expect(parseTranscriptFormat(value).ok).toBe(false);
  }
});
