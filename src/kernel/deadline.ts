import { AppError } from "./errors.ts";
import { after } from "./timers.ts";

/**
 * Waits for `work`, but no longer than `limitMs`: then rejects with `deadline-exceeded`, naming `what` and the limit.
 *
 * The work itself is not cancelled; its later failure is swallowed here, because the deadline has been reported instead.
 */
export async function deadline<Value>(
  work: Promise<Value>,
  limitMs: number,
  what: string,
): Promise<Value> {
  const { promise: expiry, reject } = Promise.withResolvers<never>();
  const timer = after(limitMs, () =>
    reject(
      new AppError("deadline-exceeded", `${what} took longer than ${limitMs} ms`, {
        retryable: true,
      }),
    ),
  );
  try {
    return await Promise.race([work, expiry]);
  } finally {
    timer.stop();
  }
}
