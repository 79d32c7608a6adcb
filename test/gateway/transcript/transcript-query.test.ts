import { expect, test } from "bun:test";
import { parseTranscriptQuery } from "../../../src/gateway/transcript/transcript-query.ts";
import { TRANSCRIPT_START } from "../../../src/relay/stored-transcript.ts";

const parse = (query: string) => parseTranscriptQuery(new URLSearchParams(query));

test("asks for the first thousand finals, as JSON, where nothing is said", () => {
  expect(parse("")).toEqual({
    ok: true,
    value: {
      kind: "page",
      language: undefined,
      limit: 1000,
      after: { place: TRANSCRIPT_START, settled: TRANSCRIPT_START },
    },
  });
});

test("passes over names that nobody knows", () => {
  expect(parse("token=a.b.c&colour=red")).toEqual(parse(""));
});

test("asks for a whole file, in a language, where a format is named that has no pages", () => {
  expect(parse("format=vtt&language=fr")).toEqual({
    ok: true,
    value: { kind: "file", language: "fr", format: "vtt" },
  });
});

test.each([
  ["format=docx", "format"],
  ["language=klingon", "a language to translate into"],
  ["limit=", "a limit from 1 to 10000"],
  ["limit=-1", "a limit from 1 to 10000"],
  ["format=txt&after=", "other formats have no pages"],
])("refuses %p, and says what it expected", (query, expected) => {
  expect(parse(query)).toMatchObject({ ok: false, problem: expect.stringContaining(expected) });
});
