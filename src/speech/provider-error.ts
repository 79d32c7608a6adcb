import { AppError } from "../kernel/errors.ts";

export type ProviderFailureCode =
  | "provider-refused"
  | "provider-busy"
  | "provider-unreachable"
  | "provider-timeout";

/** A speech provider did not do what was asked of it. Its `retryAfterMs` is what the provider advised. */
export class ProviderError extends AppError<ProviderFailureCode> {
  override readonly name = "ProviderError";
}
