/** What is read back of a call: by whom and how is decided in the gateway, from where in the transcripts' store. */
import type { Transcript } from "./ports.ts";
import type { TranslationCode } from "./recognition/language-codes.ts";

/** One stored final, with who said it. */
export interface StoredSegment {
  /** A translation has that of what it translates. */
  readonly utteranceKey: string;
  readonly text: string;
  readonly language: string | null;
  /** 0 to 1. */
  readonly confidence: number | null;
  /** Null when the participant's row is gone. */
  readonly speaker: { readonly identity: string; readonly name: string } | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

/** A place behind one final, in the order in which finals are read. */
export interface TranscriptPlace {
  /** The final's time by which the order goes, in microseconds since the epoch: PostgreSQL's own resolution. */
  readonly atUs: number;
  /** Of the final; decides between equal times. Empty before the first one. */
  readonly id: string;
}

/** Before the first final of any transcript: a time in 1684. */
export const TRANSCRIPT_START: TranscriptPlace = { atUs: Number.MIN_SAFE_INTEGER, id: "" };

export interface StoredTranscript {
  /** In the order in which they began. */
  readonly segments: readonly StoredSegment[];
  /** True when the limit cut the end off. */
  readonly hasMore: boolean;
  /** When the first final of the call began, in whatever language: captions of all of them count from it. */
  readonly beganAt: Date | undefined;
}

/** Which finals of a call are read. */
export interface TranscriptSelection {
  /** The first ones, at most this many. */
  readonly limit: number;
  /** Reads translations into this language; what was said itself where undefined. */
  readonly language: TranslationCode | undefined;
}

/** How far a reader of pages has come. */
export interface PageCursor {
  /** The next page begins behind it. */
  readonly place: TranscriptPlace;
  /** The reader has every final up to here. Behind it one may still appear. At `place`, or before it. */
  readonly settled: TranscriptPlace;
}

export interface PageSelection extends TranscriptSelection {
  /** What an earlier page said to be next. */
  readonly after: PageCursor;
}

export interface TranscriptPage {
  /** In the order in which they began; another page may hold one that began between them. */
  readonly segments: readonly StoredSegment[];
  /** True when the next page holds finals already. */
  readonly hasMore: boolean;
  readonly next: PageCursor;
}

/** Reads finals back, for whoever may see them. Both give null when no such call is stored, and reject with an `AppError`. */
export interface TranscriptReader {
  /** From the first one, in the order in which they began. */
  read(sessionSlug: string, selection: TranscriptSelection): Promise<StoredTranscript | null>;
  /**
   * In the order in which they were stored. Whoever goes on following `next` gets every final, those too that are committed in
   * another order than they were written. One that was stored just now comes again.
   */
  readPage(sessionSlug: string, selection: PageSelection): Promise<TranscriptPage | null>;
}

/** Finds finals by their keys, wherever they are on their way to the database. */
export interface KeptFinals {
  /** Those that are found; rejects with an `AppError`. At most 200 keys, all of one call. */
  find(
    sessionSlug: string,
    utteranceKeys: readonly string[],
  ): Promise<ReadonlyMap<string, Transcript>>;
}
