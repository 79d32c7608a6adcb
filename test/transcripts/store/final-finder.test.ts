import { afterAll, expect, test } from "bun:test";
import { createFinalFinder } from "../../../src/transcripts/store/final-finder.ts";
import { SegmentStore } from "../../../src/transcripts/store/segment-store.ts";
import { createEmbeddedWorld, shareWorld } from "../../support/actors/databases/database-world.ts";
import { MemoryJournal } from "../../support/actors/doubles/memory-journal.ts";
import { final, finals } from "../../support/actors/doubles/numbered-finals.ts";

/** Making the first database of a process takes seconds on a busy machine. */
const LIMIT_MS = 60_000;

const shared = shareWorld(createEmbeddedWorld);
afterAll(shared.close);

/** Finals in the journal, of a call and of another one, and finals in the database. */
async function setup(journaledCount: number, storedCount: number) {
  const world = await shared.createWorld({ migrated: true });
  const { prisma } = world.database;
  const journal = new MemoryJournal();
  const ignored = { onKept: () => {}, onRefused: () => {} };
  for (const one of finals(journaledCount)) journal.append(one, ignored);
  const store = new SegmentStore({ prisma }, { sessionPolicy: "create", idsCachedMax: 10 });
  await store.write(finals(storedCount, journaledCount));
  return {
    journal,
    ignored,
    store,
    find: async (...indices: readonly number[]) => {
      const keys = indices.map((index) => final(index).transcript.utteranceKey);
      return createFinalFinder({ prisma, journal }).find("standup", keys);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(world[Symbol.asyncDispose]()),
  };
}

test(
  "[R21] finds finals as they were shown, in the journal however long it is, and in the database",
  async () => {
    await using setting = await setup(450, 2);
    const found = await setting.find(451, 449, 0, 999);
    expect([...found.keys()].toSorted()).toEqual([
      "provider-1:0",
      "provider-1:449",
      "provider-1:451",
    ]);
    for (const transcript of found.values()) {
      const index = Number(transcript.utteranceKey.split(":")[1]);
      expect(transcript).toEqual(final(index).transcript);
    }
  },
  LIMIT_MS,
);

test(
  "[R4] the journal's word on an utterance counts, which is the later one",
  async () => {
    await using setting = await setup(0, 1);
    setting.journal.append(final(0, { text: "said again" }), setting.ignored);
    const found = await setting.find(0);
    expect(found.get("provider-1:0")?.text).toBe("said again");
  },
  LIMIT_MS,
);

test(
  "[R20] finds nothing of another call under the same key",
  async () => {
    await using setting = await setup(0, 0);
    setting.journal.append(final(0, { sessionSlug: "retro" }), setting.ignored);
    await setting.store.write([final(1, { sessionSlug: "retro" })]);
    expect(await setting.find(0, 1)).toEqual(new Map());
  },
  LIMIT_MS,
);
