import { expect, test } from "bun:test";
import { loadSample } from "../../../src/simulator/sample/sample.ts";
import { startSimulator, type Simulator } from "../../../src/simulator/simulator.ts";
import { LiveClient, openSession } from "../../support/actors/clients/live-client.ts";

const { pcm, sentences } = await loadSample();

test("every n-th final of all sessions carries a NUL", async () => {
  await using simulator = await startSimulator({ poisonEvery: 3 });
  const finals = [...(await speakTo(simulator)), ...(await speakTo(simulator))];
  const spoken = [...sentences, ...sentences];
  expect(finals).toEqual(
    spoken.map((sentence, index) => (index % 3 === 2 ? `${sentence}\u0000` : sentence)),
  );
});

test("no final carries a NUL unless that is asked for", async () => {
  await using simulator = await startSimulator();
  expect(await speakTo(simulator)).toEqual([...sentences]);
});

/** The finals of one session that plays the sample. */
async function speakTo(simulator: Simulator): Promise<readonly string[]> {
  const { url } = await openSession(simulator, { endpointing: 0.3 });
  const client = await LiveClient.open(url);
  client.sendAudio(pcm);
  client.stopRecording();
  await client.closed;
  return client.finals;
}
