/**
 * Every fact that somebody outside a component acts on. `gateway/protocol/close-codes.ts` maps each one to a close code, a reason
 * and a retry advice, and does not compile while one is missing.
 */
export type FailureCode =
  | "token-missing"
  | "token-invalid"
  | "token-expired"
  | "keys-unreachable"
  | "resume-refused"
  | "origin-refused"
  | "request-invalid"
  | "frame-too-large"
  | "frame-invalid"
  | "rate-exceeded"
  | "client-idle"
  | "replaced"
  | "attempts-exceeded"
  | "capacity-exhausted"
  | "memory-exhausted"
  | "subject-limit"
  | "call-limit"
  | "not-ready"
  | "reader-too-slow"
  | "draining"
  | "provider-refused"
  | "provider-busy"
  | "provider-unreachable"
  | "provider-timeout"
  | "database-unreachable"
  | "row-refused"
  | "schema-mismatch"
  | "journal-unavailable"
  | "deadline-exceeded"
  | "internal";

export interface FailureOptions {
  /** True when the same attempt may succeed later without anybody changing anything. */
  readonly retryable?: boolean;
  /** The least wait before that, in milliseconds, where it is known for this very attempt. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/**
 * The world failed in a way that has a name.
 *
 * Subclasses carry a literal `name`, because the executable is minified and classes lose theirs. A message says what was
 * expected and what came; it never holds a token, audio or anything that was said.
 */
export class AppError<Code extends FailureCode = FailureCode> extends Error {
  override readonly name: string = "AppError";
  readonly code: Code;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(code: Code, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The thrown value when it has a code already, otherwise an "internal" failure that it caused. */
export function toAppError(error: unknown): AppError {
  // The type parameter of an instance cannot be checked; every code is in the union.
  if (error instanceof AppError) return error as AppError;
  return new AppError("internal", describeError(error), { cause: error });
}

/** A bug of ours, in words that anybody may hear; the log has its place. */
export function createInternalFailure(cause: unknown): AppError {
  return new AppError("internal", "the gateway failed on its side", { cause });
}

/** One line about any thrown value, safe to log: the message of an `Error`, otherwise its type. */
export function describeError(error: unknown): string {
  if (error instanceof Error) return error.message === "" ? error.name : error.message;
  return `a thrown ${typeof error}`;
}
