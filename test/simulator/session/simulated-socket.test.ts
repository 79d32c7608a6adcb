import { expect, test } from "bun:test";
import { loadSample } from "../../../src/simulator/sample/sample.ts";
import { startSimulator } from "../../../src/simulator/simulator.ts";
import {
  eventually,
  LiveClient,
  openSession,
  readJob,
} from "../../support/actors/clients/live-client.ts";

const SAMPLE = await loadSample();
/** What the gateway asks for. */
const CAPTIONS = { endpointing: 0.3, messages_config: { receive_partial_transcripts: true } };
const SILENCE = new Uint8Array(3200);

test("the sample comes back as its sentences, ids counting from zero", async () => {
  await using simulator = await startSimulator();
  const { id, url } = await openSession(simulator, CAPTIONS);
  const client = await LiveClient.open(url);
  client.sendAudio(SAMPLE.pcm);
  client.stopRecording();
  expect(await client.closed).toEqual({ code: 1000, reason: "" });
  expect(client.finals).toEqual([...SAMPLE.sentences]);
  const finals = client.of("transcript").filter(({ data }) => data.is_final);
  expect(finals.map(({ data }) => data.id)).toEqual([
    "00_00000000",
    "00_00000001",
    "00_00000002",
    "00_00000003",
    "00_00000004",
  ]);
  for (const message of client.messages) {
    expect(message.session_id).toBe(id);
    expect(new Date(message.created_at).toISOString()).toBe(message.created_at);
  }
});

test("partials share the id of the final that they precede", async () => {
  await using simulator = await startSimulator();
  const { url } = await openSession(simulator, CAPTIONS);
  const client = await LiveClient.open(url);
  client.sendAudio(SAMPLE.pcm);
  client.stopRecording();
  await client.closed;
  const order = client.of("transcript").map(({ data }) => `${data.id} ${data.is_final}`);
  const distinct = order.filter((step, index) => step !== order[index - 1]);
  expect(distinct).toEqual(
    [0, 1, 2, 3, 4].flatMap((count) => [`00_0000000${count} false`, `00_0000000${count} true`]),
  );
});

test("acknowledgments count bytes without a gap, up to an exclusive end", async () => {
  await using simulator = await startSimulator();
  const { url } = await openSession(simulator, {});
  await using client = await LiveClient.open(url);
  for (const bytes of [3200, 1, 0, 3199]) client.socket.send(new Uint8Array(bytes));
  const acknowledgments = await client.until("audio_chunk", 4);
  expect(acknowledgments.map(({ data }) => data)).toEqual([
    { byte_range: [0, 3200], time_range: [0, 0.1] },
    { byte_range: [3200, 3201], time_range: [0.1, 3201 / 32_000] },
    { byte_range: [3201, 3201], time_range: [3201 / 32_000, 3201 / 32_000] },
    { byte_range: [3201, 6400], time_range: [3201 / 32_000, 0.2] },
  ]);
  expect(acknowledgments.every(({ acknowledged }) => acknowledged)).toBe(true);
});

test("audio in text frames is heard as audio in binary ones", async () => {
  await using simulator = await startSimulator();
  const { url } = await openSession(simulator, CAPTIONS);
  const client = await LiveClient.open(url);
  for (let from = 0; from < SAMPLE.pcm.length; from += 5001) {
    const chunk = Buffer.from(SAMPLE.pcm.subarray(from, from + 5001)).toString("base64");
    client.socket.send(JSON.stringify({ type: "audio_chunk", data: { chunk } }));
  }
  client.stopRecording();
  await client.closed;
  expect(client.finals).toEqual([...SAMPLE.sentences]);
});

test("stop_recording is acknowledged and followed by the trailing final and the end", async () => {
  await using simulator = await startSimulator();
  const { url } = await openSession(simulator, {
    endpointing: 0.3,
    messages_config: { receive_lifecycle_events: true },
  });
  const client = await LiveClient.open(url);
  // Ends inside the first sentence.
  client.sendAudio(SAMPLE.pcm.subarray(0, 64_000));
  client.stopRecording();
  await client.closed;
  const types = client.messages.map(({ type }) => type);
  expect(types.filter((type) => type !== "audio_chunk")).toEqual([
    "start_recording",
    "speech_start",
    "stop_recording",
    "speech_end",
    "transcript",
    "end_recording",
    "post_transcript",
    "post_final_transcript",
    "end_session",
  ]);
  expect(client.of("stop_recording")[0]).toMatchObject({
    acknowledged: true,
    error: null,
    data: { recording_duration: 2, recording_left_to_process: 0 },
  });
  expect(client.of("post_final_transcript")[0]!.data.transcription).toEqual(
    client.of("post_transcript")[0]!.data,
  );
});

test("only what the request lets through is sent", async () => {
  await using simulator = await startSimulator();
  const { url } = await openSession(simulator, {
    endpointing: 0.3,
    messages_config: {
      receive_acknowledgments: false,
      receive_speech_events: false,
      receive_post_processing_events: false,
    },
  });
  const client = await LiveClient.open(url);
  client.sendAudio(SAMPLE.pcm);
  client.stopRecording();
  await client.closed;
  expect(client.messages.map(({ type }) => type)).toEqual(SAMPLE.sentences.map(() => "transcript"));
  expect(client.finals).toEqual([...SAMPLE.sentences]);
});

test.each(["not json", "{}", '{"type":"audio_chunk","data":{"chunk":"*"}}', '{"type":"flush"}'])(
  "the text frame %s is refused and the session goes on",
  async (frame) => {
    await using simulator = await startSimulator();
    const { url } = await openSession(simulator, {});
    await using client = await LiveClient.open(url);
    client.socket.send(frame);
    client.socket.send(SILENCE);
    const [refusal, next] = await client.until("audio_chunk", 2);
    expect(refusal).toMatchObject({
      acknowledged: false,
      data: null,
      error: { message: expect.any(String) },
    });
    expect(next).toMatchObject({ acknowledged: true, data: { byte_range: [0, 3200] } });
  },
);

test("audio and a second stop are refused while the trailing final is due", async () => {
  await using simulator = await startSimulator({ finalDelayMs: 1000 });
  const { url } = await openSession(simulator, {});
  const client = await LiveClient.open(url);
  client.stopRecording();
  client.stopRecording();
  client.socket.send(SILENCE);
  await client.closed;
  expect(client.of("stop_recording").map(({ acknowledged }) => acknowledged)).toEqual([
    true,
    false,
  ]);
  expect(client.of("audio_chunk").map(({ acknowledged }) => acknowledged)).toEqual([false]);
});

test("late finals come in order, and the end comes after them", async () => {
  await using simulator = await startSimulator({ finalDelayMs: 30 });
  const { url } = await openSession(simulator, CAPTIONS);
  const client = await LiveClient.open(url);
  client.sendAudio(SAMPLE.pcm);
  client.stopRecording();
  await client.closed;
  expect(client.finals).toEqual([...SAMPLE.sentences]);
  expect(client.messages.at(-1)!.type).toBe("post_final_transcript");
});

test("a frame of 1 MiB is heard, a larger one closes with 1009 and can be resumed", async () => {
  await using simulator = await startSimulator();
  const { url } = await openSession(simulator, {});
  const client = await LiveClient.open(url);
  client.socket.send(new Uint8Array(1_048_576));
  await client.until("audio_chunk");
  client.socket.send(new Uint8Array(1_048_577));
  expect((await client.closed).code).toBe(1009);
  await using resumed = await LiveClient.open(url);
  resumed.socket.send(SILENCE);
  const [acknowledgment] = await resumed.until("audio_chunk");
  expect(acknowledgment!.data!.byte_range).toEqual([1_048_576, 1_051_776]);
});

test("a session goes on over a lost socket: bytes, positions and ids", async () => {
  await using simulator = await startSimulator();
  const { id, url } = await openSession(simulator, CAPTIONS);
  const first = await LiveClient.open(url);
  // An odd cut, inside the second sentence.
  first.sendAudio(SAMPLE.pcm.subarray(0, 120_001));
  await first.until("audio_chunk", 38);
  simulator.closeSockets(1011);
  expect((await first.closed).code).toBe(1011);
  const second = await LiveClient.open(url);
  second.sendAudio(SAMPLE.pcm.subarray(120_001));
  second.stopRecording();
  expect((await second.closed).code).toBe(1000);
  expect([...first.finals, ...second.finals]).toEqual([...SAMPLE.sentences]);
  expect(second.of("audio_chunk")[0]!.data!.byte_range[0]).toBe(120_001);
  expect(simulator.observe()).toEqual([
    {
      id,
      status: "done",
      isConnected: false,
      connectionCount: 2,
      byteCount: SAMPLE.pcm.length,
    },
  ]);
});

test("closing with 1000 ends the session, and its messages can still be read", async () => {
  await using simulator = await startSimulator();
  const { id, url } = await openSession(simulator, CAPTIONS);
  const client = await LiveClient.open(url);
  client.sendAudio(SAMPLE.pcm.subarray(0, 64_000));
  await client.until("audio_chunk", 20);
  client.socket.close(1000);
  await client.closed;
  await eventually(() => simulator.openSessionCount === 0);
  const job = await readJob(simulator, id);
  expect(job.status).toBe("done");
  expect(job.result!.transcription.utterances).toHaveLength(1);
  expect(client.finals).toEqual([]);
});

test("the URL of an ended session opens and is closed with 4403", async () => {
  await using simulator = await startSimulator();
  const { url } = await openSession(simulator, {});
  const client = await LiveClient.open(url);
  client.stopRecording();
  await client.closed;
  const late = await LiveClient.open(url);
  expect((await late.closed).code).toBe(4403);
});

test("an unknown token is refused before the handshake", async () => {
  await using simulator = await startSimulator();
  const response = await fetch(`${simulator.url}/v2/live?token=${crypto.randomUUID()}`);
  expect(response.status).toBe(403);
  const url = `${simulator.url.replace("http", "ws")}/v2/live?token=unknown`;
  await expect(LiveClient.open(url)).rejects.toThrow("before it opened");
});

test("a newer socket takes the session over", async () => {
  await using simulator = await startSimulator();
  const { url } = await openSession(simulator, {});
  const first = await LiveClient.open(url);
  await using second = await LiveClient.open(url);
  expect((await first.closed).code).toBe(4409);
  second.socket.send(SILENCE);
  await second.until("audio_chunk");
  expect(simulator.openSessionCount).toBe(1);
});

test("a socket without audio is dropped, one with empty chunks is not", async () => {
  await using simulator = await startSimulator({ idleMs: 2000 });
  const quiet = await openSession(simulator, {});
  const kept = await openSession(simulator, {});
  const quietClient = await LiveClient.open(quiet.url);
  await using keptClient = await LiveClient.open(kept.url);
  const isDropped = quietClient.closed;
  let acknowledgments = 0;
  while (quietClient.socket.readyState === WebSocket.OPEN) {
    keptClient.socket.send('{"type":"audio_chunk","data":{"chunk":""}}');
    acknowledgments += 1;
    await keptClient.until("audio_chunk", acknowledgments);
    await Bun.sleep(20);
  }
  expect((await isDropped).code).toBe(1011);
  expect(keptClient.socket.readyState).toBe(WebSocket.OPEN);
  await using resumed = await LiveClient.open(quiet.url);
  resumed.socket.send(SILENCE);
  await resumed.until("audio_chunk");
});

test("a session without a socket ends after its time", async () => {
  await using simulator = await startSimulator({ resumeMs: 1000 });
  const { url } = await openSession(simulator, {});
  const client = await LiveClient.open(url);
  simulator.closeSockets(4500);
  await client.closed;
  await eventually(() => simulator.openSessionCount === 0);
  const late = await LiveClient.open(url);
  expect((await late.closed).code).toBe(4403);
});
