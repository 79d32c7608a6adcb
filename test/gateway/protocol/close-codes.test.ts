import { expect, test } from "bun:test";
import {
  CLOSE_CODE_MEANINGS,
  CLOSINGS,
  jitteredRetryMs,
  type Closing,
} from "../../../src/gateway/protocol/close-codes.ts";

const CLOSING_LIST: readonly Closing[] = Object.values(CLOSINGS);

test("every code that is used means something, and every meaning is used", () => {
  const used = new Set(CLOSING_LIST.map(({ closeCode }) => String(closeCode)));
  // 1000 is a regular end.
  expect(Object.keys(CLOSE_CODE_MEANINGS)).toEqual([...used, "1000"].toSorted());
  for (const meaning of Object.values(CLOSE_CODE_MEANINGS)) expect(meaning).not.toBe("");
});

test("advises a wait exactly where coming back may help", () => {
  for (const { retryable, retryAfterMs } of CLOSING_LIST) {
    expect(retryAfterMs !== undefined).toBe(retryable);
  }
});

test("a code that a browser may not retry is never given with the advice to retry", () => {
  for (const { closeCode, retryable } of CLOSING_LIST) {
    if ([4001, 4008, 1009].includes(closeCode)) expect(retryable).toBe(false);
    if ([1012, 1013].includes(closeCode)) expect(retryable).toBe(true);
  }
});

test("spreads the advised wait up to twice its least", () => {
  const closing: Closing = { closeCode: 1013, retryable: true, retryAfterMs: 1000 };
  expect(jitteredRetryMs(closing, () => 0)).toBe(1000);
  expect(jitteredRetryMs(closing, () => 0.999_999)).toBe(2000);
  expect(jitteredRetryMs(CLOSINGS["token-missing"])).toBeUndefined();
});
