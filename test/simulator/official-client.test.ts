/**
 * The provider's own client against the simulator: what satisfies it is the protocol, not our
 * reading of it.
 */
import { expect, test } from "bun:test";
import { GladiaClient } from "@gladiaio/sdk";
import type {
  LiveV2InitRequest,
  LiveV2InitResponse,
  LiveV2Session,
  LiveV2WebSocketMessage,
} from "@gladiaio/sdk";
import { deadline } from "../../src/kernel/deadline.ts";
import { loadSample } from "../../src/simulator/sample/sample.ts";
import { startSimulator, type Simulator } from "../../src/simulator/simulator.ts";
import type { LiveMessage } from "../../src/simulator/wire/messages.ts";

const SAMPLE = await loadSample();
const FRAME_BYTES = 3200;
/** Loopback answers in milliseconds; a machine under load gets its time too. */
const WAIT_MS = 30_000;

const CAPTIONS: LiveV2InitRequest = {
  endpointing: 0.3,
  messages_config: {
    receive_partial_transcripts: true,
    receive_acknowledgments: true,
    receive_lifecycle_events: true,
  },
};

/** Does not compile when the simulator sends what the provider's types do not allow. */
const toOfficial = (message: LiveMessage): LiveV2WebSocketMessage => message;

interface Watched {
  readonly session: LiveV2Session;
  /** Names of events, in order, without messages. */
  readonly events: string[];
  readonly messages: LiveV2WebSocketMessage[];
  readonly errors: Error[];
  readonly ended: Promise<{ code: number }>;
}

function startSession(simulator: Simulator, apiKey = "key", request = CAPTIONS): Watched {
  const client = new GladiaClient({ apiKey, apiUrl: simulator.url });
  const session = client.liveV2().startSession(request);
  const events: string[] = [];
  const messages: LiveV2WebSocketMessage[] = [];
  const errors: Error[] = [];
  const ended = Promise.withResolvers<{ code: number }>();
  session.on("started", (response: LiveV2InitResponse) => events.push(`started ${response.id}`));
  session.on("connected", ({ attempt }) => events.push(`connected ${attempt}`));
  session.on("ending", () => events.push("ending"));
  session.on("message", (message) => messages.push(message));
  session.on("error", (error) => errors.push(error));
  session.on("ended", ({ code }) => {
    events.push("ended");
    ended.resolve({ code });
  });
  return {
    session,
    events,
    messages,
    errors,
    ended: deadline(ended.promise, WAIT_MS, "the end of the official client's session"),
  };
}

function reach(session: LiveV2Session, event: "connected" | "started"): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  session.once(event as "connected", () => resolve());
  return deadline(promise, WAIT_MS, `the official client's event ${event}`);
}

function sendAudio(session: LiveV2Session, audio: Uint8Array): void {
  for (let from = 0; from < audio.length; from += FRAME_BYTES) {
    session.sendAudio(Buffer.from(audio.subarray(from, from + FRAME_BYTES)));
  }
}

function finalsOf(messages: readonly LiveV2WebSocketMessage[]): string[] {
  return messages.flatMap((message) =>
    message.type === "transcript" && message.data.is_final
      ? [message.data.utterance.text.trim()]
      : [],
  );
}

function bytesAcknowledged(messages: readonly LiveV2WebSocketMessage[]): number {
  return messages.reduce(
    (bytes, message) =>
      message.type === "audio_chunk" ? (message.data?.byte_range[1] ?? bytes) : bytes,
    0,
  );
}

test("the sample streamed by the official client comes back as its sentences", async () => {
  await using simulator = await startSimulator();
  const { session, events, messages, errors, ended } = startSession(simulator);
  await reach(session, "connected");
  sendAudio(session, SAMPLE.pcm);
  session.stopRecording();
  expect((await ended).code).toBe(1000);
  expect(errors).toEqual([]);
  expect(events).toEqual([`started ${session.sessionId}`, "connected 1", "ending", "ended"]);
  expect(finalsOf(messages)).toEqual([...SAMPLE.sentences]);
  const partials = messages.filter((message) => message.type === "transcript").length;
  expect(partials).toBeGreaterThan(4 * SAMPLE.sentences.length);
  expect(messages[0]!.type).toBe("start_session");
  expect(messages.at(-1)!.type).toBe("end_session");
});

test("audio sent before the official client is connected is heard too", async () => {
  await using simulator = await startSimulator({ postDelayMs: 20, openDelayMs: 20 });
  const { session, messages, ended } = startSession(simulator);
  sendAudio(session, SAMPLE.pcm);
  session.stopRecording();
  expect((await ended).code).toBe(1000);
  expect(finalsOf(messages)).toEqual([...SAMPLE.sentences]);
});

test("acknowledgments trim the official client's memory to nothing", async () => {
  await using simulator = await startSimulator();
  const { session, messages, ended } = startSession(simulator);
  await reach(session, "connected");
  sendAudio(session, SAMPLE.pcm);
  session.stopRecording();
  // A private field, and the only place where the trimming shows before the end.
  const memory = session as unknown as { audioBuffer: Uint8Array | null };
  const leftBytes: number[] = [];
  session.on("message", ({ type }) => {
    if (type === "stop_recording") leftBytes.push(memory.audioBuffer?.length ?? 0);
  });
  await ended;
  expect(bytesAcknowledged(messages)).toBe(SAMPLE.pcm.length);
  expect(leftBytes).toEqual([0]);
});

test("the official client resumes after a lost socket, and nothing is lost or doubled", async () => {
  await using simulator = await startSimulator();
  const { session, events, messages, errors, ended } = startSession(simulator);
  await reach(session, "connected");
  const cut = 60 * FRAME_BYTES;
  const half = Promise.withResolvers<void>();
  session.on("message", () => {
    if (bytesAcknowledged(messages) === cut) half.resolve();
  });
  sendAudio(session, SAMPLE.pcm.subarray(0, cut));
  await deadline(half.promise, WAIT_MS, "the acknowledgment of the first half");
  const isBack = reach(session, "connected");
  simulator.closeSockets(1011);
  // While it is away, it keeps what it is given.
  sendAudio(session, SAMPLE.pcm.subarray(cut));
  await isBack;
  session.stopRecording();
  expect((await ended).code).toBe(1000);
  expect(errors).toEqual([]);
  expect(events.filter((event) => event.startsWith("connected"))).toEqual([
    "connected 1",
    "connected 2",
  ]);
  expect(finalsOf(messages)).toEqual([...SAMPLE.sentences]);
  expect(simulator.observe()[0]!.byteCount).toBe(SAMPLE.pcm.length);
});

test("the official client ends at once when its key is refused", async () => {
  await using simulator = await startSimulator({ apiKey: "right" });
  const { session, errors, ended } = startSession(simulator, "wrong");
  // Rejects as well; the event says the same.
  session.getSessionId().catch(() => undefined);
  expect((await ended).code).toBe(1006);
  expect(errors.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^gladia key not found \| G-[0-9a-f]{8} \| 401 \| POST \/v2\/live$/),
  ]);
});

test("the official client repeats a request that was refused with 429, then gives up", async () => {
  await using simulator = await startSimulator();
  simulator.refuseNext(429);
  const lucky = startSession(simulator);
  await reach(lucky.session, "connected");
  lucky.session.stopRecording();
  expect((await lucky.ended).code).toBe(1000);

  simulator.refuseNext(429, { retryAfterSeconds: 1 });
  simulator.refuseNext(429, { retryAfterSeconds: 1 });
  const unlucky = startSession(simulator);
  unlucky.session.getSessionId().catch(() => undefined);
  expect((await unlucky.ended).code).toBe(1006);
  expect(unlucky.errors[0]!.message).toStartWith("HTTP request failed after 2 attempts");
});

test("the official client reads a session and its result", async () => {
  await using simulator = await startSimulator();
  const { session, ended } = startSession(simulator);
  await reach(session, "connected");
  sendAudio(session, SAMPLE.pcm);
  session.stopRecording();
  const id = await session.getSessionId();
  await ended;
  const live = new GladiaClient({ apiKey: "key", apiUrl: simulator.url }).liveV2();
  const job = await live.get(id);
  expect(job.status).toBe("done");
  expect(job.result!.transcription!.full_transcript).toBe(SAMPLE.sentences.join(" "));
  const kept = job.result!.messages!.map((text) => toOfficial(JSON.parse(text)));
  expect(finalsOf(kept)).toEqual([...SAMPLE.sentences]);
  expect(await live.delete(id)).toBe(true);
});
