import { AppError, type FailureOptions } from "../kernel/errors.ts";

export type GladiaFailureCode =
  | "provider-refused"
  | "provider-busy"
  | "provider-unreachable"
  | "provider-lost"
  | "provider-timeout";

/** Gladia did not do what was asked of it. */
export class GladiaError extends AppError<GladiaFailureCode> {
  override readonly name = "GladiaError";
  /** What the provider advised, in milliseconds, if anything. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: GladiaFailureCode,
    message: string,
    options: FailureOptions & { readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}
