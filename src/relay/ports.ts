/**
 * What the relay needs of the rest of the program, and the words that both sides share.
 *
 * The relay knows no socket, no provider and no database: `app/` introduces the parts that implement these interfaces. Every
 * callback here is called on the event loop, never after the end that its comment names.
 */
import type { AppError } from "../kernel/errors.ts";
import type { RecognitionOptions } from "./recognition/recognition-options.ts";

/** A participant of a call, by the names that the application gave them: what is stored of a speaker. */
export interface SpeakerNames {
  /** The call. */
  readonly sessionSlug: string;
  /** The participant inside the call; unique there. */
  readonly identity: string;
  /** What people read; the identity where the token has no `name`. */
  readonly name: string;
}

/** Who speaks, as the token says it. */
export interface Speaker extends SpeakerNames {
  /** The token's `sub`: limits count by it. */
  readonly subject: string;
}

/** What a provider session says of one utterance, in its own words and times. */
export interface SpokenUtterance {
  /** Unique within its provider session only: every session begins to count anew. Partials and final share it. */
  readonly localId: string;
  /** Trimmed. */
  readonly text: string;
  readonly isFinal: boolean;
  /** Seconds of audio since the provider session's first byte. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly language: string | undefined;
  /** 0 to 1. */
  readonly confidence: number | undefined;
}

/** A final in another language, as a provider session reports it. Comes after the final; partials are not translated. */
export interface SpokenTranslation {
  /** Of the utterance that it translates. */
  readonly localId: string;
  /** Trimmed. */
  readonly text: string;
  readonly language: string;
  /** When the original was said, in seconds of audio since the provider session's first byte. */
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** One state of one utterance, at its place in the stream: seconds count the stream's audio from its first byte. */
export interface Utterance extends Omit<SpokenUtterance, "localId"> {
  /** "<provider session>:<local id>": unique for ever (R4), opaque to everyone. Partials and final share it. */
  readonly key: string;
}

/** A final in another language, at the place of what it translates. */
export interface TranslatedUtterance extends Omit<SpokenTranslation, "localId"> {
  /** Of the utterance that it translates. */
  readonly utteranceKey: string;
}

/** An utterance with wall-clock times: what a client is shown, and, when final, what is stored. */
export interface Transcript {
  /** Unique for ever (R4); a translation has one of its own. */
  readonly utteranceKey: string;
  /** The key of the utterance that this translates; undefined for what was said itself. */
  readonly translationOf: string | undefined;
  readonly text: string;
  readonly isFinal: boolean;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly language: string | undefined;
  readonly confidence: number | undefined;
}

/** A final in another language. */
export interface Translation extends Transcript {
  readonly translationOf: string;
  readonly language: string;
}

/**
 * Called by a stream. `onEnded` comes exactly once and last, unless the stream was aborted. Seconds count the stream's own
 * audio from its first byte, whatever the provider did with it.
 */
export interface SpeechStreamListener {
  /** Every place of the provider's account is taken; so many wait, up to and including this stream. Before `onReady` only. */
  onQueued(position: number): void;
  /** Audio is heard now. At most once. */
  onReady(providerSessionId: string): void;
  /** The provider is away; audio is kept until it is back. */
  onInterrupted(): void;
  /** The provider is back; what was kept is being sent. */
  onResumed(): void;
  /** Audio between the two was dropped before the provider could hear it (R12). */
  onGap(fromSeconds: number, toSeconds: number): void;
  onUtterance(utterance: Utterance): void;
  onTranslation(translation: TranslatedUtterance): void;
  /** Finals of a provider session that is over may not have been heard, and could not be fetched. */
  onUnheard(providerSessionId: string): void;
  /** From this moment on, the seconds of a provider session and the stream's run side by side. */
  onAligned(alignment: Alignment): void;
  /** `failure` is absent after a clean end: everything that was said has been reported. */
  onEnded(failure: AppError | undefined): void;
  /** R24: our side has met a bug while it worked for this stream. Its owner aborts it. Never throws. */
  readonly onFailed: (error: unknown) => void;
}

/** One moment of audio, as a provider session and as the stream counts it. */
export interface Alignment {
  readonly providerSessionId: string;
  /** Seconds of that session's audio. */
  readonly providerSeconds: number;
  /** Seconds of the stream's audio. */
  readonly sourceSeconds: number;
}

/** A way to the provider for one client, over as many provider sessions as it takes. */
export interface SpeechStream {
  /**
   * Hands over one frame, at any time before `finish`. It is kept until the provider has acknowledged it, is not copied and
   * must not change.
   */
  send(frame: Uint8Array): void;
  /** No more audio: the provider is asked for its trailing finals, then `onEnded` comes. Repetition is harmless. */
  finish(): void;
  /** Lets go at once. No callback comes afterwards. */
  abort(): void;
  /** Called a few times a second: what depends on time happens here. */
  sweep(nowMs: number): void;
  /** Answers by `onAligned` where this moment of the stream is for the provider, if it is connected. */
  locate(sourceSeconds: number): void;
}

/** Turns audio into utterances. `open` returns at once; the outcome comes through the listener. */
export interface SpeechProvider {
  open(options: RecognitionOptions, listener: SpeechStreamListener): SpeechStream;
}

/** Keeps finals, translated ones too. */
export interface TranscriptSink {
  /**
   * Calls `onKept` once, before it returns or a few milliseconds later: from then on the final survives the process (R1), or,
   * where it cannot be kept, everybody has been told. In the order of the calls.
   */
  append(speaker: SpeakerNames, transcript: Transcript, onKept: () => void): void;
}

/** What the one client that owns the audio is told, and nobody else (R20). With its socket gone, it keeps what may be asked for again. */
export interface OwnerFeed {
  /** Speech is heard from now on. */
  showReady(): void;
  showTranscript(transcript: Transcript): void;
  /** Comes after the final that it translates. */
  showTranslation(translation: Translation): void;
  /** Waits for a place of the provider's account, as number `position`. */
  showQueued(position: number): void;
  /** The provider is away; what is said is kept and comes late. */
  showInterrupted(): void;
  showResumed(): void;
  /** Audio between the two times was dropped and will never be transcribed (R12). */
  showGap(from: Date, to: Date): void;
  /** The session is over; the client closes its socket. `failure` is absent after a regular end. */
  end(failure: AppError | undefined): void;
}
