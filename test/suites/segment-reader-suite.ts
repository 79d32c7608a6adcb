import { describe, expect, test } from "bun:test";
import { findFinals } from "../../src/transcripts/store/segment-reader.ts";
import { SegmentStore } from "../../src/transcripts/store/segment-store.ts";
import type { CreateWorld } from "../support/actors/databases/database-world.ts";
import { createFinal } from "./segment-store-suite.ts";

/** Making the first database of a process takes seconds on a busy machine. */
const LIMIT_MS = 60_000;

/** What every kind of database promises about finding finals again. */
export function describeFindFinals(kind: string, createWorld: CreateWorld): void {
  const setup = async () => {
    const world = await createWorld({ migrated: true });
    const { prisma } = world.database;
    return {
      world,
      prisma,
      store: new SegmentStore({ prisma }, { sessionPolicy: "create", idsCachedMax: 100 }),
      [Symbol.asyncDispose]: () => Promise.resolve(world[Symbol.asyncDispose]()),
    };
  };

  describe(`finding finals on ${kind}`, () => {
    const run = (name: string, body: () => Promise<void>) => test(name, body, LIMIT_MS);

    run("gives what was said and its translations as they were shown", async () => {
      await using setting = await setup();
      const { prisma, store } = setting;
      const { transcript: said } = createFinal();
      const { transcript: translated } = createFinal({
        utteranceKey: `${said.utteranceKey}:fr`,
        translationOf: said.utteranceKey,
        text: "Bonjour.",
        language: "fr",
        confidence: undefined,
      });
      const { speaker } = createFinal();
      await store.write([
        { speaker, transcript: said },
        { speaker, transcript: translated },
        createFinal({ utteranceKey: "provider-1:1" }),
      ]);
      const keys = [translated.utteranceKey, "nowhere", "a\0b", said.utteranceKey];
      const found = await findFinals(prisma, "standup", keys);
      expect(new Set(found.keys())).toEqual(new Set([said.utteranceKey, translated.utteranceKey]));
      for (const shown of [said, translated]) {
        expect(found.get(shown.utteranceKey)).toEqual(shown);
      }
    });

    run("[R2] knows neither partials of other programs nor finals of other calls", async () => {
      await using setting = await setup();
      const { prisma, store, world } = setting;
      const key = createFinal().transcript.utteranceKey;
      await store.write([createFinal({ sessionSlug: "retro" })]);
      expect(await findFinals(prisma, "standup", [key])).toEqual(new Map());
      expect((await findFinals(prisma, "retro", [key])).size).toBe(1);
      await world.query('UPDATE "TranscriptSegment" SET "isFinal" = false');
      expect(await findFinals(prisma, "retro", [key])).toEqual(new Map());
    });

    run("takes a final without an end for one that ends where it begins", async () => {
      await using setting = await setup();
      const { prisma, store, world } = setting;
      const final = createFinal();
      await store.write([final]);
      await world.query('UPDATE "TranscriptSegment" SET "endedAt" = NULL');
      const { utteranceKey, startedAt } = final.transcript;
      const found = await findFinals(prisma, "standup", [utteranceKey]);
      expect(found.get(utteranceKey)?.endedAt).toEqual(startedAt);
    });

    run("looks 500 up at once, and takes more for a mistake", async () => {
      await using setting = await setup();
      const { prisma, store } = setting;
      const keys = Array.from({ length: 501 }, (_, index) => `provider-1:${index}`);
      await store.write(keys.map((utteranceKey) => createFinal({ utteranceKey })));
      expect((await findFinals(prisma, "standup", keys.slice(1))).size).toBe(500);
      expect(await findFinals(prisma, "standup", [])).toEqual(new Map());
      await expect(findFinals(prisma, "standup", keys)).rejects.toThrow("at most 500 keys");
    });
  });
}
