/**
 * What a closed provider socket means for its session. Gladia documents 1000 only ("any other code: reconnect to the same
 * URL"); the rest is what its official client does and what users report of the live service.
 *
 * - resume: the session lives on; open its URL again
 * - replace: the session is over; ask for a new one
 */
export type CloseClass = "resume" | "replace";

const DONE = 1000;

/** Mirrored HTTP statuses: 4403 on the URL of a session that has ended, others of its kind are as final. */
const REFUSED_FIRST = 4400;
const REFUSED_LAST = 4499;

/** Classes a close that nobody asked for. */
export function classifyClose(code: number): CloseClass {
  if (code === DONE) return "replace";
  return code >= REFUSED_FIRST && code <= REFUSED_LAST ? "replace" : "resume";
}
