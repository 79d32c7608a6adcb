import { describe, expect, test } from "bun:test";
import type { Final } from "../../src/transcripts/final.ts";
import { readSegments } from "../../src/transcripts/store/segment-reader.ts";
import { SegmentStore } from "../../src/transcripts/store/segment-store.ts";
import type { CreateWorld, DatabaseWorld } from "../support/actors/databases/database-world.ts";
import { changed, type FinalChanges } from "../support/actors/doubles/numbered-finals.ts";

/** Making the first database of a process takes seconds on a busy machine. */
const LIMIT_MS = 180_000;

const START = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export function createFinal(changes: FinalChanges = {}): Final {
  const unchanged = {
    speaker: { sessionSlug: "standup", identity: "anna", name: "Anna" },
    transcript: {
      utteranceKey: "provider-1:0",
      translationOf: undefined,
      text: "Good morning.",
      isFinal: true,
      startedAt: new Date(START),
      endedAt: new Date(START + 1500),
      language: "en",
      confidence: 0.93,
    },
  };
  return changed(unchanged, changes);
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
      const final = createFinal({
        text: `He said: "a, b" {\\} 'ü' 🎙\n`,
        name: `O'Neil, "Anna"`,
      });
      const { speaker, transcript } = final;
      expect(await store.write([final])).toEqual({ unknownCalls: [] });
      expect(await read(world)).toEqual([
        {
          utteranceKey: transcript.utteranceKey,
          text: transcript.text,
          language: "en",
          confidence: 0.93,
          speaker: { identity: "anna", name: speaker.name },
          startedAt: transcript.startedAt,
          endedAt: transcript.endedAt,
        },
      ]);
    });

    run("stores what the provider did not say as null, beside finals that have it", async () => {
      await using setting = await setup();
      const { world, store } = setting;
      const silent = createFinal({
        utteranceKey: "p:1",
        language: undefined,
        confidence: undefined,
      });
      await store.write([createFinal({ confidence: 1 }), silent]);
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
        const finals = [30, 10, 20].map((seconds) =>
          createFinal({
            utteranceKey: `p:${seconds}`,
            text: String(seconds),
            startedAt: at(seconds),
          }),
        );
        await store.write(finals);
        expect(await textsOf(world)).toEqual(["10", "20", "30"]);
        const { prisma } = world.database;
        const readFirst = (limit: number, slug = "standup") =>
          readSegments(prisma, slug, { limit, language: undefined });
        expect(await readFirst(2)).toMatchObject({ hasMore: true });
        expect(await readFirst(3)).toMatchObject({ hasMore: false });
        expect(await readFirst(3, "nowhere")).toBeNull();
      },
    );

    run("[R4] writing again changes nothing, in whatever batch the finals come", async () => {
      await using setting = await setup();
      const { world, store } = setting;
      const finals = ["p:0", "p:1"].map((utteranceKey) => createFinal({ utteranceKey }));
      await store.write(finals);
      const select = 'SELECT *, xmin::text AS version FROM "TranscriptSegment" ORDER BY "id"';
      const before = await world.query(select);
      expect(await store.write(finals.toReversed())).toEqual({ unknownCalls: [] });
      expect(await store.write([createFinal({ utteranceKey: "p:1" })])).toEqual({
        unknownCalls: [],
      });
      expect(await world.query(select)).toEqual(before);
    });

    run(
      "[R4] a later final of the same key replaces text and end, and keeps its place",
      async () => {
        await using setting = await setup();
        const { world, store } = setting;
        const later = { text: "Good morning, all.", endedAt: new Date(START + 2500) };
        await store.write([createFinal()]);
        await store.write([createFinal({ ...later, startedAt: new Date(START + 9000) })]);
        expect(await read(world)).toMatchObject([{ ...later, startedAt: new Date(START) }]);
      },
    );

    run("[R4] the later of two finals with one key in one batch wins", async () => {
      await using setting = await setup();
      const { world, store } = setting;
      const outcome = await store.write([
        createFinal({ text: "first" }),
        createFinal({ text: "last" }),
      ]);
      expect(outcome).toEqual({ unknownCalls: [] });
      expect(await textsOf(world)).toEqual(["last"]);
    });

    run(
      "[R4] keeps equal provider utterance ids of two participants and two calls apart",
      async () => {
        await using setting = await setup();
        const { world, store } = setting;
        await store.write([
          createFinal({ utteranceKey: "provider-1:0", text: "anna" }),
          createFinal({ utteranceKey: "provider-2:0", text: "ben", identity: "ben" }),
          createFinal({ utteranceKey: "provider-3:0", text: "anna again" }),
          createFinal({ utteranceKey: "provider-1:0", text: "elsewhere", sessionSlug: "retro" }),
        ]);
        expect((await textsOf(world))?.toSorted()).toEqual(["anna", "anna again", "ben"]);
        expect(await textsOf(world, "retro")).toEqual(["elsewhere"]);
      },
    );

    run("gives back the finals of unknown calls, writes the others, and looks again", async () => {
      await using setting = await setup("require");
      const { world, store } = setting;
      await world.database.prisma.videoSession.create({ data: { slug: "standup" } });
      const stranger = createFinal({ sessionSlug: "stranger" });
      expect(await store.write([stranger, createFinal()])).toEqual({
        unknownCalls: [stranger],
      });
      expect(await textsOf(world)).toEqual(["Good morning."]);
      expect(await read(world, "stranger")).toBeUndefined();
      await world.database.prisma.videoSession.create({ data: { slug: "stranger" } });
      expect(await store.write([stranger])).toEqual({ unknownCalls: [] });
    });

    run("uses the calls and participants of the application as they are", async () => {
      await using setting = await setup();
      const { world, store } = setting;
      await world.database.prisma.videoSession.create({
        data: { slug: "standup", participants: { create: { identity: "anna", name: "Dr. Anna" } } },
      });
      await store.write([createFinal()]);
      expect(await read(world)).toMatchObject([{ speaker: { name: "Dr. Anna" } }]);
    });

    run("[R8] finds new ids when call and participant were deleted and come again", async () => {
      await using setting = await setup();
      const { world, store } = setting;
      await store.write([createFinal()]);
      await world.query('DELETE FROM "VideoSession"');
      const outcome = await store.write([createFinal({ utteranceKey: "p:1", text: "still here" })]);
      expect(outcome).toEqual({ unknownCalls: [] });
      expect(await textsOf(world)).toEqual(["still here"]);
    });

    run("[R8] finds a new id when only the participant was deleted", async () => {
      await using setting = await setup();
      const { world, store } = setting;
      await store.write([createFinal()]);
      await world.query('DELETE FROM "Participant"');
      await store.write([createFinal({ utteranceKey: "p:1", startedAt: new Date(START + 1) })]);
      const speakers = (await read(world))?.map((segment) => segment.speaker?.identity);
      expect(speakers).toEqual([undefined, "anna"]);
    });

    run("[R8] a deleted call becomes unknown where calls must exist", async () => {
      await using setting = await setup("require");
      const { world, store } = setting;
      await world.database.prisma.videoSession.create({ data: { slug: "standup" } });
      await store.write([createFinal()]);
      await world.query('DELETE FROM "VideoSession"');
      expect(await store.write([createFinal()])).toEqual({
        unknownCalls: [createFinal()],
      });
    });

    run("[R8] writes a batch of more speakers than it may remember", async () => {
      await using setting = await setup("create", 2);
      const { world, store } = setting;
      const finals = Array.from({ length: 20 }, (_, index) =>
        createFinal({ identity: `speaker-${index}`, utteranceKey: `p-${index}:0` }),
      );
      expect(await store.write(finals)).toEqual({ unknownCalls: [] });
      expect(await read(world)).toHaveLength(20);
    });

    run(
      "stores speakers whose names are no Unicode, even when they become the same one",
      async () => {
        await using setting = await setup();
        const { world, store } = setting;
        const finals = ["a\ud800", "a\udbff"].map((broken, index) =>
          createFinal({
            sessionSlug: `standup-${broken}`,
            identity: broken,
            utteranceKey: `p:${index}`,
          }),
        );
        expect(await store.write(finals)).toEqual({ unknownCalls: [] });
        expect(await read(world, "standup-a\ufffd")).toHaveLength(2);
      },
    );

    const refusals: Record<string, [FinalChanges, string]> = {
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
          await store.write([createFinal({ utteranceKey: "p:1" })]);
          const batch = [createFinal(change), createFinal({ utteranceKey: "p:2" })];
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
      const failure = await store.write([createFinal()]).catch((error) => error);
      await world.query('ALTER TABLE "Elsewhere" RENAME TO "TranscriptSegment"');
      expect(failure).toMatchObject({
        code: "schema-mismatch",
        retryable: false,
        sqlState: "42P01",
      });
    });

    run("writes nothing for an empty batch", async () => {
      await using setting = await setup();
      expect(await setting.store.write([])).toEqual({ unknownCalls: [] });
    });
  });
}
