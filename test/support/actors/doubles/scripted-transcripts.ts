import {
  TRANSCRIPT_START,
  type PageCursor,
  type PageSelection,
  type StoredSegment,
  type StoredTranscript,
  type TranscriptPage,
  type TranscriptPlace,
  type TranscriptReader,
  type TranscriptSelection,
} from "../../../../src/relay/stored-transcript.ts";

/** Stored transcripts without a database. A place in one is the number of segments before it. */
export class ScriptedTranscripts implements TranscriptReader {
  /** By slug, translations by "<slug> <language>"; an `Error` is what reading them fails with. */
  readonly stored = new Map<string, readonly StoredSegment[] | Error>();
  /** What each read waits for. */
  gate: Promise<void> = Promise.resolve();
  /** Reads that have begun. */
  readCount = 0;

  async read(slug: string, selection: TranscriptSelection): Promise<StoredTranscript | null> {
    const segments = await this.#find(slug, selection);
    if (segments === null) return null;
    return {
      segments: segments.slice(0, selection.limit),
      hasMore: segments.length > selection.limit,
      beganAt: segments[0]?.startedAt,
    };
  }

  async readPage(slug: string, selection: PageSelection): Promise<TranscriptPage | null> {
    const segments = await this.#find(slug, selection);
    if (segments === null) return null;
    const { place } = selection.after;
    const begin = place.atUs === TRANSCRIPT_START.atUs ? 0 : place.atUs;
    const end = Math.min(begin + selection.limit, segments.length);
    return {
      segments: segments.slice(begin, end),
      hasMore: end < segments.length,
      next: end === begin ? selection.after : toCursor({ atUs: end, id: `segment-${end}` }),
    };
  }

  async #find(slug: string, { language }: TranscriptSelection) {
    this.readCount += 1;
    await this.gate;
    const found = this.stored.get(language === undefined ? slug : `${slug} ${language}`);
    if (found instanceof Error) throw found;
    return found ?? null;
  }
}

function toCursor(place: TranscriptPlace): PageCursor {
  return { place, settled: place };
}
