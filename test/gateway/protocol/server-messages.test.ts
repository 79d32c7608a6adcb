import { expect, test } from "bun:test";
import { finalMessage, serialise } from "../../../src/gateway/protocol/server-messages.ts";
import type { Transcript } from "../../../src/relay/ports.ts";

const FINAL: Transcript = {
  utteranceKey: "provider-1:7",
  translationOf: undefined,
  text: "good morning",
  isFinal: true,
  startedAt: new Date("2026-11-25T09:00:00.100Z"),
  endedAt: new Date("2026-11-25T09:00:01.200Z"),
  language: "en",
  confidence: 0.9,
};

test("a final is shown with ISO times, and under the key of its stored row", () => {
  expect(finalMessage(FINAL)).toEqual({
    type: "transcription",
    text: "good morning",
    is_final: true,
    utterance_id: "provider-1:7",
    started_at: "2026-11-25T09:00:00.100Z",
    ended_at: "2026-11-25T09:00:01.200Z",
    language: "en",
    confidence: 0.9,
  });
});

test("what the provider did not say is left out, and not null", () => {
  const text = serialise(3, finalMessage({ ...FINAL, language: undefined, confidence: undefined }));
  expect(Object.keys(JSON.parse(text) as object)).toEqual([
    "seq",
    "type",
    "text",
    "is_final",
    "utterance_id",
    "started_at",
    "ended_at",
  ]);
});

test("a final that translates another is a translation, under the key of that other one", () => {
  const translated = {
    ...FINAL,
    utteranceKey: "provider-1:7:fr",
    translationOf: "provider-1:7",
    text: "bonjour",
    language: "fr",
  };
  expect(finalMessage(translated)).toEqual({
    type: "translation",
    utterance_id: "provider-1:7",
    text: "bonjour",
    language: "fr",
    started_at: "2026-11-25T09:00:00.100Z",
    ended_at: "2026-11-25T09:00:01.200Z",
  });
});
