import { expect, test } from "bun:test";
import type { Transcript } from "../../src/relay/ports.ts";
import { appendTranscriptChunk } from "../../src/transcripts/append-transcript-chunk.ts";
import type { Final } from "../../src/transcripts/final.ts";
import { speaker } from "../support/stages/relay-stage.ts";

const final: Transcript = {
  utteranceKey: "provider-1:00_00000003",
  translationOf: undefined,
  text: "good morning",
  isFinal: true,
  startedAt: new Date(1000),
  endedAt: new Date(2000),
  language: "en",
  confidence: 0.8,
};

/** What a queue that keeps nothing yet was given, and how often the transcript may be shown. */
function append(transcript: Transcript) {
  const taken: Final[] = [];
  let keptCount = 0;
  const queue = { enqueue: (one: Final) => void taken.push(one) };
  appendTranscriptChunk(queue, speaker, transcript, () => (keptCount += 1));
  return { taken, keptCount };
}

test("[R2] does not let a partial pass, and lets it be shown at once", () => {
  expect(append({ ...final, isFinal: false })).toEqual({ taken: [], keptCount: 1 });
});

test("leaves out a final without words, and lets it be shown at once", () => {
  expect(append({ ...final, text: "" })).toEqual({ taken: [], keptCount: 1 });
});

test("[R4] hands a final on with everything that is needed to write it on its own", () => {
  expect(append(final).taken).toEqual([{ speaker, transcript: final }]);
});

test("hands a translation on with the key of what it translates", () => {
  const translation = {
    ...final,
    utteranceKey: "provider-1:00_00000003:fr",
    translationOf: "provider-1:00_00000003",
    language: "fr",
  };
  expect(append(translation).taken).toEqual([{ speaker, transcript: translation }]);
});

test("[R1] leaves it to the queue when a final may be shown", () => {
  expect(append(final).keptCount).toBe(0);
});
