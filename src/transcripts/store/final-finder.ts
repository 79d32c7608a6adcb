import type { StoreClient } from "../../database/store-client.ts";
import { sleep } from "../../kernel/timers.ts";
import type { Transcript } from "../../relay/ports.ts";
import type { KeptFinals } from "../../relay/stored-transcript.ts";
import type { Journal } from "../journal/journal.ts";
import { findFinals } from "./segment-reader.ts";

export interface FinalFinderDeps {
  readonly prisma: StoreClient;
  readonly journal: Pick<Journal, "readAfter">;
}

/** Read in one go: about a millisecond. Sockets have their turn in between. */
const FINALS_PER_TURN = 200;

/**
 * Finds finals in the journal and in the database.
 *
 * The journal is asked first: a final leaves it only once it is committed, so that none slips through between the two.
 */
export function createFinalFinder({ prisma, journal }: FinalFinderDeps): KeptFinals {
  return {
    find: async (sessionSlug, utteranceKeys) => {
      const waiting = await findWaiting(journal, sessionSlug, new Set(utteranceKeys));
      const others = utteranceKeys.filter((key) => !waiting.has(key));
      if (others.length === 0) return waiting;
      const stored = await findFinals(prisma, sessionSlug, others);
      return new Map([...stored, ...waiting]);
    },
  };
}

/** The journal is short unless the database is away; then it is read to its end all the same. */
async function findWaiting(
  journal: Pick<Journal, "readAfter">,
  sessionSlug: string,
  wanted: ReadonlySet<string>,
): Promise<Map<string, Transcript>> {
  const found = new Map<string, Transcript>();
  let last: number | undefined = 0;
  while (last !== undefined && found.size < wanted.size) {
    const finals = journal.readAfter(last, FINALS_PER_TURN);
    for (const { speaker, transcript } of finals) {
      const { utteranceKey } = transcript;
      if (speaker.sessionSlug === sessionSlug && wanted.has(utteranceKey))
        found.set(utteranceKey, transcript);
    }
    last = finals.length < FINALS_PER_TURN ? undefined : finals.at(-1)?.sequence;
    if (last !== undefined) await sleep(0);
  }
  return found;
}
