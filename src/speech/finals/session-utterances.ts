import type { Utterance } from "../../relay/ports.ts";

/** What one provider session has said: which utterances are final, and which are still being spoken. All by their keys. */
export class SessionUtterances {
  /** The last final of each key. */
  readonly #finals = new Map<string, Utterance>();
  readonly #translations = new Set<string>();
  /** The latest state of each utterance whose final has not come, in the order in which they began. */
  readonly #spoken = new Map<string, Utterance>();

  /** The latest state of each utterance whose final has not come, in the order in which they began. */
  get unfinished(): readonly Utterance[] {
    return [...this.#spoken.values()];
  }

  /** The first of them. */
  get oldest(): Utterance | undefined {
    return this.#spoken.values().next().value;
  }

  hasSeenFinal(key: string): boolean {
    return this.#finals.has(key);
  }

  /** The last final of this key. */
  finalOf(key: string): Utterance | undefined {
    return this.#finals.get(key);
  }

  hasSeenTranslation(key: string, language: string): boolean {
    return this.#translations.has(`${key} ${language}`);
  }

  noteTranslation(key: string, language: string): void {
    this.#translations.add(`${key} ${language}`);
  }

  /** What is to be told of this state of an utterance, if anything. */
  note(utterance: Utterance): Utterance | undefined {
    const { key, isFinal } = utterance;
    const earlier = this.#finals.get(key);
    // A partial that comes after its final says nothing new; R4: another final does, where it is not the same again.
    if (earlier !== undefined && (!isFinal || !isReplacement(earlier, utterance))) return undefined;
    if (isFinal) {
      this.#finals.set(key, utterance);
      this.#finish(key);
      // An empty final takes the partials back.
      return isTorn(utterance)
        ? { ...utterance, text: "", endSeconds: utterance.startSeconds }
        : utterance;
    }
    if (isTorn(utterance)) return undefined;
    this.#spoken.set(key, utterance);
    return utterance;
  }

  /** Finals come in order: an utterance that began before this one never gets its own. */
  #finish(finishedKey: string): void {
    if (!this.#spoken.has(finishedKey)) return;
    for (const key of this.#spoken.keys()) {
      this.#spoken.delete(key);
      if (key === finishedKey) return;
    }
  }
}

/** Nothing takes back what was final: neither an empty text nor a place that makes no sense. */
function isReplacement(earlier: Utterance, later: Utterance): boolean {
  if (later.text === "" || isTorn(later)) return false;
  return later.text !== earlier.text || later.endSeconds !== earlier.endSeconds;
}

/**
 * Whether an utterance ends before it begins. One that began before a resume may end in audio that was sent again, which lies
 * further back in the source: it mixes two utterances, and the provider reports each of them once more by itself.
 */
export function isTorn({ startSeconds, endSeconds }: Utterance): boolean {
  return endSeconds < startSeconds;
}
