import type { FailureCode } from "../../kernel/errors.ts";

/** Every code with which this gateway closes a socket. 1011 and below 4000 are RFC 6455's, the others are ours. */
export type CloseCode = 1000 | 1009 | 1011 | 1012 | 1013 | 4001 | 4008 | 4010 | 4500;

export interface Closing {
  readonly closeCode: CloseCode;
  /** Whether connecting again may help without changing anything. */
  readonly retryable: boolean;
  /** The least wait before that, in milliseconds; the answer adds up to as much again at random. */
  readonly retryAfterMs?: number;
}

/** What each failure means to a client. A new `FailureCode` does not compile until its row is written. */
export const CLOSINGS: Readonly<Record<FailureCode, Closing>> = {
  "token-missing": { closeCode: 4001, retryable: false },
  "token-invalid": { closeCode: 4001, retryable: false },
  "token-expired": { closeCode: 4001, retryable: false },
  "resume-refused": { closeCode: 4001, retryable: false },
  "origin-refused": { closeCode: 4001, retryable: false },
  "request-invalid": { closeCode: 4008, retryable: false },
  "frame-too-large": { closeCode: 1009, retryable: false },
  "frame-invalid": { closeCode: 4008, retryable: false },
  "rate-exceeded": { closeCode: 4008, retryable: false },
  "client-idle": { closeCode: 4008, retryable: false },
  replaced: { closeCode: 4010, retryable: false },
  "attempts-exceeded": { closeCode: 1013, retryable: true, retryAfterMs: 10_000 },
  "capacity-exhausted": { closeCode: 1013, retryable: true, retryAfterMs: 5000 },
  "memory-exhausted": { closeCode: 1013, retryable: true, retryAfterMs: 5000 },
  "subject-limit": { closeCode: 1013, retryable: true, retryAfterMs: 5000 },
  "call-limit": { closeCode: 1013, retryable: true, retryAfterMs: 5000 },
  "not-ready": { closeCode: 1013, retryable: true, retryAfterMs: 5000 },
  "reader-too-slow": { closeCode: 1013, retryable: true, retryAfterMs: 1000 },
  draining: { closeCode: 1012, retryable: true, retryAfterMs: 1000 },
  "provider-refused": { closeCode: 4500, retryable: false },
  "provider-busy": { closeCode: 1013, retryable: true, retryAfterMs: 5000 },
  "provider-unreachable": { closeCode: 4500, retryable: true, retryAfterMs: 2000 },
  "provider-timeout": { closeCode: 4500, retryable: true, retryAfterMs: 1000 },
  "keys-unreachable": { closeCode: 1013, retryable: true, retryAfterMs: 2000 },
  "database-unreachable": { closeCode: 1013, retryable: true, retryAfterMs: 5000 },
  "row-refused": { closeCode: 1011, retryable: false },
  "schema-mismatch": { closeCode: 1011, retryable: false },
  "journal-unavailable": { closeCode: 1013, retryable: true, retryAfterMs: 5000 },
  "deadline-exceeded": { closeCode: 1011, retryable: true, retryAfterMs: 1000 },
  internal: { closeCode: 1011, retryable: true, retryAfterMs: 1000 },
};

/** One line per code, for the README and for whoever reads a close event. */
export const CLOSE_CODE_MEANINGS: Readonly<Record<CloseCode, string>> = {
  1000: "done: every final has been sent",
  1009: "a frame was larger than 64 KiB or longer than one second",
  1011: "the gateway failed on its side",
  1012: "the server restarts: connect again",
  1013: "no capacity, or the reader was too slow: connect again after `retry_after_ms`",
  4001: "token missing, invalid, expired, or from a page that is not allowed",
  4008: "the protocol or the rate limit was broken, or no audio came for too long",
  4010: "replaced by a newer connection of the same owner",
  4500: "the speech provider is gone for good, for this connection",
};

/** The wait to advise, jittered so that a crowd of clients does not return in one moment. */
export function jitteredRetryMs(
  closing: Closing,
  random: () => number = Math.random,
): number | undefined {
  if (closing.retryAfterMs === undefined) return undefined;
  return Math.round(closing.retryAfterMs * (1 + random()));
}
