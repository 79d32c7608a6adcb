/**
 * The provider sessions that are open, in the journal's file.
 *
 * A process that is killed never hears the finals that were on their way to it or still to come. The provider keeps them: with
 * what stands here the next process fetches them. A session is noted before its first audio and let go of when every final
 * of it is in the journal.
 *
 * Each change is a transaction of its own and survives what a final survives (`JournalOptions.sync`).
 */
import type { Database } from "bun:sqlite";
import type { SpeakerNames } from "../../relay/ports.ts";
import type { AbandonedSessions } from "../../relay/recovery/abandoned-sessions.ts";
import {
  decodeProviderClock,
  encodeProviderClock,
  type ProviderClock,
} from "../../relay/recovery/provider-clock.ts";
import type {
  AbandonedSession,
  ProviderSessionRecord,
} from "../../relay/recovery/provider-session-record.ts";
import { toJournalError } from "./journal-error.ts";

/** Far more than a process serves at once: a crowd that an earlier one abandoned has room beside it. */
const SESSIONS_MAX = 10_000;

/** Characters of an encoded clock: several hundred pauses and resumes. One beyond that is not noted. */
const CLOCK_LENGTH_MAX = 65_536;

export const PROVIDER_SESSION_SCHEMA = `
  CREATE TABLE liveSession (
    providerSessionId TEXT PRIMARY KEY, speaker TEXT NOT NULL, startedAtMs INTEGER NOT NULL,
    timeline TEXT NOT NULL
  ) STRICT;
`;

const INSERT = `INSERT OR REPLACE INTO liveSession (providerSessionId, speaker, startedAtMs, timeline)
  VALUES (?, ?, ?, ?)`;

/** A session as the file keeps it. */
export interface StoredSession {
  readonly providerSessionId: string;
  readonly speaker: string;
  readonly startedAtMs: number;
  readonly timeline: string;
}

/** Changes that the file does not take are passed over: see `ProviderSessionRecord`. A closed file takes none. */
export class ProviderSessionBook implements ProviderSessionRecord, AbandonedSessions {
  #file: Database;
  readonly #ids: Set<string>;
  /** Those of `#ids` that an earlier process noted. */
  readonly #abandonedIds: Set<string>;

  constructor({ file }: { readonly file: Database }) {
    this.#file = file;
    const stored = file.query<Pick<StoredSession, "providerSessionId">, []>(
      "SELECT providerSessionId FROM liveSession",
    );
    this.#ids = new Set(stored.all().map(({ providerSessionId }) => providerSessionId));
    this.#abandonedIds = new Set(this.#ids);
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

  /** Replaces an entry of the same id. Beyond 10 000 sessions nothing is noted. */
  opened(speaker: SpeakerNames, providerSessionId: string, clock: ProviderClock): void {
    const timeline = encodeProviderClock(clock);
    const hasRoom = this.#ids.size < SESSIONS_MAX || this.#ids.has(providerSessionId);
    if (!hasRoom || timeline.length > CLOCK_LENGTH_MAX) return;
    const startedAtMs = clock[0]?.[1] ?? Date.now();
    const values = [providerSessionId, encodeSpeaker(speaker), startedAtMs, timeline];
    if (!this.#change(INSERT, values)) return;
    this.#ids.add(providerSessionId);
    this.#abandonedIds.delete(providerSessionId);
  }

  update(providerSessionId: string, clock: ProviderClock): void {
    const timeline = encodeProviderClock(clock);
    if (timeline.length > CLOCK_LENGTH_MAX) return;
    this.#change("UPDATE liveSession SET timeline = ? WHERE providerSessionId = ?", [
      timeline,
      providerSessionId,
    ]);
  }

  closed(providerSessionId: string): void {
    const sql = "DELETE FROM liveSession WHERE providerSessionId = ?";
    if (!this.#change(sql, [providerSessionId])) return;
    this.#ids.delete(providerSessionId);
    this.#abandonedIds.delete(providerSessionId);
  }

  /** A damaged entry is left out. Throws a `JournalError`. */
  abandoned(): readonly AbandonedSession[] {
    try {
      return this.readAll()
        .filter(({ providerSessionId }) => this.#abandonedIds.has(providerSessionId))
        .flatMap(({ speaker: encoded, timeline, ...session }) => {
          const speaker = decodeSpeaker(encoded);
          if (speaker === undefined) return [];
          return [{ ...session, speaker, clock: decodeProviderClock(timeline) }];
        });
    } catch (error) {
      throw toJournalError(error, "reading the sessions that an earlier process left");
    }
  }

  /** Whether the file has changed. */
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
