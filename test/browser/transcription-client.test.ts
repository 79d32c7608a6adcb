import { expect, test } from "bun:test";
import type { ClientEvents } from "../../src/browser/client-events.ts";
import { publishCaptions } from "../../src/browser/livekit.ts";
import { TranscriptionClient } from "../../src/browser/transcription-client.ts";
import type { TranscriptionMessage } from "../../src/gateway/protocol/server-messages.ts";

const FRAME_BYTES = 3200;

type Received = string | number;

/** Answers a stop with `lastWords` and a regular close; `received` holds texts, and the first byte of each frame. */
function startGateway(lastWords: readonly string[] = []) {
  const received: Received[] = [];
  const opened = Promise.withResolvers<Bun.ServerWebSocket>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, self) => {
      received.push(request.headers.get("sec-websocket-protocol") ?? "");
      const headers = { "sec-websocket-protocol": "stenogate" };
      return self.upgrade(request, { headers }) ? undefined : new Response("no upgrade");
    },
    websocket: {
      open: (socket) => opened.resolve(socket),
      message(socket, message) {
        received.push(typeof message === "string" ? message : message[0]!);
        if (typeof message !== "string") return;
        for (const words of lastWords) socket.send(words);
        socket.close(1000);
      },
    },
  });
  const url = new URL("/api/realtime/transcribe", server.url);
  url.protocol = "ws:";
  return { url, received, opened: opened.promise, [Symbol.dispose]: () => void server.stop(true) };
}

function createFrame(mark: number): ArrayBuffer {
  return new Uint8Array(FRAME_BYTES).fill(mark).buffer;
}

function createMessage(isFinal: boolean): TranscriptionMessage {
  return {
    type: "transcription",
    seq: 1,
    text: "hello",
    is_final: isFinal,
    utterance_id: "g-1:0",
    started_at: "2026-03-01T10:00:00.000Z",
    ended_at: "2026-03-01T10:00:01.000Z",
  };
}

/** The `close` event, as a promise made before anything happens. */
function waitForClose(client: TranscriptionClient): Promise<ClientEvents["close"]> {
  const { promise, resolve } = Promise.withResolvers<ClientEvents["close"]>();
  client.on("close", resolve);
  return promise;
}

test("[R10] keeps audio until the socket is open, sends it first, and stops after it", async () => {
  using gateway = startGateway();
  const client = new TranscriptionClient();
  const closed = waitForClose(client);
  client.sendAudio(createFrame(1));
  client.connect(gateway.url, "a.b.c");
  client.sendAudio(createFrame(2));
  client.stop();
  client.sendAudio(createFrame(3));
  expect((await closed).code).toBe(1000);
  expect(gateway.received).toEqual(["stenogate, access_token.a.b.c", 1, 2, '{"type":"stop"}']);
});

test("drops the oldest audio beyond ten seconds, and counts it", async () => {
  using gateway = startGateway();
  const client = new TranscriptionClient();
  const closed = waitForClose(client);
  for (let mark = 1; mark <= 103; mark += 1) client.sendAudio(createFrame(mark));
  expect(client.droppedBytes).toBe(3 * FRAME_BYTES);
  client.connect(gateway.url, "a.b.c");
  client.stop();
  await closed;
  expect(gateway.received.slice(1, 3)).toEqual([4, 5]);
  expect(gateway.received).toHaveLength(102);
});

test("tells every kind of message to its listeners, in order, and ignores the rest", async () => {
  const messages = [
    { type: "ready", connection_id: "c-1", encoding: "wav/pcm", sample_rate: 16_000 },
    createMessage(false),
    { type: "status", state: "draining" },
    createMessage(true),
    { type: "translation", seq: 2, text: "bonjour", utterance_id: "g-1:0", language: "fr" },
    { type: "error", message: "expected less", code: "rate-exceeded", retryable: true },
  ];
  const noise = ["", "no JSON", "null", "7", '{"type":"toString"}', '{"type":"later"}'];
  using gateway = startGateway([...noise, ...messages.map((message) => JSON.stringify(message))]);
  const client = new TranscriptionClient();
  const told: unknown[] = [];
  for (const type of ["ready", "transcription", "translation", "status", "error"] as const) {
    client.on(type, (message) => told.push(message));
  }
  const unwanted = client.on("ready", () => told.push("a listener that was taken away"));
  unwanted();
  const closed = waitForClose(client);
  client.connect(gateway.url, "a.b.c");
  client.stop();
  await closed;
  expect(told).toEqual(messages);
});

test("tells the gateway's own close code, once, and sends nothing afterwards", async () => {
  using gateway = startGateway();
  const client = new TranscriptionClient();
  const closed = waitForClose(client);
  client.connect(gateway.url, "a.b.c");
  const socket = await gateway.opened;
  socket.close(4001, "token expired");
  expect(await closed).toEqual({ code: 4001, reason: "token expired" });
  client.sendAudio(createFrame(1));
  client.stop();
  client.stop();
  expect(client.droppedBytes).toBe(0);
  expect(() => client.connect(gateway.url, "a.b.c")).toThrow(
    "expected an idle client, got one that is closed",
  );
});

test("tells a close when nobody listens", async () => {
  const gateway = startGateway();
  gateway[Symbol.dispose]();
  const client = new TranscriptionClient();
  const closed = waitForClose(client);
  client.connect(gateway.url, "a.b.c");
  expect((await closed).code).toBe(1006);
});

test("publishes finals reliably and partials lossily, and tells what LiveKit refuses", async () => {
  const messages = [createMessage(false), createMessage(true)];
  using gateway = startGateway(messages.map((message) => JSON.stringify(message)));
  const client = new TranscriptionClient();
  const published: unknown[] = [];
  const refused = Promise.withResolvers<unknown>();
  const localParticipant = {
    async publishData(payload: Uint8Array, options: { reliable: boolean; topic: string }) {
      published.push([JSON.parse(new TextDecoder().decode(payload)), options]);
      if (options.reliable) throw new Error("not connected");
    },
  };
  publishCaptions({ localParticipant }, client, refused.resolve);
  const closed = waitForClose(client);
  client.connect(gateway.url, "a.b.c");
  client.stop();
  await closed;
  expect(published).toEqual([
    [messages[0], { reliable: false, topic: "transcription" }],
    [messages[1], { reliable: true, topic: "transcription" }],
  ]);
  expect(await refused.promise).toEqual(new Error("not connected"));
});
