import { expect, test } from "bun:test";
import { parseResumeRequest } from "../../../src/gateway/door/resume-request.ts";

const ID = "abcdefghijklmnopqrstuvwxyz-_ABCD";

const parse = (query: string) => parseResumeRequest(new URLSearchParams(query));

test("[R21] asks for nothing when the query names no session", () => {
  expect(parse("language=en")).toEqual({ ok: true, value: undefined });
  expect(parse("after=12")).toEqual({ ok: true, value: undefined });
});

test("[R21] names a session, and the last message that came", () => {
  expect(parse(`resume=${ID}&after=17`)).toEqual({ ok: true, value: { id: ID, after: 17 } });
  expect(parse(`resume=${ID}`)).toEqual({ ok: true, value: { id: ID, after: 0 } });
  expect(parse(`resume=${ID}&after=${"9".repeat(15)}`)).toMatchObject({
    value: { after: 999_999_999_999_999 },
  });
});

test.each([
  "resume=",
  `resume=${ID}x`,
  `resume=${ID.slice(1)}`,
  `resume=${ID.slice(1)}%2F`,
  `resume=${ID.slice(1)}%0A`,
  `resume=${ID}%0A`,
  `resume=${ID}&after=`,
  `resume=${ID}&after=-1`,
  `resume=${ID}&after=1.5`,
  `resume=${ID}&after=1e3`,
  `resume=${ID}&after=%201`,
  `resume=${ID}&after=0x1`,
  `resume=${ID}&after=${"9".repeat(16)}`,
  `resume=${ID}&after=%D9%A1`,
  "after=x",
])("[R21] refuses %p and says what it expected, without quoting it", (query) => {
  const parsed = parse(query);
  if (parsed.ok) throw new Error("expected a refusal");
  expect(parsed.problem).toStartWith("expected ");
  expect(parsed.problem).not.toContain(ID.slice(1));
});
