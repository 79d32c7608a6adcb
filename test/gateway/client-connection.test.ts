import { expect, test } from "bun:test";
import type { Identification } from "../../src/gateway/admission.ts";
import { ClientConnection } from "../../src/gateway/client-connection.ts";
import { closeReason } from "../../src/gateway/client-failure.ts";
import type { ServerMessage } from "../../src/gateway/messages.ts";
import { AppError } from "../../src/kernel/errors.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { SessionRegistry } from "../../src/relay/session-registry.ts";
import { recordedLog } from "../support/recorded-log.ts";
import {
  audioFrame,
  recognition,
  relayStage,
  sessionLimits,
  speaker,
} from "../support/relay-stage.ts";
import { ScriptedProvider } from "../support/scripted-provider.ts";

/** A socket whose reader is as slow as the test wants it to be. */
class RecordedSocket {
  readonly sent: ServerMessage[] = [];
  readonly closes: (readonly [code: number, reason: string])[] = [];
  bufferedBytes = 0;

  send(text: string): number {
    // The tests judge by its parts whether it is one.
    this.sent.push(JSON.parse(text) as ServerMessage);
    return text.length;
  }

  close(code: number, reason: string): void {
    this.closes.push([code, reason]);
  }

  getBufferedAmount(): number {
    return this.bufferedBytes;
  }
}

const EXPIRES_AT_MS = 2_000_000_000_000;

function setup() {
  const provider = new ScriptedProvider();
  const metrics = new Metrics();
  const sink = relayStage();
  const sessions = new SessionRegistry(
    { provider, sink: sink.sink, record: sink.record, metrics },
    {
      sessionsMax: 10,
      sessionsPerSubjectMax: 10,
      limits: sessionLimits,
    },
  );
  sessions.stop();
  const identity: Identification = {
    speaker,
    recognitionChoices: {},
    expiresAt: new Date(EXPIRES_AT_MS),
  };
  const authenticator = {
    identify: () => Promise.resolve(identity),
    identifyToken: () => Promise.resolve(identity),
    selectProtocol: () => undefined,
  };
  const connection = new ClientConnection(
    "connection-1",
    { ...identity, recognition },
    { sessions, authenticator, metrics, log: recordedLog() },
  );
  const socket = new RecordedSocket();
  connection.open(socket);
  provider.stream.becomeReady();
  const { tallies } = metrics;
  return { connection, socket, stream: provider.stream, sessions, tallies, kept: sink };
}

const textsOf = ({ sent }: RecordedSocket) =>
  sent.filter((message) => message.type === "transcription").map(({ text }) => text);

test("[R22] a slow reader loses partials, never finals", () => {
  const { socket, stream, tallies } = setup();
  socket.bufferedBytes = 65_536;
  stream.say({ isFinal: false, text: "still read" });
  socket.bufferedBytes += 1;
  stream.say({ isFinal: false, text: "left out" });
  stream.say({ isFinal: true, text: "final" });
  socket.bufferedBytes = 1_048_576;
  stream.say({ isFinal: true, text: "final too" });
  expect(textsOf(socket)).toEqual(["still read", "final", "final too"]);
  expect(tallies).toMatchObject({ partials_sent: 1, partials_dropped: 1, finals_sent: 2 });
  socket.bufferedBytes = 0;
  stream.say({ isFinal: false, text: "caught up" });
  expect(textsOf(socket)).toContain("caught up");
  expect(socket.sent.at(-1)).toMatchObject({ seq: 4 });
});

test("[R22] a reader over its bound is closed with 1013; its finals are kept all the same", () => {
  const { socket, stream, kept } = setup();
  socket.bufferedBytes = 1_048_577;
  stream.say({ text: "one" });
  expect(socket.closes).toEqual([[1013, "reader-too-slow: expected a reader, 1048577 bytes wait"]]);
  expect(socket.sent.at(-1)).toMatchObject({
    type: "error",
    code: "reader-too-slow",
    retryable: true,
  });
  stream.say({ text: "two" });
  stream.end();
  expect(kept.eventsOf("kept").map(({ transcript }) => transcript.text)).toEqual(["one", "two"]);
  expect(textsOf(socket)).toEqual([]);
});

test("shows a translation under the id of what it translates, in one count with it", () => {
  const { socket, stream, tallies } = setup();
  stream.say({ key: "provider-1:7" });
  stream.translate({ utteranceKey: "provider-1:7" });
  expect(socket.sent.at(-1)).toEqual({
    type: "translation",
    seq: 2,
    utterance_id: "provider-1:7",
    text: "bonjour",
    language: "fr",
    started_at: expect.stringMatching(/Z$/),
    ended_at: expect.stringMatching(/Z$/),
  });
  expect(tallies.finals_sent).toBe(1);
});

test("[R22] a slow reader loses no translation; one over its bound is closed with 1013", () => {
  const { socket, stream, kept } = setup();
  socket.bufferedBytes = 1_048_576;
  stream.translate({});
  expect(socket.sent.at(-1)).toMatchObject({ type: "translation" });
  socket.bufferedBytes += 1;
  stream.translate({ language: "de" });
  stream.translate({ language: "es" });
  expect(socket.closes.map(([code]) => code)).toEqual([1013]);
  expect(kept.eventsOf("kept")).toHaveLength(3);
});

test("[R12] tells a gap with its times", () => {
  const { connection, socket } = setup();
  connection.showGap(new Date(0), new Date(1500));
  expect(socket.sent.at(-1)).toEqual({
    type: "status",
    state: "gap",
    from: "1970-01-01T00:00:00.000Z",
    to: "1970-01-01T00:00:01.500Z",
  });
});

test("[R11] tells that the provider is away, and that it is back", () => {
  const { socket, stream } = setup();
  stream.interrupt();
  stream.resume();
  expect(socket.sent.slice(1)).toEqual([
    { type: "status", state: "reconnecting" },
    { type: "status", state: "live" },
  ]);
});

test("tells who waits for a place of the account how many wait", () => {
  const { socket, stream } = setup();
  stream.queue(3);
  expect(socket.sent.at(-1)).toEqual({ type: "status", state: "queued", position: 3 });
});

test("[R23] ends with its token, not before", () => {
  const { connection, socket, stream } = setup();
  connection.checkExpiry(EXPIRES_AT_MS - 1);
  expect(socket.closes).toEqual([]);
  connection.checkExpiry(EXPIRES_AT_MS);
  connection.checkExpiry(EXPIRES_AT_MS + 1);
  expect(socket.closes.map(([code]) => code)).toEqual([4001]);
  expect(socket.sent.at(-1)).toMatchObject({ type: "error", code: "token-expired" });
  expect(stream.finishCount).toBe(1);
});

test("[R24] after a bug it is closed with 1011, and what was said is still awaited", () => {
  const { connection, socket, stream } = setup();
  connection.crash(new Error("the test broke it"));
  expect(socket.closes).toEqual([[1011, "internal: the gateway failed on its side"]]);
  expect(JSON.stringify(socket.sent)).not.toContain("broke");
  expect(stream.finishCount).toBe(1);
});

test("closes its socket once, whoever asks", () => {
  const { connection, socket, stream, sessions } = setup();
  connection.receive('{"type":"stop"}');
  connection.receive("hello");
  connection.receive(audioFrame(10));
  connection.closed();
  connection.drain();
  stream.end();
  expect(socket.closes.map(([code]) => code)).toEqual([4008]);
  expect(sessions.count).toBe(0);
});

test("ignores whatever comes before it is open and after it has closed", () => {
  const { connection, socket, stream } = setup();
  connection.closed();
  connection.receive(audioFrame(10));
  connection.showGap(new Date(), new Date());
  expect(stream.sent).toEqual([]);
  expect(socket.sent.map(({ type }) => type)).toEqual(["ready"]);
});

test("keeps a close reason within what a close frame holds", () => {
  const reason = closeReason(new AppError("provider-refused", "x".repeat(500)));
  expect(reason).toStartWith("provider-refused: xxx");
  expect(Buffer.byteLength(reason)).toBe(123);
});
