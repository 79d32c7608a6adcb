/** What a parser of outside data returns: hostile input is a value, not an exception. */
export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: string };

export function accepted<Value>(value: Value): Parsed<Value> {
  return { ok: true, value };
}

/** `problem` says what was expected and what came, without quoting secrets or speech. */
export function refused(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}
