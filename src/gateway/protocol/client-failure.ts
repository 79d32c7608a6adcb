/** How a failure is put to a client. */
import { traceError } from "../../kernel/error-trace.ts";
import { AppError, createInternalFailure, toAppError } from "../../kernel/errors.ts";
import type { Log } from "../../observe/log.ts";
import { CLOSINGS, jitteredRetryMs, type CloseCode, type Closing } from "./close-codes.ts";
import type { ErrorMessage, Unnumbered } from "./server-messages.ts";

/** RFC 6455 allows 125 bytes in a close frame, two of them for the code; our reasons are ASCII. */
const REASON_LENGTH_MAX = 123;

/** Nobody is sent away for longer, whatever a provider advises; no limit of ours needs more (`attempt-limiter.ts`). */
const RETRY_AFTER_MS_MAX = 60_000;

export interface CloseFrame {
  readonly code: CloseCode;
  readonly reason: string;
}

/** What a client reads before its socket is closed for `failure`. */
export function errorMessage(failure: AppError): Unnumbered<ErrorMessage> {
  const closing = CLOSINGS[failure.code];
  const retryAfterMs = jitteredRetryMs(adviceFor(failure, closing));
  return {
    type: "error",
    message: failure.message,
    code: failure.code,
    retryable: closing.retryable,
    ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
  };
}

/** The wait of this very failure wins over its code's where it is longer: one that is shorter only brings crowds back. */
function adviceFor({ retryAfterMs = 0 }: AppError, closing: Closing): Closing {
  if (closing.retryAfterMs === undefined || retryAfterMs <= closing.retryAfterMs) return closing;
  return { ...closing, retryAfterMs: Math.min(retryAfterMs, RETRY_AFTER_MS_MAX) };
}

/** The close frame of a socket that is closed for `failure`, or, where there is none, because everything has been sent. */
export function closeFrame(failure: AppError | undefined): CloseFrame {
  if (failure === undefined) return { code: 1000, reason: "done" };
  const { code, message } = failure;
  return {
    code: CLOSINGS[code].closeCode,
    reason: `${code}: ${message}`.slice(0, REASON_LENGTH_MAX),
  };
}

/** A failure that may be told as it is, or, for a bug of ours, one that tells nothing: the log has the bug's place (R24). */
export function toClientFailure(error: unknown, log: Log): AppError {
  if (error instanceof AppError) return toAppError(error);
  log.error("A request failed on our side", traceError(error));
  return createInternalFailure(error);
}
