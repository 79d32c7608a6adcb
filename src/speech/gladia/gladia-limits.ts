import type { SessionLimits } from "../../relay/session/session.ts";
import type { ProviderStreamLimits } from "../stream-limits.ts";

export const GLADIA_STREAM_LIMITS: ProviderStreamLimits = {
  // An outage of a minute costs no audio, and what was said just before it is there too.
  backlogMs: 75_000,
  readyMs: 15_000,
  // One request may take as long (`gladia-api.ts`).
  openMs: 10_000,
  // Acknowledgements come with every frame; five seconds without are no jitter.
  stalledMs: 5000,
  // LiveSuggest's rule for the live service, where a dead URL opens and closes at once.
  stableMs: 5000,
  outageMs: 15 * 60_000,
  // A session that is over answers within two seconds. One that was left half-open answers much later, and what it knows was
  // said again by its successor: its client's limit (`finishMs`) would be over before.
  recoverMs: 8000,
  // Gladia ends a live session after three hours.
  rolloverMs: 165 * 60_000,
  rolloverLatestMs: 172 * 60_000,
};

/** What a session waits for, as this provider behaves. */
export const GLADIA_SESSION_LIMITS: SessionLimits = {
  // The trailing final comes half a second after a stop and the close after one. A socket that dies just then is noticed after
  // five, opened again, and asked once more.
  finishMs: 20_000,
  silence: {
    // Longer than the network's jitter; shorter than anybody waits for the end of a sentence.
    quietMs: 3000,
    closingMs: 500,
    // Gladia drops a socket without audio after 30 s, as its users report.
    keepaliveMs: 10_000,
  },
};
