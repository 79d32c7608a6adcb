import { expect, test } from "bun:test";
import { assert, AssertionError, unreachable } from "../../src/kernel/assert.ts";

test("passes what holds and throws for what does not", () => {
  assert(true, "unused");
  expect(() => assert(false, "expected it to hold")).toThrow(
    new AssertionError("expected it to hold"),
  );
});

test("has a name that minifying does not change", () => {
  expect(new AssertionError("x").name).toBe("AssertionError");
});

test("names the value that no branch took", () => {
  // The compiler keeps values out of here; this one came past it.
  expect(() => unreachable("seven" as never)).toThrow("unreachable value: seven");
});
