import { describe, expect, test } from "bun:test";
import type { TranslationCode } from "../../src/relay/recognition/language-codes.ts";
import type { Final } from "../../src/transcripts/final.ts";
import { readSegments } from "../../src/transcripts/store/segment-reader.ts";
import { SegmentStore } from "../../src/transcripts/store/segment-store.ts";
import type { CreateWorld } from "../support/actors/databases/database-world.ts";
import { createFinal } from "./segment-store-suite.ts";

/** Making the first database of a process takes seconds on a busy machine. */
const LIMIT_MS = 180_000;

const original = createFinal();

function translationInto(language: string, text: string): Final {
  return createFinal({
    utteranceKey: `${original.transcript.utteranceKey}:${language}`,
    translationOf: original.transcript.utteranceKey,
    text,
    language,
    confidence: undefined,
  });
}

/** What every kind of database promises about translations. */
export function describeTranslations(kind: string, createWorld: CreateWorld): void {
  const setup = async () => {
    const world = await createWorld({ migrated: true });
    const { prisma } = world.database;
    return {
      store: new SegmentStore({ prisma }, { sessionPolicy: "create", idsCachedMax: 100 }),
      read: async (language?: TranslationCode) =>
        (await readSegments(prisma, "standup", { limit: 10, language }))?.segments,
      [Symbol.asyncDispose]: () => Promise.resolve(world[Symbol.asyncDispose]()),
    };
  };

  describe(`translations on ${kind}`, () => {
    test(
      "are written beside what they translate, and read only where they are asked for",
      async () => {
        await using setting = await setup();
        const { store, read } = setting;
        const finals = [
          original,
          translationInto("fr", "Bonjour."),
          translationInto("de", "Guten Morgen."),
        ];
        expect(await store.write(finals)).toEqual({ unknownCalls: [] });
        expect(await read()).toMatchObject([{ text: original.transcript.text, language: "en" }]);
        expect(await read("fr")).toEqual([
          {
            utteranceKey: original.transcript.utteranceKey,
            text: "Bonjour.",
            language: "fr",
            confidence: null,
            speaker: { identity: "anna", name: "Anna" },
            startedAt: original.transcript.startedAt,
            endedAt: original.transcript.endedAt,
          },
        ]);
        // What was said in a language is no translation into it.
        expect(await read("en")).toEqual([]);
      },
      LIMIT_MS,
    );

    test(
      "[R4] are replaced by later ones of their key alone",
      async () => {
        await using setting = await setup();
        const { store, read } = setting;
        await store.write([translationInto("fr", "Bonjour."), translationInto("de", "Hallo.")]);
        await store.write([original, translationInto("fr", "Bonjour !")]);
        expect(await read("fr")).toMatchObject([{ text: "Bonjour !" }]);
        expect(await read("de")).toMatchObject([{ text: "Hallo." }]);
        expect(await read()).toMatchObject([{ text: original.transcript.text }]);
      },
      LIMIT_MS,
    );
  });
}
