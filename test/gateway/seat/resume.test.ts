import { expect, test } from "bun:test";
import { ConnectionStage } from "../../support/stages/connection-stage.ts";
import { audioFrame } from "../../support/stages/relay-stage.ts";

const NEVER_READ = { after: 0 };

/** A client whose network is cut. */
function cutOff(options: ConstructorParameters<typeof ConnectionStage>[0] = {}) {
  const stage = new ConnectionStage(options);
  const first = stage.connect();
  return { stage, ...first, cut: () => first.connection.closed(1006, "") };
}

test("[R21] every message has a number that grows, and the id to come back with", () => {
  const { socket, stream } = cutOff();
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
  const { stage, socket, stream, cut } = cutOff();
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

test("[R21] is told how much audio has come, over all its sockets", () => {
  const { stage, connection, socket, stream, cut } = cutOff();
  connection.receive(audioFrame(100));
  connection.receive(audioFrame(50));
  cut();
  const again = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(again.socket.sent[0]).toMatchObject({ audio_received_ms: 150 });
  again.connection.receive(audioFrame(20));
  expect(stream.sent.map(({ byteLength }) => byteLength)).toEqual([3200, 1600, 640]);
});

test("[R21] is told what it would know if it had been there", () => {
  const { stage, socket, stream, cut } = cutOff();
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

test("[R21] a newer connection of the same owner replaces the older one with 4010", () => {
  const { stage, connection, socket, stream } = cutOff();
  const newer = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(socket.closes).toEqual([[4010, "replaced: a newer connection took this session over"]]);
  expect(socket.sent.at(-1)).toMatchObject({ code: "replaced", retryable: false });
  connection.receive(audioFrame(10));
  stream.say({ text: "for the newer one" });
  expect(stream.sent).toEqual([]);
  expect(newer.socket.texts).toEqual(["for the newer one"]);
  expect(socket.texts).toEqual([]);
});

test.each([{ subject: "thief" }, { sessionSlug: "other" }, { identity: "guest" }])(
  "[R21] a stolen id is refused with 4001 for %o, and nothing else happens",
  (claims) => {
    const { stage, socket, stream, cut } = cutOff();
    cut();
    stream.say({ text: "private" });
    const thief = stage.connect({
      resume: { id: socket.resumeId, ...NEVER_READ },
      speaker: claims,
    });
    expect(thief.socket.types).toEqual(["error"]);
    expect(thief.socket.closes.map(([code]) => code)).toEqual([4001]);
    expect(thief.socket.sent[0]).toMatchObject({ code: "resume-refused", seq: 0 });
    expect(stage.provider.streams).toHaveLength(1);
    const owner = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
    expect(owner.socket.texts).toEqual(["private"]);
  },
);

test("[R21] a thief does not take a session from the owner who is there", () => {
  const { stage, socket } = cutOff();
  stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ }, speaker: { subject: "thief" } });
  expect(socket.closes).toEqual([]);
});

test("[R21] an id that nobody knows any more opens a new session, and says so", () => {
  const stage = new ConnectionStage();
  const { socket } = stage.connect({ resume: { id: "x".repeat(32), after: 17 } });
  expect(socket.sent[0]).toMatchObject({ type: "session", seq: 0, resumed: false });
  expect(stage.provider.streams).toHaveLength(1);
});

test("[R21] after the grace the session ends, and its finals are stored", () => {
  const { stage, socket, stream, cut } = cutOff();
  cut();
  stage.desk.sweep(Date.now() + 29_000);
  expect(stream.finishCount).toBe(0);
  expect(stage.desk.detachedCount).toBe(1);
  stage.desk.sweep(Date.now() + 30_000);
  expect(stream.finishCount).toBe(1);
  stream.say({ text: "last" });
  stream.end();
  expect(stage.relay.eventsOf("kept")).toHaveLength(1);
  const late = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(late.socket.sent[0]).toMatchObject({ resumed: false });
});

test("[R21] a client that closes with 1000 has left, and is not waited for", () => {
  const { stage, connection, stream } = cutOff();
  connection.closed(1000, "");
  expect(stream.finishCount).toBe(1);
  expect(stage.desk.detachedCount).toBe(0);
});

test("[R21] without a grace nobody is waited for", () => {
  const { stream, cut } = cutOff({ graceMs: 0 });
  cut();
  expect(stream.finishCount).toBe(1);
});

test("[R21] frames that are none end the session: nobody comes back to send them again", () => {
  const { connection, stream } = cutOff();
  connection.closed(1006, "Received invalid UTF-8");
  expect(stream.finishCount).toBe(1);
});

test("[R21] a session that ended meanwhile gives its last words, then the close that was missed", () => {
  const { stage, connection, socket, stream, cut } = cutOff();
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

test("[R21] a close that may not have been read can be asked for again within the grace", () => {
  const { stage, connection, socket, stream } = cutOff();
  connection.receive('{"type":"stop"}');
  stream.say({ text: "last words" });
  stream.end();
  expect(socket.closes).toEqual([[1000, "done"]]);
  const again = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(again.socket.texts).toEqual(["last words"]);
  expect(again.socket.closes).toEqual([[1000, "done"]]);
  stage.desk.sweep(Date.now() + 31_000);
  stage.desk.sweep(Date.now() + 31_000);
  expect(stage.memory.used).toBe(0);
});

test("[R23] a session that has ended gives no place, and none is taken for it", () => {
  const stage = new ConnectionStage({ sessionsPerSubjectMax: 2 });
  const ended = stage.connect({ speaker: { identity: "tab-1" } });
  ended.stream.end();
  const gone = stage.connect({ speaker: { identity: "tab-2" } });
  gone.connection.closed(1006, "");
  stage.connect({ speaker: { identity: "tab-3" } });
  expect(stage.desk.detachedCount).toBe(1);
  stage.connect({ speaker: { identity: "tab-4" } });
  expect(gone.stream.finishCount).toBe(1);
});

test("[R23] a session that waits for its client gives way to those who are there", () => {
  const stage = new ConnectionStage({ sessionsPerSubjectMax: 2 });
  const gone = stage.connect({ speaker: { identity: "tab-1" } });
  stage.connect({ speaker: { identity: "tab-2" } });
  gone.connection.closed(1006, "");
  const refused = stage.connect({ speaker: { identity: "tab-3" } });
  expect(refused.socket.sent.at(-1)).toMatchObject({ code: "subject-limit" });
  expect(gone.stream.finishCount).toBe(1);
  gone.stream.end();
  const taken = stage.connect({ speaker: { identity: "tab-3" } });
  expect(taken.socket.types).toEqual(["session", "ready"]);
});

test("whoever begins anew does not come back to what was cut off", () => {
  const { stage, stream, cut } = cutOff();
  cut();
  const anew = stage.connect();
  expect(anew.socket.sent[0]).toMatchObject({ resumed: false });
  expect(stream.finishCount).toBe(1);
});

test("[R6] a session goes on while the gateway takes no new ones", () => {
  const { stage, socket, cut } = cutOff();
  cut();
  stage.health.addCheck(() => "the journal is nearly full");
  const again = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(again.socket.sent[0]).toMatchObject({ resumed: true });
  const other = stage.connect({ speaker: { subject: "user-2" } });
  expect(other.socket.sent[0]).toMatchObject({ code: "not-ready" });
});

test("[R30] a client that was told of a drain is told on its next socket too, and closed with 1012", () => {
  const { stage, socket, stream, cut } = cutOff();
  stage.desk.announceDrain();
  cut();
  stream.say({ text: "last" });
  stream.end();
  const again = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(again.socket.texts).toEqual(["last"]);
  expect(again.socket.states).toEqual(["draining"]);
  expect(again.socket.closes.map(([code]) => code)).toEqual([1012]);
});
