import { AppError } from "../kernel/errors.ts";

export type GladiaFailureCode =
  | "provider-refused"
  | "provider-busy"
  | "provider-unreachable"
  | "provider-timeout";

/** Gladia did not do what was asked of it. Its `retryAfterMs` is what the provider advised. */
export class GladiaError extends AppError<GladiaFailureCode> {
  override readonly name = "GladiaError";
}
