import { describe, expect, test } from "bun:test";
import {
  TRANSCRIPT_START,
  type PageCursor,
  type TranscriptPage,
} from "../../src/relay/stored-transcript.ts";
import type { Final } from "../../src/transcripts/final.ts";
import { SETTLING_MS } from "../../src/transcripts/store/page-progress.ts";
import {
  createTranscriptReader,
  openTranscript,
  readSegments,
} from "../../src/transcripts/store/segment-reader.ts";
import { SegmentStore } from "../../src/transcripts/store/segment-store.ts";
import type { CreateWorld, DatabaseWorld } from "../support/actors/databases/database-world.ts";
import type { FinalChanges } from "../support/actors/doubles/numbered-finals.ts";
import { seededRandom } from "../support/probes/seeded-random.ts";
import { createFinal } from "./segment-store-suite.ts";

/** Making the first database of a process takes seconds on a busy machine. */
const LIMIT_MS = 60_000;

const START = Date.UTC(2026, 0, 2, 3, 4, 5);
export const BEGINNING: PageCursor = { place: TRANSCRIPT_START, settled: TRANSCRIPT_START };

/** A final that began so many seconds after the first, and says so. */
export const finalAt = (seconds: number, changes: FinalChanges = {}): Final =>
  createFinal({
    utteranceKey: `p:${seconds}`,
    text: String(seconds),
    startedAt: new Date(START + seconds * 1000),
    endedAt: new Date(START + seconds * 1000 + 900),
    ...changes,
  });

/** Finals that are stored this much in the future are not settled, however slow the test. */
export const FUTURE_MS = 3_600_000;

/** Makes every final look as if it had been stored so much earlier, or later where negative. */
export async function ageAll({ query }: Pick<DatabaseWorld, "query">, ms: number): Promise<void> {
  await query(
    `UPDATE "TranscriptSegment" SET "createdAt" = "createdAt" - ${ms} * interval '1 millisecond'`,
  );
}

export const textsOf = ({ segments }: Pick<TranscriptPage, "segments">) =>
  segments.map(({ text }) => text);

/** What every kind of database promises about reading transcripts in pages and in parts. */
export function describeTranscriptPages(kind: string, createWorld: CreateWorld): void {
  const setup = async () => {
    const world = await createWorld({ migrated: true });
    const { prisma } = world.database;
    const store = new SegmentStore({ prisma }, { sessionPolicy: "create", idsCachedMax: 100 });
    const reader = createTranscriptReader(prisma);
    const readPage = async (after = BEGINNING, limit = 10): Promise<TranscriptPage> => {
      const page = await reader.readPage("standup", { after, limit, language: undefined });
      return page!;
    };
    return {
      world,
      prisma,
      store,
      reader,
      readPage,
      [Symbol.asyncDispose]: () => Promise.resolve(world[Symbol.asyncDispose]()),
    };
  };

  describe(`transcript pages on ${kind}`, () => {
    const run = (name: string, body: () => Promise<void>) => test(name, body, LIMIT_MS);

    run("knows no unknown call, and says how to go on with an empty one", async () => {
      await using setting = await setup();
      const { prisma, reader, readPage } = setting;
      const selection = { after: BEGINNING, limit: 10, language: undefined };
      expect(await reader.readPage("standup", selection)).toBeNull();
      expect(await reader.read("standup", selection)).toBeNull();
      await prisma.videoSession.create({ data: { slug: "standup" } });
      expect(await readPage()).toEqual({ segments: [], hasMore: false, next: BEGINNING });
      expect(await reader.read("standup", selection)).toEqual({
        segments: [],
        hasMore: false,
        beganAt: undefined,
      });
    });

    run("shows finals in the order in which they began, in one page as in a whole", async () => {
      await using setting = await setup();
      const { reader, readPage, store } = setting;
      await store.write([finalAt(30)]);
      await store.write([finalAt(20), finalAt(10, { identity: "ben" })]);
      expect(textsOf(await readPage())).toEqual(["10", "20", "30"]);
      const whole = await reader.read("standup", { limit: 10, language: undefined });
      expect(whole).toEqual({
        segments: (await readPage()).segments,
        hasMore: false,
        beganAt: new Date(START + 10_000),
      });
    });

    run("goes through an old transcript once, whatever the size of a page", async () => {
      await using setting = await setup();
      const { readPage, store, world } = setting;
      // Three batches: within each the times by which pages are ordered are equal.
      for (const batch of [0, 1, 2]) {
        await store.write(Array.from({ length: 9 }, (_, index) => finalAt(100 * batch + index)));
      }
      await ageAll(world, 2 * SETTLING_MS);
      for (const limit of [1, 2, 5, 9, 26, 27, 28]) {
        const seen: string[] = [];
        let page = await readPage(BEGINNING, limit);
        for (; page.hasMore; page = await readPage(page.next, limit)) {
          expect(page.segments).toHaveLength(limit);
          seen.push(...textsOf(page));
        }
        seen.push(...textsOf(page));
        expect(seen).toHaveLength(27);
        expect(new Set(seen).size).toBe(27);
        expect(await readPage(page.next)).toEqual({
          segments: [],
          hasMore: false,
          next: page.next,
        });
      }
    });

    run("shows again what was stored just now, until it is settled", async () => {
      await using setting = await setup();
      const { readPage, store, world } = setting;
      await store.write([finalAt(1)]);
      await ageAll(world, -FUTURE_MS);
      const first = await readPage();
      expect([textsOf(first), first.next]).toEqual([["1"], BEGINNING]);
      await ageAll(world, FUTURE_MS + SETTLING_MS);
      const second = await readPage(first.next);
      expect(textsOf(second)).toEqual(["1"]);
      await store.write([finalAt(0)]);
      await world.query(
        `UPDATE "TranscriptSegment" SET "createdAt" = now() + interval '1 h' WHERE "text" = '0'`,
      );
      const third = await readPage(second.next);
      expect([textsOf(third), third.next]).toEqual([["0"], second.next]);
    });

    run("finds a final that is committed before others and appears after them", async () => {
      await using setting = await setup();
      const { readPage, store, world } = setting;
      await store.write([finalAt(1), finalAt(2), finalAt(3)]);
      await ageAll(world, -FUTURE_MS);
      let page = await readPage(BEGINNING, 2);
      expect([page.segments.length, page.hasMore]).toEqual([2, true]);
      // It stands before all that were read.
      await store.write([finalAt(4)]);
      page = await readPage(page.next, 2);
      expect([page.segments.length, page.hasMore]).toEqual([1, false]);
      page = await readPage(page.next, 2);
      expect(textsOf(page)).toContain("4");
      expect(page.hasMore).toBe(true);
    });

    run("[R2] shows no partial of another program, and translations only where asked", async () => {
      await using setting = await setup();
      const { reader, readPage, store, world } = setting;
      await store.write([
        finalAt(1),
        finalAt(2, { text: "partial" }),
        finalAt(2, { utteranceKey: "p:1:fr", translationOf: "p:1", text: "un", language: "fr" }),
      ]);
      await world.query(
        `UPDATE "TranscriptSegment" SET "isFinal" = false WHERE "text" = 'partial'`,
      );
      expect(textsOf(await readPage())).toEqual(["1"]);
      const french = await reader.readPage("standup", {
        after: BEGINNING,
        limit: 10,
        language: "fr",
      });
      expect(french!.segments).toMatchObject([{ utteranceKey: "p:1", text: "un", language: "fr" }]);
      const whole = await reader.read("standup", { limit: 10, language: "fr" });
      expect(whole).toMatchObject({ segments: [{ text: "un" }], beganAt: new Date(START + 1000) });
    });

    run("reads a transcript in parts as it reads it whole", async () => {
      await using setting = await setup();
      const { prisma, store, world } = setting;
      const random = seededRandom("parts of a transcript");
      const finals = Array.from({ length: 40 }, (_, index) =>
        finalAt(random.whole(0, 12), { utteranceKey: `p:${index}` }),
      );
      await store.write(finals);
      // Tables of other programs may keep times more exactly.
      await world.query(`ALTER TABLE "TranscriptSegment" ALTER "startedAt" TYPE timestamptz(6)`);
      await world.query(
        `UPDATE "TranscriptSegment" SET "startedAt" = "startedAt" + interval '1 microsecond'
         WHERE "text" <> '5'`,
      );
      const whole = await readSegments(prisma, "standup", { limit: 100, language: undefined });
      const transcript = (await openTranscript(prisma, "standup", undefined))!;
      const parts = [];
      for (let after = TRANSCRIPT_START; ;) {
        const { rows: part, hasMore } = await transcript.read(3, after);
        parts.push(...part.map(({ segment }) => segment));
        after = part.at(-1)!.place;
        if (!hasMore) break;
      }
      await world.query(`ALTER TABLE "TranscriptSegment" ALTER "startedAt" TYPE timestamptz(3)`);
      expect(parts).toEqual([...whole!.segments]);
      expect(parts).toHaveLength(40);
    });

    run("calls a missing table the schema's fault", async () => {
      await using setting = await setup();
      const { reader, prisma, world } = setting;
      await prisma.videoSession.create({ data: { slug: "standup" } });
      await world.query('ALTER TABLE "TranscriptSegment" RENAME TO "Elsewhere"');
      const failure = await reader
        .readPage("standup", { after: BEGINNING, limit: 1, language: undefined })
        .catch((error) => error);
      await world.query('ALTER TABLE "Elsewhere" RENAME TO "TranscriptSegment"');
      expect(failure).toMatchObject({ code: "schema-mismatch", sqlState: "42P01" });
    });
  });
}
