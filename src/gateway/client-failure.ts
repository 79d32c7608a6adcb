/** How a failure is put to a client. */
import { AppError, describeError, toAppError } from "../kernel/errors.ts";
import type { Log } from "../observe/log.ts";
import { CLOSINGS, jitteredRetryMs } from "./close-codes.ts";
import type { ErrorMessage } from "./messages.ts";

/** RFC 6455 allows 125 bytes in a close frame, two of them for the code; our reasons are ASCII. */
const REASON_LENGTH_MAX = 123;

/** What a client reads before its socket is closed for `failure`. */
export function errorMessage(failure: AppError): ErrorMessage {
  const closing = CLOSINGS[failure.code];
  const retryAfterMs = jitteredRetryMs(closing);
  return {
    type: "error",
    message: failure.message,
    code: failure.code,
    retryable: closing.retryable,
    ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
  };
}

export function closeReason(failure: AppError): string {
  return `${failure.code}: ${failure.message}`.slice(0, REASON_LENGTH_MAX);
}

/** A failure that may be told as it is, or, for a bug of ours, one that tells nothing: the log has the bug's own words. */
export function toClientFailure(error: unknown, log: Log): AppError {
  if (error instanceof AppError) return toAppError(error);
  log.error("A request failed on our side", { problem: describeError(error) });
  return new AppError("internal", "the gateway failed on its side", { cause: error });
}
