import { expect, test } from "bun:test";
import { AppError, describeError, toAppError } from "../../src/kernel/errors.ts";

test("a failure carries its code, whether it may pass, and its cause", () => {
  const cause = new Error("below");
  const failure = new AppError("provider-busy", "no free session", {
    retryable: true,
    retryAfterMs: 500,
    cause,
  });
  expect(failure).toMatchObject({
    name: "AppError",
    code: "provider-busy",
    message: "no free session",
    retryable: true,
    retryAfterMs: 500,
    cause,
  });
});

test("a failure does not pass by itself unless it says so, and has no cause unless it was given one", () => {
  const failure = new AppError("internal", "x");
  expect(failure.retryable).toBe(false);
  expect(failure.retryAfterMs).toBeUndefined();
  expect("cause" in failure).toBe(false);
});

test("describes a thrown value by its message or its type, and quotes nothing else", () => {
  expect(describeError(new Error("what happened"))).toBe("what happened");
  expect(describeError(new TypeError(""))).toBe("TypeError");
  expect(describeError("a secret")).toBe("a thrown string");
  expect(describeError({ secret: 1 })).toBe("a thrown object");
  expect(describeError(undefined)).toBe("a thrown undefined");
});

test("keeps a failure that has a code, and makes an internal one of anything else", () => {
  const failure = new AppError("draining", "x");
  expect(toAppError(failure)).toBe(failure);
  const bug = new TypeError("a bug");
  expect(toAppError(bug)).toMatchObject({ code: "internal", message: "a bug", cause: bug });
  expect(toAppError("a secret")).toMatchObject({ code: "internal", message: "a thrown string" });
});
