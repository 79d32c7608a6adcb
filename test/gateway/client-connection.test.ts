import { expect, test } from "bun:test";
import { ConnectionStage, EXPIRES_AT_MS } from "../support/stages/connection-stage.ts";
import { audioFrame } from "../support/stages/relay-stage.ts";

function setup() {
  const stage = new ConnectionStage();
  return { ...stage.connect(), stage, tallies: stage.metrics.tallies };
}

test("[R22] a slow reader loses partials, never finals", () => {
  const { socket, stream, tallies } = setup();
  socket.bufferedBytes = 65_536;
  stream.say({ isFinal: false, text: "still read" });
  socket.bufferedBytes += 1;
  stream.say({ isFinal: false, text: "left out" });
  stream.say({ isFinal: true, text: "final" });
  socket.bufferedBytes = 1_048_576;
  stream.say({ isFinal: true, text: "final too" });
  expect(socket.texts).toEqual(["still read", "final", "final too"]);
  expect(tallies).toMatchObject({ partials_sent: 1, partials_dropped: 1, finals_sent: 2 });
});

test("[R22] when a slow reader has caught up, the latest partial of each open utterance comes", () => {
  const { connection, socket, stream } = setup();
  socket.bufferedBytes = 65_537;
  stream.say({ key: "a", isFinal: false, text: "a one" });
  stream.say({ key: "b", isFinal: false, text: "b one" });
  stream.say({ key: "a", isFinal: false, text: "a two" });
  stream.say({ key: "c", isFinal: false, text: "c one" });
  stream.say({ key: "c", isFinal: true, text: "c final" });
  socket.bufferedBytes = 0;
  connection.drained();
  connection.drained();
  expect(socket.texts).toEqual(["c final", "a two", "b one"]);
  const numbers = socket.sent.map(({ seq }) => seq);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
});

test("[R22] a slow reader gets them all the same where the socket does not say that it has caught up", () => {
  const { connection, socket, stream } = setup();
  socket.bufferedBytes = 65_537;
  stream.say({ isFinal: false, text: "waits" });
  connection.sweep(Date.now());
  expect(socket.texts).toEqual([]);
  socket.bufferedBytes = 0;
  connection.sweep(Date.now());
  expect(socket.texts).toEqual(["waits"]);
});

test("[R22] a reader over its bound is closed with 1013, and may come back; its finals are kept", () => {
  const { socket, stream, stage } = setup();
  socket.bufferedBytes = 1_048_577;
  stream.say({ text: "one" });
  expect(socket.closes).toEqual([[1013, "reader-too-slow: expected a reader, 1048577 bytes wait"]]);
  expect(socket.sent.at(-1)).toMatchObject({
    type: "error",
    code: "reader-too-slow",
    retryable: true,
    resume: socket.resumeId,
  });
  stream.say({ text: "two" });
  expect(stream.finishCount).toBe(0);
  const kept = stage.relay.eventsOf("kept").map(({ transcript }) => transcript.text);
  expect(kept).toEqual(["one", "two"]);
  const again = stage.connect({ resume: { id: socket.resumeId, after: 0 } });
  expect(again.socket.texts).toEqual(["one", "two"]);
});

test("[R22] a reader that is sent nothing is looked at all the same", () => {
  const { connection, socket } = setup();
  socket.bufferedBytes = 1_048_577;
  connection.sweep(0);
  expect(socket.closes.map(([code]) => code)).toEqual([1013]);
});

test("shows a translation under the id of what it translates, in one count with it", () => {
  const { socket, stream, tallies } = setup();
  stream.say({ key: "provider-1:7" });
  stream.translate({ utteranceKey: "provider-1:7" });
  expect(socket.sent.at(-1)).toEqual({
    type: "translation",
    seq: 3,
    utterance_id: "provider-1:7",
    text: "bonjour",
    language: "fr",
    started_at: expect.stringMatching(/Z$/),
    ended_at: expect.stringMatching(/Z$/),
  });
  expect(tallies.finals_sent).toBe(1);
});

test("[R22] a slow reader loses no translation; one over its bound is closed with 1013", () => {
  const { socket, stream, stage } = setup();
  socket.bufferedBytes = 1_048_576;
  stream.translate({});
  expect(socket.sent.at(-1)).toMatchObject({ type: "translation" });
  socket.bufferedBytes += 1;
  stream.translate({ language: "de" });
  stream.translate({ language: "es" });
  expect(socket.closes.map(([code]) => code)).toEqual([1013]);
  expect(stage.relay.eventsOf("kept")).toHaveLength(3);
});

test("[R12] tells a gap with its times", () => {
  const { socket, stream } = setup();
  stream.lose(0, 1.5);
  expect(socket.sent.at(-1)).toEqual({
    type: "status",
    seq: 2,
    state: "gap",
    from: expect.stringMatching(/Z$/),
    to: expect.stringMatching(/Z$/),
  });
});

test("[R11] tells that the provider is away, and that it is back", () => {
  const { socket, stream } = setup();
  stream.interrupt();
  stream.resume();
  expect(socket.sent.slice(2)).toEqual([
    { type: "status", seq: 2, state: "reconnecting" },
    { type: "status", seq: 3, state: "live" },
  ]);
});

test("tells who waits for a place of the account how many wait", () => {
  const { socket, stream } = setup();
  stream.queue(3);
  expect(socket.sent.at(-1)).toEqual({ type: "status", seq: 2, state: "queued", position: 3 });
});

test("[R23] warns a minute before its token ends, and ends with it, not before", () => {
  const { connection, socket, stream } = setup();
  connection.sweep(EXPIRES_AT_MS - 60_001);
  expect(socket.states).toEqual([]);
  connection.sweep(EXPIRES_AT_MS - 60_000);
  connection.sweep(EXPIRES_AT_MS - 1);
  expect(socket.sent.at(-1)).toMatchObject({
    state: "token-expiring",
    expires_at: new Date(EXPIRES_AT_MS).toISOString(),
  });
  expect(socket.states).toEqual(["token-expiring"]);
  expect(socket.closes).toEqual([]);
  connection.sweep(EXPIRES_AT_MS);
  connection.sweep(EXPIRES_AT_MS + 1);
  expect(socket.closes.map(([code]) => code)).toEqual([4001]);
  expect(socket.sent.at(-1)).toMatchObject({ code: "token-expired", resume: socket.resumeId });
  // With a fresh token the speaker may come back.
  expect(stream.finishCount).toBe(0);
});

test("[R23] closes a client that sends no audio for too long", () => {
  const stage = new ConnectionStage({ clientIdleMs: 10_000 });
  const { connection, socket, stream } = stage.connect();
  connection.receive(audioFrame(10));
  const nowMs = Date.now();
  connection.sweep(nowMs + 9000);
  expect(socket.closes).toEqual([]);
  connection.sweep(nowMs + 11_000);
  expect(socket.closes).toEqual([[4008, "client-idle: expected audio within 10000 ms"]]);
  expect(stream.finishCount).toBe(1);
});

test("[R22] a client that sends too fast is told, then closed with 4008", () => {
  const { connection, socket, stream } = setup();
  for (let sent = 0; sent < 20; sent += 1) connection.receive(audioFrame(1000));
  expect(socket.states).toEqual([]);
  for (let sent = 0; sent < 9; sent += 1) connection.receive(audioFrame(1000));
  expect(socket.states).toEqual(["too-fast"]);
  expect(socket.closes).toEqual([]);
  for (let sent = 0; sent < 3; sent += 1) connection.receive(audioFrame(1000));
  expect(socket.closes.map(([code]) => code)).toEqual([4008]);
  expect(socket.sent.at(-1)).toMatchObject({ code: "rate-exceeded" });
  expect(stream.finishCount).toBe(1);
});

test("[R23] a flood of pings, or of control messages, is closed with 4008", () => {
  const { connection, socket } = setup();
  for (let sent = 0; sent < 40; sent += 1) connection.pinged();
  expect(socket.closes.map(([code]) => code)).toEqual([4008]);
});

test("[R24] after a bug it is closed with 1011, and what was said is still awaited", () => {
  const { connection, socket, stream } = setup();
  connection.crash(new Error("the test broke it"));
  expect(socket.closes).toEqual([[1011, "internal: the gateway failed on its side"]]);
  expect(JSON.stringify(socket.sent)).not.toContain("broke");
  expect(stream.finishCount).toBe(1);
});

test("closes its socket once, whoever asks", () => {
  const { connection, socket, stream, stage } = setup();
  connection.receive('{"type":"stop"}');
  connection.receive("hello");
  connection.receive(audioFrame(10));
  stage.desk.announceDrain();
  stream.end();
  expect(socket.closes.map(([code]) => code)).toEqual([4008]);
  expect(stage.sessions.count).toBe(0);
});

test("ignores whatever comes after it has closed", () => {
  const { connection, socket, stream } = setup();
  connection.closed(1006, "");
  connection.receive(audioFrame(10));
  stream.lose(0, 1);
  expect(stream.sent).toEqual([]);
  expect(socket.types).toEqual(["session", "ready"]);
});
