import { expect, test } from "bun:test";
import { startSimulator } from "../../../src/simulator/simulator.ts";
import {
  eventually,
  LiveClient,
  openSession,
  readJob,
} from "../../support/actors/clients/live-client.ts";
import { createTone, toPcm16 } from "../../support/probes/tones.ts";

const CAPTIONS = { endpointing: 0.3 };
/** Ends inside an utterance. */
const SPEECH = toPcm16(
  createTone([
    { seconds: 0.5, amplitude: 0 },
    { seconds: 1, amplitude: 0.3 },
  ]),
);
const CHUNK_COUNT = Math.ceil(SPEECH.length / 3200);

test.each([1000, 4408])(
  "a session that the provider ends says its trailing final, then closes with %i",
  async (code) => {
    await using simulator = await startSimulator({ finalDelayMs: 10 });
    const { url } = await openSession(simulator, CAPTIONS);
    const client = await LiveClient.open(url);
    client.sendAudio(SPEECH);
    await client.until("audio_chunk", CHUNK_COUNT);
    simulator.inflict({ kind: "end", code });
    expect((await client.closed).code).toBe(code);
    expect(client.finals).toHaveLength(1);
    const late = await LiveClient.open(url);
    expect((await late.closed).code).toBe(4403);
  },
);

test("a session that vanishes breaks its socket, and its last final is found by GET", async () => {
  await using simulator = await startSimulator();
  const { id, url } = await openSession(simulator, CAPTIONS);
  const client = await LiveClient.open(url);
  client.sendAudio(SPEECH);
  await client.until("audio_chunk", CHUNK_COUNT);
  simulator.inflict({ kind: "vanish" });
  expect((await client.closed).code).toBe(1006);
  expect(client.finals).toEqual([]);
  const late = await LiveClient.open(url);
  expect((await late.closed).code).toBe(4403);
  const job = await readJob(simulator, id);
  expect(job.result!.transcription.utterances).toHaveLength(1);
});

test("a session is ended when it has lasted for its time, however busy it is", async () => {
  await using simulator = await startSimulator({ sessionMs: 2000, sessionEndCode: 4408 });
  const { url } = await openSession(simulator, CAPTIONS);
  const client = await LiveClient.open(url);
  client.sendAudio(SPEECH);
  expect((await client.closed).code).toBe(4408);
  expect(client.finals).toHaveLength(1);
  await eventually(() => simulator.openSessionCount === 0);
});

test("a fault concerns no session that has ended", async () => {
  await using simulator = await startSimulator();
  const { id, url } = await openSession(simulator, CAPTIONS);
  const client = await LiveClient.open(url);
  client.stopRecording();
  await client.closed;
  const job = await readJob(simulator, id);
  for (const kind of ["end", "close"] as const) simulator.inflict({ kind, code: 4500 });
  simulator.inflict({ kind: "vanish" });
  expect((await readJob(simulator, id)).result).toEqual(job.result);
});
