import { expect, test } from "bun:test";
import { connectedClient, NEVER_READ } from "../../support/stages/connection-stage.ts";
import { audioFrame } from "../../support/stages/relay-stage.ts";

test("[R21] every message has a number that grows, and the id to come back with", () => {
  const { socket, stream } = connectedClient();
  stream.say({ isFinal: false });
  stream.interrupt();
  stream.say({});
  expect(socket.sent[0]).toEqual({
    type: "session",
    seq: 0,
    connection_id: "connection-1",
    resume: expect.stringMatching(/^[\w-]{32}$/),
    resumed: false,
    audio_received_ms: 0,
    grace_ms: 30_000,
  });
  expect(socket.sent[1]).toMatchObject({ type: "ready", resume: socket.resumeId });
  expect(socket.sent.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4]);
});

test("[R21] a client that comes back gets what it missed, once, under the numbers that it had", () => {
  const { stage, socket, stream, cut } = connectedClient();
  stream.say({ key: "1", text: "heard" });
  const { seq } = socket.sent.at(-1)!;
  cut();
  stream.say({ key: "2", isFinal: false, text: "half of tw" });
  stream.say({ key: "2", text: "two" });
  stream.translate({ utteranceKey: "2" });
  stream.lose(0, 1);
  stream.say({ key: "3", isFinal: false, text: "three is" });
  const again = stage.connect({ resume: { id: socket.resumeId, after: seq } });
  expect(again.socket.sent).toMatchObject([
    { type: "session", seq, resumed: true, resume: socket.resumeId, connection_id: "connection-2" },
    { type: "transcription", seq: seq + 1, text: "two", is_final: true },
    { type: "translation", seq: seq + 2 },
    { type: "status", seq: seq + 3, state: "gap" },
    { type: "transcription", seq: seq + 4, text: "three is", is_final: false },
    { type: "ready", seq: seq + 5, connection_id: "connection-2" },
  ]);
  expect(stage.provider.streams).toHaveLength(1);
  expect(stream.finishCount).toBe(0);
  stream.say({ key: "3", text: "three" });
  expect(again.socket.texts.at(-1)).toBe("three");
  expect(stage.metrics.tallies).toMatchObject({ sessions_resumed: 1, messages_replayed: 3 });
});

test("[R21] is told what it would know if it had been there", () => {
  const { stage, socket, stream, cut } = connectedClient();
  cut();
  stream.interrupt();
  stage.isUnjournaled.set(true);
  const { socket: second } = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(second.types).toEqual(["session", "ready", "status", "status"]);
  expect(second.states).toEqual(["reconnecting", "unjournaled"]);
  stream.resume();
  stage.isUnjournaled.set(false);
  const { socket: third } = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(third.states).toEqual([]);
});

test("[R22] a slow reader loses partials, never finals", () => {
  const { socket, stream, tallies } = connectedClient();
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
  const { connection, socket, stream } = connectedClient();
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

test("shows a translation under the id of what it translates, in one count with it", () => {
  const { socket, stream, tallies } = connectedClient();
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

test("[R12] tells a gap with its times", () => {
  const { socket, stream } = connectedClient();
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
  const { socket, stream } = connectedClient();
  stream.interrupt();
  stream.resume();
  expect(socket.sent.slice(2)).toEqual([
    { type: "status", seq: 2, state: "reconnecting" },
    { type: "status", seq: 3, state: "live" },
  ]);
});

test("tells who waits for a place of the account how many wait", () => {
  const { socket, stream } = connectedClient();
  stream.queue(3);
  expect(socket.sent.at(-1)).toEqual({ type: "status", seq: 2, state: "queued", position: 3 });
});

test("[R21] a newer connection of the same owner replaces the older one with 4010", () => {
  const { stage, connection, socket, stream } = connectedClient();
  const newer = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(socket.closes).toEqual([[4010, "replaced: a newer connection took this session over"]]);
  expect(socket.sent.at(-1)).toMatchObject({ code: "replaced", retryable: false });
  connection.receive(audioFrame(10));
  stream.say({ text: "for the newer one" });
  expect(stream.sent).toEqual([]);
  expect(newer.socket.texts).toEqual(["for the newer one"]);
  expect(socket.texts).toEqual([]);
});

test("[R21] a session that ended meanwhile gives its last words, then the close that was missed", () => {
  const { stage, connection, socket, stream, cut } = connectedClient();
  connection.receive('{"type":"stop"}');
  cut();
  stream.say({ text: "last words" });
  stream.end();
  expect(stage.sessions.count).toBe(0);
  const again = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(again.socket.texts).toEqual(["last words"]);
  expect(again.socket.closes).toEqual([[1000, "done"]]);
  expect(stage.provider.streams).toHaveLength(1);
});

test("[R30] a client that was told of a drain is told on its next socket too, and closed with 1012", () => {
  const { stage, socket, stream, cut } = connectedClient();
  stage.desk.announceDrain();
  cut();
  stream.say({ text: "last" });
  stream.end();
  const again = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(again.socket.texts).toEqual(["last"]);
  expect(again.socket.states).toEqual(["draining"]);
  expect(again.socket.closes.map(([code]) => code)).toEqual([1012]);
});
