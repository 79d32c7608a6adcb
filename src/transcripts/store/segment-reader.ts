import type { TranscriptSegment } from "../../database/generated/client.ts";
import type { StoreClient } from "../../database/store-client.ts";
import { toStoreError } from "../../database/store-error.ts";
import { assert } from "../../kernel/assert.ts";
import type { Transcript } from "../../relay/ports.ts";
import type { TranslationCode } from "../../relay/recognition/language-codes.ts";
import {
  TRANSCRIPT_START,
  type PageSelection,
  type StoredTranscript,
  type TranscriptPage,
  type TranscriptPlace,
  type TranscriptReader,
  type TranscriptSelection,
} from "../../relay/stored-transcript.ts";
import { selectFinals, type FinalRows } from "./final-rows.ts";
import { advanceCursor } from "./page-progress.ts";

/** More keys of one look-up than any client misses while it is away, and few enough for one short statement. */
const KEYS_MAX = 500;

/** Reads what the process's database holds. */
export function createTranscriptReader(prisma: StoreClient): TranscriptReader {
  return {
    read: (sessionSlug, selection) => readSegments(prisma, sessionSlug, selection),
    readPage: (sessionSlug, selection) => readPage(prisma, sessionSlug, selection),
  };
}

/** The first finals of a call; `null` when there is no such call. Rejects with a `StoreError`. */
export async function readSegments(
  prisma: StoreClient,
  sessionSlug: string,
  { limit, language }: TranscriptSelection,
): Promise<StoredTranscript | null> {
  const transcript = await openTranscript(prisma, sessionSlug, language);
  if (transcript === null) return null;
  const { rows, hasMore } = await transcript.read(limit, TRANSCRIPT_START);
  return { segments: rows.map(({ segment }) => segment), hasMore, beganAt: transcript.beganAt };
}

/** A call's finals in the order in which they began, as they stand at each `read`. */
export interface OpenTranscript {
  readonly beganAt: Date | undefined;
  /** Rejects with a `StoreError`. */
  read(limit: number, after: TranscriptPlace): Promise<FinalRows>;
}

/** For reading a transcript of any length in parts; `null` when there is no such call. Rejects with a `StoreError`. */
export async function openTranscript(
  prisma: StoreClient,
  sessionSlug: string,
  language: TranslationCode | undefined,
): Promise<OpenTranscript | null> {
  const call = await translated(() =>
    prisma.videoSession.findUnique({
      where: { slug: sessionSlug },
      select: {
        id: true,
        segments: {
          where: { isFinal: true },
          orderBy: [{ startedAt: "asc" }, { id: "asc" }],
          take: 1,
          select: { startedAt: true },
        },
      },
    }),
  );
  if (call === null) return null;
  return {
    beganAt: call.segments[0]?.startedAt,
    read: (limit, after) =>
      translated(() => selectFinals(prisma, call.id, "startedAt", { limit, language, after })),
  };
}

async function readPage(
  prisma: StoreClient,
  sessionSlug: string,
  { limit, language, after }: PageSelection,
): Promise<TranscriptPage | null> {
  const call = await translated(() =>
    prisma.videoSession.findUnique({ where: { slug: sessionSlug }, select: { id: true } }),
  );
  if (call === null) return null;
  const selection = { limit, language, after: after.place };
  const page = await translated(() => selectFinals(prisma, call.id, "createdAt", selection));
  const segments = page.rows
    .map(({ segment }) => segment)
    .toSorted((one, other) => one.startedAt.getTime() - other.startedAt.getTime());
  return { segments, hasMore: page.hasMore, next: advanceCursor(after, page) };
}

async function translated<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw toStoreError(error, "reading a transcript");
  }
}

/**
 * Stored finals by their own keys, a translation's too. Those that are not stored, not yet or not in this call, are absent.
 * At most 500 keys. Rejects with a `StoreError`.
 */
export async function findFinals(
  prisma: StoreClient,
  sessionSlug: string,
  utteranceKeys: readonly string[],
): Promise<ReadonlyMap<string, Transcript>> {
  assert(
    utteranceKeys.length <= KEYS_MAX,
    `expected at most ${KEYS_MAX} keys, got ${utteranceKeys.length}`,
  );
  // PostgreSQL stores no NUL, and refuses a statement that asks for one.
  const storable = utteranceKeys.filter((key) => !key.includes("\0"));
  if (storable.length === 0) return new Map();
  try {
    const call = await prisma.videoSession.findUnique({
      where: { slug: sessionSlug },
      select: {
        segments: {
          where: { utteranceId: { in: storable }, isFinal: true },
          select: {
            utteranceId: true,
            translationOf: true,
            text: true,
            language: true,
            confidence: true,
            startedAt: true,
            endedAt: true,
          },
        },
      },
    });
    return new Map(call?.segments.map((row) => [row.utteranceId, toTranscript(row)]));
  } catch (error) {
    throw toStoreError(error, "looking finals up");
  }
}

type TranscriptRow = Pick<
  TranscriptSegment,
  "utteranceId" | "translationOf" | "text" | "language" | "confidence" | "startedAt" | "endedAt"
>;

/** A row without an end is another program's; it ends where it begins. */
function toTranscript(row: TranscriptRow): Transcript {
  return {
    utteranceKey: row.utteranceId,
    translationOf: row.translationOf ?? undefined,
    text: row.text,
    isFinal: true,
    startedAt: row.startedAt,
    endedAt: row.endedAt ?? row.startedAt,
    language: row.language ?? undefined,
    confidence: row.confidence ?? undefined,
  };
}
