import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Final, JournaledFinal } from "../../../src/transcripts/final.ts";
import { openJournal, type Journal } from "../../../src/transcripts/journal/journal.ts";

/** A folder of its own for journals, which are closed and gone with it. */
export interface JournalStage extends AsyncDisposable {
  readonly directory: string;
  /** Of the journal itself, for whoever looks behind it. */
  readonly path: string;
  open(options?: Partial<Parameters<typeof openJournal>[0]>): Journal;
}

export async function createJournalStage(): Promise<JournalStage> {
  const directory = await mkdtemp(join(tmpdir(), "stenogate-journal-"));
  const opened: Journal[] = [];
  return {
    directory,
    path: join(directory, "journal.sqlite"),
    open(options) {
      const journal = openJournal({ directory, bytesMax: 1e9, sync: "normal", ...options });
      opened.push(journal);
      return journal;
    },
    async [Symbol.asyncDispose]() {
      for (const journal of opened) journal.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** Resolves when it is kept, rejects when it is refused. */
export function keep(journal: Journal, final: Final): Promise<JournaledFinal> {
  const { promise, resolve, reject } = Promise.withResolvers<JournaledFinal>();
  journal.append(final, { onKept: resolve, onRefused: reject });
  return promise;
}

export function readAll(journal: Journal): readonly JournaledFinal[] {
  return journal.readAfter(0, Number.MAX_SAFE_INTEGER);
}

/** Transactions in the write-ahead log of a file: the frames that carry the size which the file has after a commit. */
export async function countCommits(path: string): Promise<number> {
  const log = await readFile(`${path}-wal`);
  if (log.length === 0) return 0;
  const pageBytes = log.readUInt32BE(8);
  const salt = log.subarray(16, 24);
  let commits = 0;
  for (let at = 32; at < log.length; at += 24 + pageBytes) {
    // Frames of an earlier round have another salt.
    if (!log.subarray(at + 8, at + 16).equals(salt)) break;
    if (log.readUInt32BE(at + 4) > 0) commits += 1;
  }
  return commits;
}
