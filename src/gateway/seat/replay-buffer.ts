import type { MemoryBudget } from "../../relay/memory-budget.ts";
import type { Transcript } from "../../relay/ports.ts";

/** A message as its client was sent it, or would have been. */
export interface NumberedMessage {
  readonly seq: number;
  /** JSON, with `seq` inside. */
  readonly text: string;
}

/** A final whose message is not held any more, but can be read back by its key. */
export interface ForgottenFinal {
  readonly seq: number;
  readonly utteranceKey: string;
}

interface Held extends NumberedMessage {
  /** Of a stored final; what has none is not missed once it is forgotten. */
  readonly utteranceKey: string | undefined;
}

/** What a client that comes back has not seen, in order: first what is forgotten, then what is held. */
export interface Missed {
  /** Finals that are not even known by their key any more: at most so many. */
  readonly unknownCount: number;
  readonly forgotten: readonly ForgottenFinal[];
  readonly held: readonly NumberedMessage[];
}

/** A quarter of an hour of speech: thirty times as long as a client is waited for. */
const HELD_CHARACTERS_MAX = 65_536;

/** Three hours of sentences of five seconds. */
const FORGOTTEN_MAX = 2048;

/** A number, and a key of about 50 letters. */
const FORGOTTEN_BYTES = 100;

/** A speaker has one or two utterances open; where they never close, the latest are kept. */
const OPEN_UTTERANCES_MAX = 16;

/**
 * What a client of one session is sent when it comes back (R21), or has read what was sent to it (R22), within fixed bounds.
 *
 * - The latest numbered messages are held as they were sent. Of older finals the number and the key stay, so that they can be
 *   read from where they are kept and sent again under the number that they had.
 * - Of each utterance that is still being spoken the latest partial is kept; its final takes it away.
 */
export class ReplayBuffer {
  readonly #memory: MemoryBudget;
  #held: Held[] = [];
  #characters = 0;
  #forgotten: ForgottenFinal[] = [];
  #unknownCount = 0;
  #unknownThrough = 0;
  /** The latest partial of each utterance without a final, by its key, in the order in which they began. */
  readonly #openPartials = new Map<string, Transcript>();

  /** Messages that are kept are taken from `memory`: one byte a character, as JavaScript keeps Latin letters. */
  constructor(memory: MemoryBudget) {
    this.#memory = memory;
  }

  /** The latest partial of each open utterance. */
  get openPartials(): Iterable<Transcript> {
    return this.#openPartials.values();
  }

  /** `seq` is higher than all before. `utteranceKey` is that of a stored final, by which it can be read back. */
  keep(seq: number, text: string, utteranceKey: string | undefined): void {
    this.#held.push({ seq, text, utteranceKey });
    this.#characters += text.length;
    this.#memory.take(text.length);
    while (this.#characters > HELD_CHARACTERS_MAX) this.#forgetOldest();
  }

  /** Takes the place of the utterance's earlier partial. */
  keepPartial(partial: Transcript): void {
    this.#openPartials.set(partial.utteranceKey, partial);
    if (this.#openPartials.size <= OPEN_UTTERANCES_MAX) return;
    const [oldest] = this.#openPartials.keys();
    if (oldest !== undefined) this.#openPartials.delete(oldest);
  }

  /** The utterance has its final. */
  dropPartial(utteranceKey: string): void {
    this.#openPartials.delete(utteranceKey);
  }

  /** What came after the message with this number. */
  since(after: number): Missed {
    return {
      unknownCount: after < this.#unknownThrough ? this.#unknownCount : 0,
      forgotten: this.#forgotten.filter(({ seq }) => seq > after),
      held: this.#held.filter(({ seq }) => seq > after),
    };
  }

  /** Lets go of everything. */
  clear(): void {
    this.#memory.give(this.#characters + this.#forgotten.length * FORGOTTEN_BYTES);
    this.#held = [];
    this.#characters = 0;
    this.#forgotten = [];
    this.#openPartials.clear();
  }

  #forgetOldest(): void {
    const oldest = this.#held.shift();
    if (oldest === undefined) return;
    this.#characters -= oldest.text.length;
    this.#memory.give(oldest.text.length);
    const { seq, utteranceKey } = oldest;
    if (utteranceKey === undefined) return;
    this.#forgotten.push({ seq, utteranceKey });
    this.#memory.take(FORGOTTEN_BYTES);
    if (this.#forgotten.length <= FORGOTTEN_MAX) return;
    this.#memory.give(FORGOTTEN_BYTES);
    this.#unknownThrough = this.#forgotten.shift()?.seq ?? 0;
    this.#unknownCount += 1;
  }
}
