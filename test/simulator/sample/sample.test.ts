import { expect, test } from "bun:test";
import { loadSample } from "../../../src/simulator/sample/sample.ts";

test("the sample is 16 kHz speech of whole sentences that a demo has time for", async () => {
  const { pcm, sampleRate, sentences } = await loadSample();
  expect(sampleRate).toBe(16_000);
  expect(pcm.length % 2).toBe(0);
  expect(pcm.length / 2 / sampleRate).toBeWithin(8, 12.5);
  expect(sentences).toHaveLength(5);
  for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z][A-Za-z ]+\.$/);
});
