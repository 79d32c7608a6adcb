/** Ways to write finals into one database, each as fast as it goes with one writer. */
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import type { Database } from "../../src/database/db.ts";
import type { Final } from "../../src/transcripts/final.ts";
import {
  BACKLOG_BATCH_ROWS,
  BACKLOG_STATEMENTS,
} from "../../src/transcripts/queue/waiting-finals.ts";
import { SpeakerDirectory, speakerKey } from "../../src/transcripts/store/segment-speakers.ts";
import { SegmentStore } from "../../src/transcripts/store/segment-store.ts";
import { createGuardedFolder } from "../support/probes/guarded-folder.ts";

/**
 * `upsert-each`: one upsert for each final, as many at once as there are connections.
 * `upsert-transaction`: one transaction of a hundred upserts after the other.
 * `store-100`, `store-1000`: `SegmentStore.write` with so many finals a batch.
 * `store-backlog`: what the batch queue does with a backlog: as many large batches at once as `takeBatches` gives it.
 * `copy-stored`: COPY, a hundred finals at once, into the real table: its write-ahead log, indexes and foreign keys.
 * `copy-keyed`: the same into an unlogged table with the same indexes, and no foreign keys.
 * `copy-bare`: one COPY of everything into an unlogged table without any index: what the server can do at all.
 */
export const SCHEME_NAMES = [
  "upsert-each",
  "upsert-transaction",
  "store-100",
  "store-1000",
  "store-backlog",
  "copy-stored",
  "copy-keyed",
  "copy-bare",
] as const;

export type SchemeName = (typeof SCHEME_NAMES)[number];
export type WriteScheme = (finals: readonly Final[]) => Promise<void>;

export interface WriteSchemes extends AsyncDisposable {
  readonly schemes: Readonly<Record<SchemeName, WriteScheme>>;
}

const BATCH_ROWS = 100;

/** More than there are speakers: the ids are looked up once, before anything is measured. */
const DIRECTORY = { sessionPolicy: "create", idsCachedMax: 1000 } as const;

const COPIED_COLUMNS = `"id", "videoSessionId", "participantId", "utteranceId", "text", "language",
  "confidence", "startedAt", "endedAt"`;

export async function createWriteSchemes(
  database: Database,
  { url, connectionsMax }: { readonly url: string; readonly connectionsMax: number },
): Promise<WriteSchemes> {
  await using opened = new AsyncDisposableStack();
  const { prisma } = database;
  const store = new SegmentStore(database, DIRECTORY);
  const directory = new SpeakerDirectory(database, DIRECTORY);
  const client = new Client({ connectionString: url });
  await client.connect();
  opened.defer(() => client.end());
  await client.query(`
    CREATE UNLOGGED TABLE keyed (LIKE "TranscriptSegment" INCLUDING DEFAULTS INCLUDING INDEXES);
    CREATE UNLOGGED TABLE bare (LIKE "TranscriptSegment" INCLUDING DEFAULTS)`);
  const folder = opened.use(await createGuardedFolder("stenogate-copy-"));
  // The server may run as another user, who has to find the file.
  await chmod(folder.path, 0o755);
  const path = join(folder.path, "finals");

  const upsertAll = async (finals: readonly Final[]) =>
    (await identify(directory, finals)).map((segment) => {
      const { videoSessionId, utteranceId, text, language, confidence, endedAt } = segment;
      return prisma.transcriptSegment.upsert({
        where: { videoSessionId_utteranceId: { videoSessionId, utteranceId } },
        create: segment,
        update: { text, language, confidence, endedAt },
      });
    });
  const copy = async (finals: readonly Final[], table: string) => {
    await Bun.write(path, (await identify(directory, finals)).map(toCopyLine).join(""));
    await client.query(`COPY ${table} (${COPIED_COLUMNS}) FROM '${path}'`);
  };
  const inBatches =
    (rows: number, write: (batch: readonly Final[]) => Promise<unknown>) =>
    async (finals: readonly Final[]) => {
      for (let at = 0; at < finals.length; at += rows) await write(finals.slice(at, at + rows));
    };

  const owned = opened.move();
  return {
    schemes: {
      "upsert-each": inBatches(connectionsMax, async (few) => Promise.all(await upsertAll(few))),
      "upsert-transaction": inBatches(BATCH_ROWS, async (batch) =>
        prisma.$transaction(await upsertAll(batch)),
      ),
      "store-100": inBatches(BATCH_ROWS, (batch) => store.write(batch)),
      "store-1000": inBatches(1000, (batch) => store.write(batch)),
      "store-backlog": inBatches(BACKLOG_STATEMENTS * BACKLOG_BATCH_ROWS, (backlog) => {
        const batches = Array.from({ length: BACKLOG_STATEMENTS }, (_, index) =>
          backlog.slice(index * BACKLOG_BATCH_ROWS, (index + 1) * BACKLOG_BATCH_ROWS),
        );
        return Promise.all(batches.map((batch) => store.write(batch)));
      }),
      "copy-stored": inBatches(BATCH_ROWS, (batch) => copy(batch, '"TranscriptSegment"')),
      "copy-keyed": inBatches(BATCH_ROWS, (batch) => copy(batch, "keyed")),
      "copy-bare": (finals) => copy(finals, "bare"),
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A row of the table. The rivals get the ids of sessions and participants as the store does, from memory. */
async function identify(directory: SpeakerDirectory, finals: readonly Final[]) {
  const idsByKey = await directory.resolve(finals.map(({ speaker }) => speaker));
  return finals.map(({ speaker, transcript }) => ({
    ...idsByKey.get(speakerKey(speaker))!,
    utteranceId: transcript.utteranceKey,
    text: transcript.text,
    language: transcript.language ?? null,
    confidence: transcript.confidence ?? null,
    startedAt: transcript.startedAt,
    endedAt: transcript.endedAt,
  }));
}

/** The finals of this measurement hold nothing that COPY would read as anything but itself. */
function toCopyLine(segment: Awaited<ReturnType<typeof identify>>[number]): string {
  const { videoSessionId, participantId, utteranceId, text, language, confidence } = segment;
  const names = [Bun.randomUUIDv7(), videoSessionId, participantId, utteranceId];
  const times = [segment.startedAt.toISOString(), segment.endedAt.toISOString()];
  return `${[...names, text, language, confidence, ...times].join("\t")}\n`;
}
