import { expect, test } from "bun:test";
import { loadSample } from "../../../src/simulator/sample/sample.ts";
import { startSimulator } from "../../../src/simulator/simulator.ts";
import { LiveClient, openSession, readJob } from "../../support/actors/clients/live-client.ts";

const SAMPLE = await loadSample();

/** Everything that was said about the sample, in order, by one session of this request. */
async function transcribe(request: object) {
  await using simulator = await startSimulator();
  const { id, url } = await openSession(simulator, { endpointing: 0.3, ...request });
  const client = await LiveClient.open(url);
  client.sendAudio(SAMPLE.pcm);
  client.stopRecording();
  await client.closed;
  const job = await readJob(simulator, id);
  return { client, kept: job.result!.messages.map((text) => JSON.parse(text).type as string) };
}

const INTO_TWO = {
  realtime_processing: {
    translation: true,
    translation_config: { target_languages: ["fr", "wo"] },
  },
};

test("every final is followed by one translation into each language", async () => {
  const { client, kept } = await transcribe(INTO_TWO);
  const translations = client.of("translation");
  expect(translations.map(({ data }) => data.translated_utterance.text)).toEqual(
    SAMPLE.sentences.flatMap((sentence) => [` [fr] ${sentence}`, ` [wo] ${sentence}`]),
  );
  const finals = client.of("transcript").filter(({ data }) => data.is_final);
  for (const [index, { data, error }] of translations.entries()) {
    const final = finals[Math.floor(index / 2)]!;
    expect(error).toBeNull();
    expect(data).toMatchObject({
      utterance_id: final.data.id,
      utterance: final.data.utterance,
      original_language: "en",
      target_language: (["fr", "wo"] as const)[index % 2]!,
    });
    expect(client.messages.indexOf(translations[index]!)).toBeGreaterThan(
      client.messages.indexOf(final),
    );
  }
  expect(kept.filter((type) => type === "translation")).toHaveLength(translations.length);
});

test.each([
  ["was not asked for", {}],
  [
    "is switched off",
    { realtime_processing: { ...INTO_TWO.realtime_processing, translation: false } },
  ],
  [
    "is not among the messages",
    { ...INTO_TWO, messages_config: { receive_realtime_processing_events: false } },
  ],
])("nothing is translated where it %s", async (_, request) => {
  const { client } = await transcribe(request);
  expect(client.finals).toEqual([...SAMPLE.sentences]);
  expect(client.of("translation")).toEqual([]);
});
