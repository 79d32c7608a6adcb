import { describe, expect, test } from "bun:test";
import { readSegments } from "../../src/transcripts/store/segment-reader.ts";
import { SegmentStore, type SegmentRow } from "../../src/transcripts/store/segment-store.ts";
import type { CreateWorld, DatabaseWorld } from "../support/actors/databases/database-world.ts";

/** Making the first database of a process takes seconds on a busy machine. */
const LIMIT_MS = 180_000;

const START = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export function segmentRow(change: Partial<SegmentRow> = {}): SegmentRow {
  return {
    sessionSlug: "standup",
    identity: "anna",
    name: "Anna",
    utteranceKey: "provider-1:0",
    translationOf: undefined,
    text: "Good morning.",
    language: "en",
    confidence: 0.93,
    startedAt: new Date(START),
    endedAt: new Date(START + 1500),
    ...change,
  };
}

/** What every kind of database promises about finals. */
export function describeSegmentStore(kind: string, createWorld: CreateWorld): void {
  const setup = async (sessionPolicy: "require" | "create" = "create", idsCachedMax = 100) => {
    const world = await createWorld({ migrated: true });
    const store = new SegmentStore(world.database, { sessionPolicy, idsCachedMax });
    return {
      world,
      store,
      [Symbol.asyncDispose]: () => Promise.resolve(world[Symbol.asyncDispose]()),
    };
  };
  const read = async ({ database }: DatabaseWorld, slug = "standup") =>
    (await readSegments(database.prisma, slug, { limit: 1000, language: undefined }))?.segments;
  const textsOf = async (world: DatabaseWorld, slug?: string) =>
    (await read(world, slug))?.map((segment) => segment.text);

  describe(`segment store on ${kind}`, () => {
    const run = (name: string, body: () => Promise<void>) => test(name, body, LIMIT_MS);

    run("stores a final as it came, with its speaker", async () => {
      await using setting = await setup();
      const { world, store } = setting;
      const row = segmentRow({ text: `He said: "a, b" {\\} 'ü' 🎙\n`, name: `O'Neil, "Anna"` });
      expect(await store.write([row])).toEqual({ written: 1, unknownSessions: [] });
      expect(await read(world)).toEqual([
        {
          utteranceId: row.utteranceKey,
          text: row.text,
          language: "en",
          confidence: 0.93,
          speaker: { identity: "anna", name: row.name },
          startedAt: row.startedAt,
          endedAt: row.endedAt,
        },
      ]);
    });

    run("stores what the provider did not say as null, beside rows that have it", async () => {
      await using setting = await setup();
      const { world, store } = setting;
      const silent = segmentRow({
        utteranceKey: "p:1",
        language: undefined,
        confidence: undefined,
      });
      await store.write([segmentRow({ confidence: 1 }), silent]);
      const stored = (await read(world))?.map(({ language, confidence }) => [language, confidence]);
      expect(stored).toEqual([
        ["en", 1],
        [null, null],
      ]);
    });

    run(
      "reads finals in the order of their start, and says when the limit cut some off",
      async () => {
        await using setting = await setup();
        const { world, store } = setting;
        const at = (seconds: number) => new Date(START + seconds * 1000);
        const rows = [30, 10, 20].map((seconds) =>
          segmentRow({
            utteranceKey: `p:${seconds}`,
            text: String(seconds),
            startedAt: at(seconds),
          }),
        );
        await store.write(rows);
        expect(await textsOf(world)).toEqual(["10", "20", "30"]);
        const { prisma } = world.database;
        const readFirst = (limit: number, slug = "standup") =>
          readSegments(prisma, slug, { limit, language: undefined });
        expect(await readFirst(2)).toMatchObject({ hasMore: true });
        expect(await readFirst(3)).toMatchObject({ hasMore: false });
        expect(await readFirst(3, "nowhere")).toBeNull();
      },
    );

    run("[R4] writing again changes nothing, in whatever batch the rows come", async () => {
      await using setting = await setup();
      const { world, store } = setting;
      const rows = ["p:0", "p:1"].map((utteranceKey) => segmentRow({ utteranceKey }));
      await store.write(rows);
      const select = 'SELECT *, xmin::text AS version FROM "TranscriptSegment" ORDER BY "id"';
      const before = await world.query(select);
      expect(await store.write(rows.toReversed())).toMatchObject({ written: 2 });
      expect(await store.write([segmentRow({ utteranceKey: "p:1" })])).toMatchObject({
        written: 1,
      });
      expect(await world.query(select)).toEqual(before);
    });

    run(
      "[R4] a later final of the same key replaces text and end, and keeps its place",
      async () => {
        await using setting = await setup();
        const { world, store } = setting;
        const later = { text: "Good morning, all.", endedAt: new Date(START + 2500) };
        await store.write([segmentRow()]);
        await store.write([segmentRow({ ...later, startedAt: new Date(START + 9000) })]);
        expect(await read(world)).toMatchObject([{ ...later, startedAt: new Date(START) }]);
      },
    );

    run("[R4] the later of two rows with one key in one batch wins", async () => {
      await using setting = await setup();
      const { world, store } = setting;
      const outcome = await store.write([
        segmentRow({ text: "first" }),
        segmentRow({ text: "last" }),
      ]);
      expect(outcome.written).toBe(2);
      expect(await textsOf(world)).toEqual(["last"]);
    });

    run(
      "[R4] keeps equal provider utterance ids of two participants and two sessions apart",
      async () => {
        await using setting = await setup();
        const { world, store } = setting;
        await store.write([
          segmentRow({ utteranceKey: "provider-1:0", text: "anna" }),
          segmentRow({ utteranceKey: "provider-2:0", text: "ben", identity: "ben" }),
          segmentRow({ utteranceKey: "provider-3:0", text: "anna again" }),
          segmentRow({ utteranceKey: "provider-1:0", text: "elsewhere", sessionSlug: "retro" }),
        ]);
        expect((await textsOf(world))?.toSorted()).toEqual(["anna", "anna again", "ben"]);
        expect(await textsOf(world, "retro")).toEqual(["elsewhere"]);
      },
    );

    run("gives back the rows of unknown sessions, writes the others, and looks again", async () => {
      await using setting = await setup("require");
      const { world, store } = setting;
      await world.database.prisma.videoSession.create({ data: { slug: "standup" } });
      const stranger = segmentRow({ sessionSlug: "stranger" });
      expect(await store.write([stranger, segmentRow()])).toEqual({
        written: 1,
        unknownSessions: [stranger],
      });
      expect(await textsOf(world)).toEqual(["Good morning."]);
      expect(await read(world, "stranger")).toBeUndefined();
      await world.database.prisma.videoSession.create({ data: { slug: "stranger" } });
      expect(await store.write([stranger])).toEqual({ written: 1, unknownSessions: [] });
    });

    run("uses the sessions and participants of the application as they are", async () => {
      await using setting = await setup();
      const { world, store } = setting;
      await world.database.prisma.videoSession.create({
        data: { slug: "standup", participants: { create: { identity: "anna", name: "Dr. Anna" } } },
      });
      await store.write([segmentRow()]);
      expect(await read(world)).toMatchObject([{ speaker: { name: "Dr. Anna" } }]);
    });

    run("[R8] finds new ids when session and participant were deleted and come again", async () => {
      await using setting = await setup();
      const { world, store } = setting;
      await store.write([segmentRow()]);
      await world.query('DELETE FROM "VideoSession"');
      const outcome = await store.write([segmentRow({ utteranceKey: "p:1", text: "still here" })]);
      expect(outcome).toEqual({ written: 1, unknownSessions: [] });
      expect(await textsOf(world)).toEqual(["still here"]);
    });

    run("[R8] finds a new id when only the participant was deleted", async () => {
      await using setting = await setup();
      const { world, store } = setting;
      await store.write([segmentRow()]);
      await world.query('DELETE FROM "Participant"');
      await store.write([segmentRow({ utteranceKey: "p:1", startedAt: new Date(START + 1) })]);
      const speakers = (await read(world))?.map((segment) => segment.speaker?.identity);
      expect(speakers).toEqual([undefined, "anna"]);
    });

    run("[R8] a deleted session becomes unknown where sessions must exist", async () => {
      await using setting = await setup("require");
      const { world, store } = setting;
      await world.database.prisma.videoSession.create({ data: { slug: "standup" } });
      await store.write([segmentRow()]);
      await world.query('DELETE FROM "VideoSession"');
      expect(await store.write([segmentRow()])).toEqual({
        written: 0,
        unknownSessions: [segmentRow()],
      });
    });

    run("[R8] writes a batch of more speakers than it may remember", async () => {
      await using setting = await setup("create", 2);
      const { world, store } = setting;
      const rows = Array.from({ length: 20 }, (_, index) =>
        segmentRow({ identity: `speaker-${index}`, utteranceKey: `p-${index}:0` }),
      );
      expect(await store.write(rows)).toMatchObject({ written: 20 });
      expect(await read(world)).toHaveLength(20);
    });

    run(
      "stores speakers whose names are no Unicode, even when they become the same one",
      async () => {
        await using setting = await setup();
        const { world, store } = setting;
        const rows = ["a\ud800", "a\udbff"].map((broken, index) =>
          segmentRow({
            sessionSlug: `standup-${broken}`,
            identity: broken,
            utteranceKey: `p:${index}`,
          }),
        );
        expect(await store.write(rows)).toEqual({ written: 2, unknownSessions: [] });
        expect(await read(world, "standup-a\ufffd")).toHaveLength(2);
      },
    );

    const refusals: Record<string, [Partial<SegmentRow>, string]> = {
      "a NUL byte": [{ text: "secret\u0000words" }, "22021"],
      "a key that is larger than an index holds": [
        { utteranceKey: Array.from({ length: 2000 }, () => Bun.randomUUIDv7()).join("secret") },
        "54000",
      ],
      "a time that is none": [{ endedAt: new Date(Number.NaN) }, "22007"],
      "a time out of range": [{ startedAt: new Date(-8.64e15) }, "22"],
    };
    for (const [words, [change, sqlState]] of Object.entries(refusals)) {
      run(
        `[R5] refuses ${words}, writes nothing of the batch, and quotes nothing of it`,
        async () => {
          await using setting = await setup();
          const { world, store } = setting;
          await store.write([segmentRow({ utteranceKey: "p:1" })]);
          const batch = [segmentRow(change), segmentRow({ utteranceKey: "p:2" })];
          const failure = await store.write(batch).catch((error) => error);
          expect(failure).toMatchObject({
            name: "StoreError",
            code: "row-refused",
            retryable: false,
          });
          expect(failure.sqlState).toStartWith(sqlState);
          expect(Bun.inspect(failure)).not.toContain("secret");
          expect(await read(world)).toHaveLength(1);
        },
      );
    }

    run("names the schema as the culprit when a table is missing", async () => {
      await using setting = await setup();
      const { world, store } = setting;
      await world.query('ALTER TABLE "TranscriptSegment" RENAME TO "Elsewhere"');
      const failure = await store.write([segmentRow()]).catch((error) => error);
      await world.query('ALTER TABLE "Elsewhere" RENAME TO "TranscriptSegment"');
      expect(failure).toMatchObject({
        code: "schema-mismatch",
        retryable: false,
        sqlState: "42P01",
      });
    });

    run("writes nothing for an empty batch", async () => {
      await using setting = await setup();
      expect(await setting.store.write([])).toEqual({ written: 0, unknownSessions: [] });
    });
  });
}
