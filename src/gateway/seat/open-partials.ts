import type { Transcript } from "../../relay/ports.ts";

/** One speaker has one or two open; a stream whose utterances never close shows the latest. */
const OPEN_MAX = 16;

/** The latest state of each utterance that is still being spoken: the latest wins, a final takes it away (R22). */
export class OpenPartials {
  /** Oldest first. */
  readonly #byKey = new Map<string, Transcript>();

  note(transcript: Transcript): void {
    const key = transcript.utteranceKey;
    if (transcript.isFinal) {
      this.#byKey.delete(key);
      return;
    }
    this.#byKey.set(key, transcript);
    if (this.#byKey.size <= OPEN_MAX) return;
    const [oldest] = this.#byKey.keys();
    if (oldest !== undefined) this.#byKey.delete(oldest);
  }

  all(): Iterable<Transcript> {
    return this.#byKey.values();
  }
}
