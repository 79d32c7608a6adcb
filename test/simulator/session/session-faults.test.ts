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

test("acknowledgments hold the range's last byte where that is asked for", async () => {
  await using simulator = await startSimulator({ rangeEnd: "inclusive" });
  const { url } = await openSession(simulator, {});
  await using client = await LiveClient.open(url);
  for (const bytes of [3200, 0, 6400]) client.socket.send(new Uint8Array(bytes));
  const acknowledgments = await client.until("audio_chunk", 3);
  expect(acknowledgments.map(({ data }) => data!.byte_range)).toEqual([
    [0, 3199],
    [3200, 3200],
    [3200, 9599],
  ]);
});

test("recorded audio is told with the place where each socket began", async () => {
  await using simulator = await startSimulator({ recordAudio: true });
  const { id, url } = await openSession(simulator, {});
  const first = await LiveClient.open(url);
  first.socket.send(new Uint8Array(5).fill(1));
  await first.until("audio_chunk");
  simulator.closeSockets(1011);
  await first.closed;
  await using second = await LiveClient.open(url);
  second.socket.send(new Uint8Array(3).fill(2));
  await second.until("audio_chunk");
  const { audio, socketOffsets } = simulator.received(id)!;
  expect([...audio]).toEqual([1, 1, 1, 1, 1, 2, 2, 2]);
  expect(socketOffsets).toEqual([0, 5]);
  expect(simulator.received("another")).toBeUndefined();
});

test("no audio is recorded unless that is asked for", async () => {
  await using simulator = await startSimulator();
  const { id } = await openSession(simulator, {});
  expect(simulator.received(id)).toBeUndefined();
});

test("scripted faults strike at their bytes, in order, over several sockets", async () => {
  await using simulator = await startSimulator();
  const { url } = await openSession(simulator, {});
  simulator.schedule([
    { afterBytes: 9000, fault: { kind: "close", code: 4500 } },
    { afterBytes: 3000, fault: { kind: "say", what: "unknown" } },
    { afterBytes: 3000, fault: { kind: "close", code: 1011 } },
  ]);
  const first = await LiveClient.open(url);
  first.socket.send(new Uint8Array(2999));
  await first.until("audio_chunk");
  expect(simulator.scriptedCount).toBe(3);
  first.socket.send(new Uint8Array(1));
  expect((await first.closed).code).toBe(1011);
  expect(first.messages.map(({ type }): string => type)).toEqual([
    "audio_chunk",
    "audio_chunk",
    "weather_forecast",
  ]);
  const second = await LiveClient.open(url);
  second.socket.send(new Uint8Array(6000));
  expect((await second.closed).code).toBe(4500);
  expect(simulator.scriptedCount).toBe(0);
});
