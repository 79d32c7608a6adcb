import { expect, test } from "bun:test";
import { encodeCursor, parseCursor } from "../../../src/gateway/transcript/transcript-cursor.ts";
import { TRANSCRIPT_START, type PageCursor } from "../../../src/relay/stored-transcript.ts";

const settled = { atUs: 1_795_449_121_123_456, id: "019ab1c2-0000-7000-8000-000000000001" };
const place = { atUs: settled.atUs + 1, id: "019ab1c2-0000-7000-8000-000000000002" };

test.each<[string, PageCursor]>([
  ["the beginning", { place: TRANSCRIPT_START, settled: TRANSCRIPT_START }],
  ["a settled place", { place, settled: place }],
  ["a place behind the settled one", { place, settled }],
  ["a place of a foreign id", { place: { atUs: 0, id: "x".repeat(128) }, settled }],
])("reads %s from what it has written", (_, cursor) => {
  const text = encodeCursor(cursor);
  expect(text).toMatch(/^[\w-]+$/);
  expect(parseCursor(text)).toEqual({ ok: true, value: cursor });
});

const encode = (content: unknown) => Buffer.from(JSON.stringify(content)).toString("base64url");

test.each([
  ["nothing", ""],
  ["another alphabet", "a b"],
  ["padding", "WzEsMSwiYSJd="],
  ["no JSON", "bm8"],
  ["no list", encode({ version: 1 })],
  ["another version", encode([2, 1, "a"])],
  ["too few members", encode([1, 1])],
  ["too many", encode([1, 1, "a", 2, "b", 3])],
  ["half a second place", encode([1, 1, "a", 2])],
  ["a time that is no whole number", encode([1, 1.5, "a"])],
  ["a time beyond all numbers", encode([1, 2 ** 60, "a"])],
  ["an id that PostgreSQL refuses", encode([1, 1, "a\0"])],
  ["an id that is too long", encode([1, 1, "a".repeat(129)])],
  ["megabytes", "a".repeat(1_000_000)],
])("refuses %s without quoting it", (_, text) => {
  expect(parseCursor(text)).toEqual({
    ok: false,
    problem: `expected "after" to be the "next" of an earlier answer, got another text of ${text.length} characters`,
  });
});
