import { expect, test } from "bun:test";
import { Client } from "pg";
import { openDatabase } from "../../../src/database/db.ts";
import { createTranscriptReader } from "../../../src/transcripts/store/segment-reader.ts";
import { SegmentStore } from "../../../src/transcripts/store/segment-store.ts";
import { describeFindFinals } from "../../suites/segment-reader-suite.ts";
import {
  ageAll,
  BEGINNING,
  describeTranscriptPages,
  finalAt,
  textsOf,
} from "../../suites/transcript-pages-suite.ts";
import { createServerWorld } from "../../support/actors/databases/database-world.ts";
import { postgres } from "../../support/actors/databases/postgres.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";

describeFindFinals("PostgreSQL", createServerWorld);
describeTranscriptPages("PostgreSQL", createServerWorld);

/** Starting a server takes a second. */
const LIMIT_MS = 60_000;

/** A database with one call, the process's own reader of it, and writers that commit when they are told to. */
async function setup() {
  const server = await postgres.createDatabase();
  const database = await openDatabase({ kind: "postgres", url: server.url, connectionsMax: 2 });
  const { prisma } = database;
  const store = new SegmentStore({ prisma }, { sessionPolicy: "create", idsCachedMax: 100 });
  await store.write([finalAt(0)]);
  await ageAll(server, 60_000);
  const call = await prisma.videoSession.findUniqueOrThrow({ where: { slug: "standup" } });
  const reader = createTranscriptReader(prisma);
  const clients: Client[] = [];
  return {
    reader: (after = BEGINNING, limit = 1000) =>
      reader.readPage("standup", { after, limit, language: undefined }).then((page) => page!),
    /** A transaction that has begun now, and holds this final. It is not settled, however slow the test. */
    async begin(seconds: number) {
      const client = new Client({ connectionString: server.url });
      clients.push(client);
      await client.connect();
      await client.query("BEGIN");
      await client.query(
        `INSERT INTO "TranscriptSegment" ("id", "videoSessionId", "utteranceId", "text", "startedAt", "createdAt")
         VALUES ($1, $2, $3, $3, now(), now() + interval '1 h')`,
        [Bun.randomUUIDv7(), call.id, String(seconds)],
      );
      return async () => {
        await client.query("COMMIT");
      };
    },
    /** A transaction that keeps everybody from the finals. */
    async lock() {
      const client = new Client({ connectionString: server.url });
      clients.push(client);
      await client.connect();
      await client.query('BEGIN; LOCK TABLE "TranscriptSegment" IN ACCESS EXCLUSIVE MODE');
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.end()));
      await database.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

test(
  "[R2] a poller gets a batch that began first and is committed last",
  async () => {
    await using setting = await setup();
    const { reader, begin } = setting;
    const first = await reader();
    expect(textsOf(first)).toEqual(["0"]);
    const commitEarly = await begin(1);
    const commitLate = await begin(2);
    await commitLate();
    const second = await reader(first.next);
    expect(textsOf(second)).toEqual(["2"]);
    await commitEarly();
    const third = await reader(second.next);
    expect(textsOf(third)).toEqual(["1", "2"]);
  },
  LIMIT_MS,
);

test(
  "[R2] a poller gets every final of writers that commit in any order",
  async () => {
    await using setting = await setup();
    const { reader, begin } = setting;
    const random = seededRandom("commits in any order");
    const open: (() => Promise<void>)[] = [];
    const seen = new Set<string>();
    let cursor = BEGINNING;
    const poll = async () => {
      const page = await reader(cursor, random.whole(1, 6));
      for (const text of textsOf(page)) seen.add(text);
      cursor = page.next;
      return page.hasMore;
    };
    for (let seconds = 1; seconds <= 30; seconds += 1) {
      open.push(await begin(seconds));
      if (random.next() < 0.7) await open.splice(random.whole(0, open.length - 1), 1)[0]!();
      if (random.next() < 0.7) await poll();
    }
    for (const commit of open) await commit();
    // One round may have been under way; the next one begins behind what is settled.
    for (let round = 0; round < 2; round += 1) while (await poll());
    expect(seen.size).toBe(31);
  },
  LIMIT_MS,
);

test(
  "a read that the database does not get on with ends, and counts as an outage",
  async () => {
    await using setting = await setup();
    const { reader, lock } = setting;
    await lock();
    const failure = await reader().catch((error) => error);
    expect(failure).toMatchObject({ code: "database-unreachable", retryable: true });
  },
  LIMIT_MS,
);
