/** An invariant of our own code did not hold. It ends the session it happened in, or start-up; it is never retried. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Throws when `condition` is false. For our own bugs only: hostile input is a value, a failing world an `AppError`. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Ends a `switch` over a union: a new member of the union does not compile until it is handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable value: ${String(value)}`);
}
