import type { StoreClient } from "../../database/store-client.ts";
import { RecentCache } from "../../kernel/recent-cache.ts";
import type { SpeakerNames } from "../../relay/ports.ts";

/**
 * What becomes of a final whose call the database does not know.
 *
 * `require`: the application creates the calls, and a final of another one is not stored.
 * `create`: a call that does not exist is created by its first final.
 * Participants are created by their first final under both.
 */
export type SessionPolicy = "require" | "create";

export interface SpeakerIds {
  readonly videoSessionId: string;
  readonly participantId: string;
}

/**
 * Identifies a speaker among all calls. The names may hold any character, so the length of the first keeps them apart; half
 * a surrogate pair counts as what UTF-8, and so the database, makes of it.
 */
export function speakerKey({ sessionSlug, identity }: SpeakerNames): string {
  return `${sessionSlug.length} ${sessionSlug.toWellFormed()}${identity.toWellFormed()}`;
}

/** Finds the database's ids of speakers, and remembers the latest of them (R8). */
export class SpeakerDirectory {
  readonly #prisma: StoreClient;
  readonly #sessionPolicy: SessionPolicy;
  readonly #cached: RecentCache<string, SpeakerIds>;

  constructor(
    { prisma }: { readonly prisma: StoreClient },
    options: { readonly sessionPolicy: SessionPolicy; readonly idsCachedMax: number },
  ) {
    this.#prisma = prisma;
    this.#sessionPolicy = options.sessionPolicy;
    this.#cached = new RecentCache(options.idsCachedMax);
  }

  /**
   * The ids by `speakerKey`, with at most one statement for all that are not remembered (R3). A speaker whose call
   * does not exist is absent under `require`, and is looked for again the next time.
   */
  async resolve(speakers: readonly SpeakerNames[]): Promise<ReadonlyMap<string, SpeakerIds>> {
    // The batch keeps its own map, because it may hold more speakers than the cache.
    const found = new Map<string, SpeakerIds>();
    const missing = new Map<string, SpeakerNames>();
    for (const speaker of speakers) {
      const key = speakerKey(speaker);
      const ids = this.#cached.get(key);
      if (ids === undefined) missing.set(key, speaker);
      else found.set(key, ids);
    }
    if (missing.size === 0) return found;

    const rows = await findOrCreate(this.#prisma, [...missing.values()], this.#sessionPolicy);
    for (const row of rows) {
      const { videoSessionId, participantId } = row;
      found.set(speakerKey(row), { videoSessionId, participantId });
      this.#cached.set(speakerKey(row), { videoSessionId, participantId });
    }
    return found;
  }

  forget(speakers: readonly SpeakerNames[]): void {
    for (const speaker of speakers) this.#cached.delete(speakerKey(speaker));
  }
}

type ResolvedSpeaker = SpeakerNames & SpeakerIds;

/**
 * Finds or creates all speakers in one statement, while other processes do the same.
 *
 * DO NOTHING would hide a row that another process commits meanwhile, so a conflict rewrites a column with its own value. The
 * column is in no key: foreign keys are checked without waiting for it. Every process locks in the same order.
 */
async function findOrCreate(
  prisma: StoreClient,
  speakers: readonly SpeakerNames[],
  policy: SessionPolicy,
): Promise<readonly ResolvedSpeaker[]> {
  const slugs = [...new Set(speakers.map((speaker) => speaker.sessionSlug.toWellFormed()))];
  const slugsRequired = policy === "require" ? slugs : [];
  const slugsCreated = policy === "create" ? slugs : [];
  const { tables } = prisma;
  return prisma.$queryRaw<ResolvedSpeaker[]>`
    WITH speaker AS (
      SELECT * FROM unnest(
        ${speakers.map(() => Bun.randomUUIDv7())}::text[],
        ${speakers.map((speaker) => speaker.sessionSlug)}::text[],
        ${speakers.map((speaker) => speaker.identity)}::text[],
        ${speakers.map((speaker) => speaker.name)}::text[]
      ) AS speaker(id, slug, identity, name)
    ), created AS (
      INSERT INTO ${tables.videoSession} AS stored_call ("id", "slug")
      SELECT * FROM unnest(${slugsCreated.map(() => Bun.randomUUIDv7())}::text[], ${slugsCreated}::text[])
        AS new_call(id, slug)
      ORDER BY new_call.slug
      ON CONFLICT ("slug") DO UPDATE SET "status" = stored_call."status"
      RETURNING "id", "slug"
    ), call AS (
      SELECT "id", "slug" FROM created
      UNION ALL
      SELECT "id", "slug" FROM ${tables.videoSession} WHERE "slug" = ANY(${slugsRequired}::text[])
    ), participant AS (
      INSERT INTO ${tables.participant} AS stored ("id", "videoSessionId", "identity", "name")
      SELECT speaker.id, call."id", speaker.identity, speaker.name
      FROM speaker JOIN call ON call."slug" = speaker.slug
      ORDER BY speaker.slug, speaker.identity
      ON CONFLICT ("videoSessionId", "identity") DO UPDATE SET "name" = stored."name"
      RETURNING "id", "videoSessionId", "identity", "name"
    )
    SELECT call."slug" AS "sessionSlug", participant."identity", participant."name",
      call."id" AS "videoSessionId", participant."id" AS "participantId"
    FROM participant JOIN call ON call."id" = participant."videoSessionId"`;
}
