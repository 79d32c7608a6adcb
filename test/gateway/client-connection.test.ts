import { expect, test } from "bun:test";
import { monotonicMs } from "../../src/kernel/timers.ts";
import { stoppedClocks, WALL_CLOCK_STEPS_MS } from "../support/probes/fake-time.ts";
import {
  connectedClient,
  ConnectionStage,
  EXPIRES_AT_MS,
} from "../support/stages/connection-stage.ts";
import { audioFrame } from "../support/stages/relay-stage.ts";

test("[R22] a slow reader gets them all the same where the socket does not say that it has caught up", () => {
  const { connection, socket, stream } = connectedClient();
  socket.bufferedBytes = 65_537;
  stream.say({ isFinal: false, text: "waits" });
  connection.sweep(monotonicMs());
  expect(socket.texts).toEqual([]);
  socket.bufferedBytes = 0;
  connection.sweep(monotonicMs());
  expect(socket.texts).toEqual(["waits"]);
});

test("[R22] a reader over its bound is closed with 1013, and may come back; its finals are kept", () => {
  const { socket, stream, stage } = connectedClient();
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
  const { connection, socket } = connectedClient();
  socket.bufferedBytes = 1_048_577;
  connection.sweep(0);
  expect(socket.closes.map(([code]) => code)).toEqual([1013]);
});

test("[R22] a slow reader loses no translation; one over its bound is closed with 1013", () => {
  const { socket, stream, stage } = connectedClient();
  socket.bufferedBytes = 1_048_576;
  stream.translate({});
  expect(socket.sent.at(-1)).toMatchObject({ type: "translation" });
  socket.bufferedBytes += 1;
  stream.translate({ language: "de" });
  stream.translate({ language: "es" });
  expect(socket.closes.map(([code]) => code)).toEqual([1013]);
  expect(stage.relay.eventsOf("kept")).toHaveLength(3);
});

test("[R23] warns a minute before its token ends, and ends with it, not before", () => {
  using clock = stoppedClocks();
  const { connection, socket, stream } = connectedClient();
  const sweepAt = (wallMs: number) => {
    clock.stepWallClock(wallMs - Date.now());
    connection.sweep(monotonicMs());
  };
  sweepAt(EXPIRES_AT_MS - 60_001);
  expect(socket.states).toEqual([]);
  sweepAt(EXPIRES_AT_MS - 60_000);
  sweepAt(EXPIRES_AT_MS - 1);
  expect(socket.sent.at(-1)).toMatchObject({
    state: "token-expiring",
    expires_at: new Date(EXPIRES_AT_MS).toISOString(),
  });
  expect(socket.states).toEqual(["token-expiring"]);
  expect(socket.closes).toEqual([]);
  sweepAt(EXPIRES_AT_MS);
  sweepAt(EXPIRES_AT_MS + 1);
  expect(socket.closes.map(([code]) => code)).toEqual([4001]);
  expect(socket.sent.at(-1)).toMatchObject({ code: "token-expired", resume: socket.resumeId });
  // With a fresh token the speaker may come back.
  expect(stream.finishCount).toBe(0);
});

test("[R23] closes a client that sends no audio for too long", () => {
  const stage = new ConnectionStage({ clientIdleMs: 10_000 });
  const { connection, socket, stream } = stage.connect();
  connection.receive(audioFrame(10));
  const nowMs = monotonicMs();
  connection.sweep(nowMs + 9000);
  expect(socket.closes).toEqual([]);
  connection.sweep(nowMs + 11_000);
  expect(socket.closes).toEqual([[4008, "client-idle: expected audio within 10000 ms"]]);
  expect(stream.finishCount).toBe(1);
});

test.each(WALL_CLOCK_STEPS_MS)(
  "[R22] [R34] a wall clock that is set by %d ms gives no new burst, and takes none away",
  (stepMs) => {
    using clock = stoppedClocks();
    const { connection, socket } = connectedClient();
    for (let sent = 0; sent < 15; sent += 1) connection.receive(audioFrame(1000));
    clock.stepWallClock(stepMs);
    for (let sent = 0; sent < 15; sent += 1) connection.receive(audioFrame(1000));
    expect(socket.closes).toEqual([]);
    connection.receive(audioFrame(10));
    expect(socket.closes.map(([code]) => code)).toEqual([4008]);
  },
);

test("[R22] a client that sends too fast is told, then closed with 4008", () => {
  const { connection, socket, stream } = connectedClient();
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
  const { connection, socket } = connectedClient();
  for (let sent = 0; sent < 40; sent += 1) connection.pinged();
  expect(socket.closes.map(([code]) => code)).toEqual([4008]);
});

test("[R24] after a bug it is closed with 1011, and what was said is still awaited", () => {
  const { connection, socket, stream } = connectedClient();
  connection.crash(new Error("the test broke it"));
  expect(socket.closes).toEqual([[1011, "internal: the gateway failed on its side"]]);
  expect(JSON.stringify(socket.sent)).not.toContain("broke");
  expect(stream.finishCount).toBe(1);
});

test("closes its socket once, whoever asks", () => {
  const { connection, socket, stream, stage } = connectedClient();
  connection.receive('{"type":"stop"}');
  connection.receive("hello");
  connection.receive(audioFrame(10));
  stage.desk.announceDrain();
  stream.end();
  expect(socket.closes.map(([code]) => code)).toEqual([4008]);
  expect(stage.sessions.count).toBe(0);
});

test("ignores whatever comes after it has closed", () => {
  const { connection, socket, stream } = connectedClient();
  connection.closed(1006, "");
  connection.receive(audioFrame(10));
  stream.lose(0, 1);
  expect(stream.sent).toEqual([]);
  expect(socket.types).toEqual(["session", "ready"]);
});

test("[R21] frames that are none end the session: nobody comes back to send them again", () => {
  const { connection, stream } = connectedClient();
  connection.closed(1006, "Received invalid UTF-8");
  expect(stream.finishCount).toBe(1);
});
