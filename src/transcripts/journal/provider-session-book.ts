/**
 * The provider sessions that are open, in the journal's file.
 *
 * A process that is killed never hears the finals that were on their way to it or still to come.
 * The provider keeps them: with what stands here the next process fetches them. A session is noted
 * before its first audio and let go of when every final of it is in the journal.
 *
 * Each change is a transaction of its own and survives what a final survives
 * (`JournalOptions.sync`).
 */
import type { Database } from "bun:sqlite";
import type { SpeakerNames } from "../../relay/ports.ts";
import { toJournalError } from "./journal-error.ts";

/** A provider session, and what is needed to store its finals without anybody who remembers it. */
export interface LiveSessionEntry extends SpeakerNames {
  readonly providerSessionId: string;
  readonly startedAtMs: number;
  /** Maps the provider's positions to wall-clock time; opaque here. */
  readonly timeline: string;
}

/** Far more than a process serves at once: a crowd that an earlier one left has room beside it. */
const SESSIONS_MAX = 10_000;

/** Several hundred pauses and resumes; a timeline beyond that is not noted. */
const TIMELINE_LENGTH_MAX = 65_536;

export const LIVE_SESSION_SCHEMA = `
  CREATE TABLE liveSession (
    providerSessionId TEXT PRIMARY KEY, speaker TEXT NOT NULL, startedAtMs INTEGER NOT NULL,
    timeline TEXT NOT NULL
  ) STRICT;
`;

const INSERT = `INSERT OR REPLACE INTO liveSession (providerSessionId, speaker, startedAtMs, timeline)
  VALUES (?, ?, ?, ?)`;

export type StoredSession = Omit<LiveSessionEntry, keyof SpeakerNames> & {
  readonly speaker: string;
};

/**
 * Changes never throw: each says whether the file has it now. A session that could not be noted
 * goes on without a net, and one that could not be let go of is fetched once more, which changes
 * nothing (R4).
 */
export class LiveSessionBook {
  #file: Database;
  readonly #ids: Set<string>;
  /** Those of `#ids` that an earlier process noted. */
  readonly #leftIds: Set<string>;

  constructor({ file }: { readonly file: Database }) {
    this.#file = file;
    const stored = file.query<Pick<StoredSession, "providerSessionId">, []>(
      "SELECT providerSessionId FROM liveSession",
    );
    this.#ids = new Set(stored.all().map(({ providerSessionId }) => providerSessionId));
    this.#leftIds = new Set(this.#ids);
  }

  /** As they are stored. Throws what SQLite throws. */
  readAll(): readonly StoredSession[] {
    return this.#file
      .query<StoredSession, []>(
        "SELECT providerSessionId, speaker, startedAtMs, timeline FROM liveSession ORDER BY startedAtMs",
      )
      .all();
  }

  /** Goes on in another file. Sessions that it has no room for go on without a net. */
  moveTo(file: Database, sessions: readonly StoredSession[]): void {
    this.#file = file;
    for (const { providerSessionId, speaker, startedAtMs, timeline } of sessions) {
      this.#change(INSERT, [providerSessionId, speaker, startedAtMs, timeline]);
    }
  }

  get count(): number {
    return this.#ids.size;
  }

  /** Replaces an entry of the same id. False also when there are 10 000 already. */
  opened(session: LiveSessionEntry): boolean {
    const { providerSessionId, startedAtMs, timeline } = session;
    const hasRoom = this.#ids.size < SESSIONS_MAX || this.#ids.has(providerSessionId);
    if (!hasRoom || timeline.length > TIMELINE_LENGTH_MAX) return false;
    const values = [providerSessionId, encodeSpeaker(session), startedAtMs, timeline];
    const isNoted = this.#change(INSERT, values);
    if (isNoted) this.#ids.add(providerSessionId);
    if (isNoted) this.#leftIds.delete(providerSessionId);
    return isNoted;
  }

  /**
   * Called when positions begin to map to other times, not with every frame. False for an unknown
   * session too.
   */
  update(providerSessionId: string, timeline: string): boolean {
    if (timeline.length > TIMELINE_LENGTH_MAX) return false;
    return this.#change("UPDATE liveSession SET timeline = ? WHERE providerSessionId = ?", [
      timeline,
      providerSessionId,
    ]);
  }

  /**
   * Every final of the session is in the journal, or will never come. False for an unknown session
   * too.
   */
  closed(providerSessionId: string): boolean {
    const isGone = this.#change("DELETE FROM liveSession WHERE providerSessionId = ?", [
      providerSessionId,
    ]);
    if (isGone) this.#ids.delete(providerSessionId);
    if (isGone) this.#leftIds.delete(providerSessionId);
    return isGone;
  }

  /**
   * What an earlier process left and nobody has closed since, oldest first. A damaged entry is left
   * out. Throws a `JournalError`.
   */
  left(): readonly LiveSessionEntry[] {
    try {
      return this.readAll()
        .filter(({ providerSessionId }) => this.#leftIds.has(providerSessionId))
        .flatMap(({ speaker, ...session }) => {
          const names = decodeSpeaker(speaker);
          return names === undefined ? [] : [{ ...session, ...names }];
        });
    } catch (error) {
      throw toJournalError(error, "reading the sessions that an earlier process left");
    }
  }

  #change(sql: string, values: readonly (string | number)[]): boolean {
    try {
      return this.#file.query(sql).run(...values).changes > 0;
    } catch {
      // The caller goes on without it; the journal's own writes tell what is wrong with the file.
      return false;
    }
  }
}

/** JSON, because SQLite ends a text at U+0000, and half a name would be somebody else's. */
function encodeSpeaker({ sessionSlug, identity, name }: SpeakerNames): string {
  return JSON.stringify([sessionSlug, identity, name]);
}

function decodeSpeaker(speaker: string): SpeakerNames | undefined {
  let names: unknown;
  try {
    names = JSON.parse(speaker);
  } catch {
    // The parser's message quotes names; that the entry is damaged is all that counts.
    return undefined;
  }
  if (!Array.isArray(names)) return undefined;
  const [sessionSlug, identity, name] = names.filter((value) => typeof value === "string");
  if (sessionSlug === undefined || identity === undefined || name === undefined) return undefined;
  return { sessionSlug, identity, name };
}
