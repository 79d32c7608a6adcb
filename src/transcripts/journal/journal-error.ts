import { AppError, describeError, type FailureOptions } from "../../kernel/errors.ts";

/** A file that keeps finals outside the database could not be opened, read or written. */
export class JournalError extends AppError<"journal-unavailable"> {
  override readonly name = "JournalError";

  constructor(message: string, options: FailureOptions = {}) {
    super("journal-unavailable", message, options);
  }
}

/** Translates whatever SQLite threw while doing `what`. Its messages name tables and columns, never what is in them. */
export function toJournalError(error: unknown, what: string): JournalError {
  if (error instanceof JournalError) return error;
  return new JournalError(`${what}: ${describeError(error)}`, { retryable: true, cause: error });
}
