import type { CloseClass } from "../provider-adapter.ts";

/** Everything was said, or the session is ended by us: its place of the account is free. */
export const CLOSE_DONE = 1000;

/** Tells Gladia to keep the session: 1000 would end it. The official resume sample uses the same code. */
export const CLOSE_KEEPING = 4500;

/** Mirrored HTTP statuses: 4403 on the URL of a session that has ended, others of its kind are as final. */
const REFUSED_FIRST = 4400;
const REFUSED_LAST = 4499;

/**
 * Gladia documents 1000 only ("any other code: reconnect to the same URL"); the rest is what its official client does and what
 * users report of the live service.
 */
export function classifyClose(code: number): CloseClass {
  if (code === CLOSE_DONE) return "replace";
  return code >= REFUSED_FIRST && code <= REFUSED_LAST ? "replace" : "resume";
}
