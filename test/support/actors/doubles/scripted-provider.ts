import type { AppError } from "../../../../src/kernel/errors.ts";
import type {
  Alignment,
  SpeechProvider,
  SpeechStream,
  SpeechStreamListener,
  TranslatedUtterance,
  Utterance,
} from "../../../../src/relay/ports.ts";
import type { RecognitionOptions } from "../../../../src/relay/recognition/recognition-options.ts";

/** A provider that says what the test tells it to, when the test tells it to. */
export class ScriptedProvider implements SpeechProvider {
  readonly streams: ScriptedStream[] = [];
  /** Makes every stream ready by itself, in a later turn; ids are `provider-1`, `provider-2` … */
  isReadyAtOnce = false;

  open(options: RecognitionOptions, listener: SpeechStreamListener): SpeechStream {
    const stream = new ScriptedStream(options, listener);
    this.streams.push(stream);
    const id = `provider-${this.streams.length}`;
    if (this.isReadyAtOnce) queueMicrotask(() => stream.becomeReady(id));
    return stream;
  }

  /** The stream that was opened last. */
  get stream(): ScriptedStream {
    return this.streams.at(-1)!;
  }
}

/** What was handed to the provider, and its side of the port. `abort` silences it. */
export class ScriptedStream implements SpeechStream {
  readonly options: RecognitionOptions;
  readonly sent: Uint8Array[] = [];
  finishCount = 0;
  sweepCount = 0;
  /** Seconds of the stream that were asked for. */
  readonly located: number[] = [];
  isAborted = false;
  /** Thrown by `send`, `finish` and `sweep`. */
  bug: Error | undefined;
  readonly #listener: SpeechStreamListener;

  constructor(options: RecognitionOptions, listener: SpeechStreamListener) {
    this.options = options;
    this.#listener = listener;
  }

  send(frame: Uint8Array): void {
    if (this.bug !== undefined) throw this.bug;
    this.sent.push(frame);
  }

  finish(): void {
    if (this.bug !== undefined) throw this.bug;
    this.finishCount += 1;
  }

  abort(): void {
    this.isAborted = true;
  }

  sweep(): void {
    if (this.bug !== undefined) throw this.bug;
    this.sweepCount += 1;
  }

  locate(sourceSeconds: number): void {
    this.located.push(sourceSeconds);
  }

  align(alignment: Partial<Alignment>): void {
    if (this.isAborted) return;
    const begin = { providerSessionId: "provider-1", providerSeconds: 0, sourceSeconds: 0 };
    this.#listener.onAligned({ ...begin, ...alignment });
  }

  queue(position: number): void {
    if (!this.isAborted) this.#listener.onQueued(position);
  }

  interrupt(): void {
    if (!this.isAborted) this.#listener.onInterrupted();
  }

  resume(): void {
    if (!this.isAborted) this.#listener.onResumed();
  }

  lose(fromSeconds: number, toSeconds: number): void {
    if (!this.isAborted) this.#listener.onGap(fromSeconds, toSeconds);
  }

  becomeReady(providerSessionId = "provider-1"): void {
    if (!this.isAborted) this.#listener.onReady(providerSessionId);
  }

  say(utterance: Partial<Utterance>): void {
    if (!this.isAborted) this.#listener.onUtterance(anUtterance(utterance));
  }

  translate(translation: Partial<TranslatedUtterance>): void {
    if (!this.isAborted) this.#listener.onTranslation(aTranslation(translation));
  }

  /** Our side meets a bug in one of the stream's callbacks. */
  fail(bug: Error): void {
    if (!this.isAborted) this.#listener.onFailed(bug);
  }

  end(failure?: AppError): void {
    if (!this.isAborted) this.#listener.onEnded(failure);
  }
}

export function anUtterance(changes: Partial<Utterance> = {}): Utterance {
  return {
    key: "provider-1:00_00000000",
    text: "good morning",
    isFinal: true,
    startSeconds: 0,
    endSeconds: 1,
    language: "en",
    confidence: 0.9,
    ...changes,
  };
}

/** The translation of `anUtterance`. */
export function aTranslation(changes: Partial<TranslatedUtterance> = {}): TranslatedUtterance {
  return {
    utteranceKey: "provider-1:00_00000000",
    text: "bonjour",
    language: "fr",
    startSeconds: 0,
    endSeconds: 1,
    ...changes,
  };
}
