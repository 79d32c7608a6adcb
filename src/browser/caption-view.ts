import type { TranscriptionMessage } from "../gateway/protocol/server-messages.ts";

/** An hour of talk. Older lines are taken off the page; the transcript keeps them. */
const FINALS_MAX = 1000;

/**
 * Shows captions: finals stay in the order of their coming, partials stand below them and replace one another.
 *
 * The two lists are apart because `finals` is announced to screen readers, and what still changes is not. Text from the
 * network becomes `textContent` and nothing else.
 */
export class CaptionView {
  readonly #finals: HTMLElement;
  readonly #partials: HTMLElement;
  readonly #finalsById = new Map<string, HTMLElement>();
  readonly #partialsById = new Map<string, HTMLElement>();

  constructor(finals: HTMLElement, partials: HTMLElement) {
    this.#finals = finals;
    this.#partials = partials;
  }

  show(message: TranscriptionMessage): void {
    const id = message.utterance_id;
    const shown = this.#finalsById.get(id);
    if (!message.is_final) {
      // The final is the last word; a late partial says nothing new.
      if (shown === undefined) this.#put(message, this.#partialsById, this.#partials);
      return;
    }
    this.#partialsById.get(id)?.remove();
    this.#partialsById.delete(id);
    // Partials that were taken back leave nothing.
    if (message.text === "") return;
    this.#put(message, this.#finalsById, this.#finals);
    if (this.#finalsById.size > FINALS_MAX) this.#removeOldest();
  }

  /** Takes away what will not become final any more. */
  clearPartials(): void {
    this.#partials.replaceChildren();
    this.#partialsById.clear();
  }

  clear(): void {
    this.clearPartials();
    this.#finals.replaceChildren();
    this.#finalsById.clear();
  }

  #put(
    message: TranscriptionMessage,
    linesById: Map<string, HTMLElement>,
    list: HTMLElement,
  ): void {
    const line = createLine(message);
    const shown = linesById.get(message.utterance_id);
    if (shown === undefined) list.append(line);
    else shown.replaceWith(line);
    linesById.set(message.utterance_id, line);
  }

  #removeOldest(): void {
    const [oldest] = this.#finalsById;
    if (oldest === undefined) return;
    const [id, line] = oldest;
    line.remove();
    this.#finalsById.delete(id);
  }
}

function createLine(message: TranscriptionMessage): HTMLElement {
  const time = document.createElement("time");
  time.dateTime = message.started_at;
  time.textContent = new Date(message.started_at).toLocaleTimeString([], { timeStyle: "medium" });
  const text = document.createElement("p");
  text.textContent = message.text;
  text.dir = "auto";
  if (message.language !== undefined) text.lang = message.language;
  const line = document.createElement("li");
  line.append(time, text);
  return line;
}
