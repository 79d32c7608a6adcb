import { expect, test } from "bun:test";
import { TokenTerm } from "../../../src/gateway/door/token-term.ts";

const ENDS_AT_MS = 2_000_000_000_000;

test("[R23] a token's end is announced a minute before, once, and comes at its very millisecond", () => {
  const term = new TokenTerm(new Date(ENDS_AT_MS));
  expect(term.judge(ENDS_AT_MS - 60_001)).toBe("valid");
  expect(term.judge(ENDS_AT_MS - 60_000)).toBe("expiring");
  expect(term.judge(ENDS_AT_MS - 1)).toBe("valid");
  expect(term.judge(ENDS_AT_MS)).toBe("expired");
  expect(term.judge(ENDS_AT_MS + 1)).toBe("expired");
});

test("[R23] a token that has less than a minute is announced at once", () => {
  expect(new TokenTerm(new Date(ENDS_AT_MS)).judge(ENDS_AT_MS - 5)).toBe("expiring");
});

test("[R23] a token that was renewed has an end of its own, which is announced too", () => {
  const term = new TokenTerm(new Date(ENDS_AT_MS));
  term.judge(ENDS_AT_MS - 1);
  term.renew(new Date(ENDS_AT_MS + 300_000));
  expect(term.expiresAt).toEqual(new Date(ENDS_AT_MS + 300_000));
  expect(term.judge(ENDS_AT_MS)).toBe("valid");
  expect(term.judge(ENDS_AT_MS + 240_000)).toBe("expiring");
});

test("[R23] one refresh a second is tried; one that comes too early does not put the next one off", () => {
  const term = new TokenTerm(new Date(ENDS_AT_MS));
  expect([0, 999, 1000, 1001, 2000].map((nowMs) => term.mayRefresh(nowMs))).toEqual([
    true,
    false,
    true,
    false,
    true,
  ]);
});
