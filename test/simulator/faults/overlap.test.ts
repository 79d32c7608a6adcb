import { expect, test } from "bun:test";
import { loadSample } from "../../../src/simulator/sample/sample.ts";
import { startSimulator } from "../../../src/simulator/simulator.ts";
import { LiveClient, openSession } from "../../support/actors/clients/live-client.ts";

const { pcm, sentences } = await loadSample();

test("every n-th final of all sessions is followed by one of a word", async () => {
  await using simulator = await startSimulator({ overlapEvery: 2 });
  const { url } = await openSession(simulator, { endpointing: 0.3 });
  const client = await LiveClient.open(url);
  client.sendAudio(pcm);
  client.stopRecording();
  await client.closed;
  const expected = sentences.flatMap((sentence, index) =>
    index % 2 === 1 ? [sentence, "Yes."] : [sentence],
  );
  expect(client.finals.map((text) => text.trim())).toEqual(expected);
});
