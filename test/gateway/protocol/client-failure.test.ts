import { expect, test } from "bun:test";
import {
  closeFrame,
  errorMessage,
  toClientFailure,
} from "../../../src/gateway/protocol/client-failure.ts";
import { CLOSINGS } from "../../../src/gateway/protocol/close-codes.ts";
import { AppError, type FailureCode } from "../../../src/kernel/errors.ts";
import { recordedLog } from "../../support/probes/recorded-log.ts";

/** The shortest and the longest of many advised waits. */
function advisedWaits(code: FailureCode, retryAfterMs?: number): readonly number[] {
  const failure = new AppError(code, "x", { retryAfterMs });
  const waits = Array.from({ length: 1000 }, () => errorMessage(failure).retry_after_ms ?? 0);
  return [Math.min(...waits), Math.max(...waits)];
}

test("advises the wait of the failure's code, and up to as much again", () => {
  const leastMs = CLOSINGS["attempts-exceeded"].retryAfterMs!;
  const [shortest, longest] = advisedWaits("attempts-exceeded");
  expect(shortest).toBeGreaterThanOrEqual(leastMs);
  expect(longest).toBeLessThanOrEqual(2 * leastMs);
  expect(longest).toBeGreaterThan(shortest!);
});

test("[R23] advises the wait of this very failure where it is longer, jittered as well", () => {
  const [shortest, longest] = advisedWaits("attempts-exceeded", 45_000);
  expect(shortest).toBeGreaterThanOrEqual(45_000);
  expect(longest).toBeLessThanOrEqual(90_000);
  expect(longest).toBeGreaterThan(shortest!);
});

test("advises no wait that is shorter than that of the code: crowds would come back with it", () => {
  expect(advisedWaits("attempts-exceeded", 50)[0]).toBeGreaterThanOrEqual(10_000);
});

test("sends nobody away for hours, whatever a provider advises", () => {
  const [shortest, longest] = advisedWaits("provider-busy", 86_400_000);
  expect(shortest).toBeGreaterThanOrEqual(60_000);
  expect(longest).toBeLessThanOrEqual(120_000);
});

test("advises no wait where coming back does not help", () => {
  const failure = new AppError("token-invalid", "x", { retryAfterMs: 5000 });
  expect(errorMessage(failure)).toEqual({
    type: "error",
    message: "x",
    code: "token-invalid",
    retryable: false,
  });
});

test("closes with the failure's code, which the reason names, within what a close frame holds", () => {
  const { code, reason } = closeFrame(new AppError("provider-refused", "x".repeat(500)));
  expect(code).toBe(4500);
  expect(reason).toStartWith("provider-refused: xxx");
  expect(Buffer.byteLength(reason)).toBe(123);
});

test("closes with 1000 where there is no failure", () => {
  expect(closeFrame(undefined)).toEqual({ code: 1000, reason: "done" });
});

test("[R24] a bug's own words reach neither the client nor the log, which gets its place", () => {
  const log = recordedLog();
  const failure = toClientFailure(new Error("a token, or what somebody said"), log);
  expect(errorMessage(failure)).toMatchObject({
    code: "internal",
    message: "the gateway failed on its side",
  });
  const [{ sentence, fields } = { sentence: "", fields: {} }] = log.lines;
  expect(sentence).toBe("A request failed on our side");
  expect(fields).toEqual({ problem: "Error", stack: expect.stringContaining("client-failure") });
});

test("a failure that has a code is told as it is, and not logged here", () => {
  const log = recordedLog();
  const failure = new AppError("token-expired", "expected a token that has not expired");
  expect(toClientFailure(failure, log)).toBe(failure);
  expect(log.lines).toEqual([]);
});
