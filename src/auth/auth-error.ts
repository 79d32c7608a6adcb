import { AppError, type FailureCode } from "../kernel/errors.ts";

export type AuthFailureCode = Extract<
  FailureCode,
  "token-missing" | "token-invalid" | "token-expired" | "keys-unreachable"
>;

/**
 * A token was not accepted, or (`keys-unreachable`, retryable) could not be judged.
 *
 * It never has a jose error about a token as its cause, because those carry the claims.
 */
export class AuthError extends AppError<AuthFailureCode> {
  override readonly name = "AuthError";
}
