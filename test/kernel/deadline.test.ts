import { expect, test } from "bun:test";
import { deadline } from "../../src/kernel/deadline.ts";
import { AppError } from "../../src/kernel/errors.ts";
import { fakeTime } from "../support/probes/fake-time.ts";

test("gives the result of work that is done in time, and leaves no timer", async () => {
  using time = fakeTime();
  expect(await deadline(Promise.resolve(7), 1000, "the work")).toBe(7);
  expect(time.timerCount).toBe(0);
});

test("lets the failure of the work through as it is, and leaves no timer", async () => {
  using time = fakeTime();
  const failure = new Error("the work failed");
  const caught: unknown = await deadline(Promise.reject(failure), 1000, "the work").catch(
    (error: unknown) => error,
  );
  expect(caught).toBe(failure);
  expect(time.timerCount).toBe(0);
});

test("names the work and its limit when it takes too long", async () => {
  using time = fakeTime();
  const slow = Promise.withResolvers<void>();
  const caught = deadline(slow.promise, 1000, "the work").catch((error: unknown) => error);
  await time.advance(1000);
  expect(await caught).toEqual(
    new AppError("deadline-exceeded", "the work took longer than 1000 ms", { retryable: true }),
  );
  // Nobody waits for it any more; an unhandled rejection would fail this run.
  slow.reject(new Error("too late"));
  await time.settle();
});
