import { expect, test } from "bun:test";
import type { SocketFault } from "../../../src/simulator/faults/fault.ts";
import {
  startSimulator,
  type Simulator,
  type SimulatorOptions,
} from "../../../src/simulator/simulator.ts";
import { eventually, LiveClient, openSession } from "../../support/actors/clients/live-client.ts";
import { createTone, toPcm16 } from "../../support/probes/tones.ts";

/** Half a second of silence, one of speech, one of silence: one utterance. */
const SPEECH = toPcm16(
  createTone([
    { seconds: 0.5, amplitude: 0 },
    { seconds: 1, amplitude: 0.3 },
    { seconds: 1, amplitude: 0 },
  ]),
);
const CHUNK = new Uint8Array(3200);

interface World extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly client: LiveClient;
  readonly id: string;
  readonly url: string;
}

async function setup(options: SimulatorOptions = {}): Promise<World> {
  const simulator = await startSimulator(options);
  const { id, url } = await openSession(simulator, {
    endpointing: 0.3,
    messages_config: { receive_partial_transcripts: true },
  });
  const client = await LiveClient.open(url);
  return { simulator, client, id, url, [Symbol.asyncDispose]: () => simulator.stop() };
}

/** Resolves when everything that the server has sent so far has arrived: what is not there by then was not sent. */
async function roundTrip({ socket }: LiveClient): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.addEventListener("pong", () => resolve(), { once: true });
  socket.ping();
  await promise;
}

const rangesOf = (client: LiveClient) =>
  client.of("audio_chunk").map(({ data }) => data?.byte_range);

test("a socket that breaks tells no code, and its session goes on", async () => {
  await using world = await setup();
  world.client.socket.send(CHUNK);
  await world.client.until("audio_chunk");
  world.simulator.inflict({ kind: "terminate" });
  expect((await world.client.closed).code).toBe(1006);
  await using next = await LiveClient.open(world.url);
  next.socket.send(CHUNK);
  await next.until("audio_chunk");
  expect(rangesOf(next)).toEqual([[3200, 6400]]);
});

test("a half-open socket reads nothing and says nothing; another one takes over", async () => {
  await using world = await setup();
  world.simulator.inflict({ kind: "freeze", dropMs: Infinity });
  world.client.socket.send(CHUNK);
  world.client.socket.send('{"type":"stop_recording"}');
  world.simulator.inflict({ kind: "say", what: "unknown" });
  await roundTrip(world.client);
  expect(world.client.messages).toEqual([]);
  expect(world.simulator.observe()[0]).toMatchObject({ isConnected: true, byteCount: 0 });
  await using next = await LiveClient.open(world.url);
  expect((await world.client.closed).code).toBe(1006);
  next.socket.send(CHUNK);
  await next.until("audio_chunk");
});

test("a half-open socket does not read its client's code either", async () => {
  await using world = await setup();
  world.simulator.inflict({ kind: "freeze", dropMs: Infinity });
  world.client.socket.close(1000);
  await world.client.closed;
  await eventually(() => !world.simulator.observe()[0]!.isConnected);
  expect(world.simulator.openSessionCount).toBe(1);
});

test("a half-open socket breaks after its time", async () => {
  await using world = await setup();
  world.simulator.inflict({ kind: "freeze", dropMs: 20 });
  expect((await world.client.closed).code).toBe(1006);
});

test("lost acknowledgments are of audio that was heard", async () => {
  await using world = await setup({ recordAudio: true });
  world.simulator.inflict({ kind: "lose-acknowledgments", count: 2 });
  for (let chunk = 0; chunk < 3; chunk += 1) world.client.socket.send(CHUNK);
  await world.client.until("audio_chunk");
  expect(rangesOf(world.client)).toEqual([[6400, 9600]]);
  expect(world.simulator.received(world.id)!.audio).toHaveLength(9600);
});

test("delayed acknowledgments come in order, and transcripts overtake them", async () => {
  await using world = await setup();
  world.simulator.inflict({ kind: "delay-acknowledgments", delayMs: 2000 });
  world.client.sendAudio(SPEECH);
  await world.client.until("audio_chunk", SPEECH.length / 3200);
  const types = world.client.messages.map(({ type }) => type);
  expect(types.lastIndexOf("transcript")).toBeLessThan(types.indexOf("audio_chunk"));
  const starts = rangesOf(world.client).map((range) => range![0]);
  expect(starts).toEqual(starts.toSorted((a, b) => a - b));
});

test("a stalled socket hears, and later says everything at once, in order", async () => {
  await using world = await setup({ recordAudio: true });
  world.simulator.inflict({ kind: "stall", holdMs: 2000 });
  world.client.sendAudio(SPEECH);
  await eventually(() => world.simulator.observe()[0]!.byteCount === SPEECH.length);
  expect(world.client.messages).toEqual([]);
  const sound = await setup();
  sound.client.sendAudio(SPEECH);
  await sound.client.until("audio_chunk", SPEECH.length / 3200);
  await world.client.until("audio_chunk", SPEECH.length / 3200);
  const order = ({ client }: World) => client.messages.map(({ type }) => type);
  expect(order(world)).toEqual(order(sound));
  await sound.simulator.stop();
});

test("what is held back is said before the socket is closed in order", async () => {
  await using world = await setup();
  world.simulator.inflict({ kind: "stall", holdMs: 60_000 });
  world.simulator.inflict({ kind: "delay-acknowledgments", delayMs: 60_000 });
  world.client.sendAudio(SPEECH);
  world.client.stopRecording();
  expect((await world.client.closed).code).toBe(1000);
  expect(world.client.finals).toHaveLength(1);
  expect(world.client.of("audio_chunk")).toHaveLength(Math.ceil(SPEECH.length / 3200));
});

test("an utterance's last partial comes after its final", async () => {
  await using world = await setup();
  world.simulator.inflict({ kind: "reorder-partials" });
  world.client.sendAudio(SPEECH);
  world.client.sendAudio(SPEECH);
  world.client.stopRecording();
  await world.client.closed;
  const order = world.client
    .of("transcript")
    .map(({ data }) => `${data.id.slice(-1)} ${data.is_final ? "final" : "partial"}`);
  const distinct = order.filter((step, index) => step !== order[index - 1]);
  expect(distinct).toEqual([
    "0 partial",
    "0 final",
    "0 partial",
    "1 partial",
    "1 final",
    "1 partial",
  ]);
});

test("frames that no client expects come as they are, and the session goes on", async () => {
  await using world = await setup();
  const faults: readonly SocketFault[] = [
    { kind: "say", what: "malformed" },
    { kind: "say", what: "unknown" },
    { kind: "say", what: "huge" },
  ];
  for (const fault of faults) world.simulator.inflict(fault);
  world.client.socket.send(CHUNK);
  await world.client.until("audio_chunk");
  expect(world.client.oddFrames).toHaveLength(1);
  const [unknown, huge] = world.client.messages.map((message) => JSON.stringify(message));
  expect(unknown).toContain("weather_forecast");
  expect(huge!.length).toBeGreaterThan(2_000_000);
});
