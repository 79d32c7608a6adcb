import { describe, expect, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import { stoppedClocks } from "../../support/probes/fake-time.ts";
import {
  ConnectionStage,
  connectedClient,
  NEVER_READ,
} from "../../support/stages/connection-stage.ts";
import { audioFrame } from "../../support/stages/relay-stage.ts";

test("[R21] is told how much audio has come, over all its sockets", () => {
  const { stage, connection, socket, stream, cut } = connectedClient();
  connection.receive(audioFrame(100));
  connection.receive(audioFrame(50));
  cut();
  const again = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(again.socket.sent[0]).toMatchObject({ audio_received_ms: 150 });
  again.connection.receive(audioFrame(20));
  expect(stream.sent.map(({ byteLength }) => byteLength)).toEqual([3200, 1600, 640]);
});

test("[R21] after the grace the session ends, and its finals are stored", () => {
  const { stage, socket, stream, cut } = connectedClient();
  cut();
  stage.desk.sweep(monotonicMs() + 29_000);
  expect(stream.finishCount).toBe(0);
  expect(stage.desk.detachedCount).toBe(1);
  stage.desk.sweep(monotonicMs() + 30_000);
  expect(stream.finishCount).toBe(1);
  stream.say({ text: "last" });
  stream.end();
  expect(stage.relay.eventsOf("kept")).toHaveLength(1);
  const late = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(late.socket.sent[0]).toMatchObject({ resumed: false });
});

test("[R21] a client that closes with 1000 has departed, and is not waited for", () => {
  const { stage, connection, stream } = connectedClient();
  connection.closed(1000, "");
  expect(stream.finishCount).toBe(1);
  expect(stage.desk.detachedCount).toBe(0);
});

test("[R21] without a grace nobody is waited for", () => {
  const { stream, cut } = connectedClient({ graceMs: 0 });
  cut();
  expect(stream.finishCount).toBe(1);
});

test("[R21] a close that may not have been read can be asked for again within the grace", () => {
  const { stage, connection, socket, stream } = connectedClient();
  connection.receive('{"type":"stop"}');
  stream.say({ text: "last words" });
  stream.end();
  expect(socket.closes).toEqual([[1000, "done"]]);
  const again = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(again.socket.texts).toEqual(["last words"]);
  expect(again.socket.closes).toEqual([[1000, "done"]]);
  stage.desk.sweep(monotonicMs() + 31_000);
  stage.desk.sweep(monotonicMs() + 31_000);
  expect(stage.memory.used).toBe(0);
});

test("[R23] a client that comes back brings along what it has spent", () => {
  const { stage, connection, socket, cut } = connectedClient();
  for (let sent = 0; sent < 20; sent += 1) connection.receive(audioFrame(1000));
  for (let sent = 0; sent < 20; sent += 1) connection.pinged();
  cut();
  const second = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  for (let sent = 0; sent < 9; sent += 1) second.connection.receive(audioFrame(1000));
  expect(second.socket.states).toEqual(["too-fast"]);
  second.connection.pinged();
  expect(second.socket.sent.at(-1)).toMatchObject({ code: "rate-exceeded" });
});

test("counts the frames and bytes that were let through, and no others", () => {
  const { connection, stream, tallies } = connectedClient();
  connection.receive(audioFrame(100));
  connection.receive(new Uint8Array(3));
  expect(tallies).toMatchObject({ audio_frames: 1, audio_bytes: 3200 });
  expect(stream.sent).toHaveLength(1);
});

test("[R24] a bug met on behalf of a session ends it, and nobody comes back to it", () => {
  const { stage, socket } = connectedClient();
  const send = socket.send.bind(socket);
  socket.send = () => {
    socket.send = send;
    throw new Error("the test broke it");
  };
  stage.desk.announceDrain();
  expect(socket.closes.map(([code]) => code)).toEqual([1011]);
  expect(stage.sessions.count).toBe(0);
  const again = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(again.socket.sent[0]).toMatchObject({ resumed: false });
});

test("[R24] a seat whose first client could not even be told so is abandoned after the grace", () => {
  const stage = new ConnectionStage({ graceMs: 30_000 });
  const broken = () => {
    throw new Error("the test broke it");
  };
  expect(() => stage.connect({ broken })).toThrow();
  expect(stage.sessions.count).toBe(1);
  stage.desk.sweep(monotonicMs() + 29_000);
  expect(stage.provider.stream.finishCount).toBe(0);
  stage.desk.sweep(monotonicMs() + 31_000);
  expect(stage.provider.stream.finishCount).toBe(1);
  stage.provider.stream.end();
  expect(stage.sessions.count).toBe(0);
});

/** Seconds of audio that a client may send at once, from now on. */
function secondsTaken({
  connection,
  socket,
}: Pick<ReturnType<typeof connectedClient>, "connection" | "socket">) {
  let seconds = 0;
  for (; seconds < 700; seconds += 1) {
    connection.receive(audioFrame(1000));
    if (socket.closes.length > 0) break;
  }
  return seconds;
}

describe("[R21] [R22] what a client owes is no haste", () => {
  /** A client that has spent two thirds of its burst, and then is not heard for so long before it is cut, and after. */
  function returned(silentMs: number, awayMs: number, graceMs = 30_000) {
    using clock = stoppedClocks();
    const { stage, connection, socket, cut } = connectedClient({ graceMs });
    for (let sent = 0; sent < 20; sent += 1) connection.receive(audioFrame(1000));
    clock.by(silentMs);
    if (awayMs > 0) cut();
    clock.by(awayMs);
    stage.desk.sweep(monotonicMs());
    const again = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
    expect(again.socket.sent[0]).toMatchObject({ resumed: true, audio_received_ms: 20_000 });
    return secondsTaken(again);
  }

  test.each([
    ["its network was silent, and the gateway noticed", 30_000, 10_000, 70],
    ["its network was silent, and the client noticed first", 40_000, 0, 70],
    ["it was away for most of the grace", 1000, 29_000, 55],
    ["it was away for most of a long grace", 5000, 590_000, 625],
    // It has earned as much as ever, and owes nothing beyond that.
    ["it came back at once", 0, 10, 10],
  ] as const)("when %s", (_, silentMs, awayMs, seconds) => {
    expect(returned(silentMs, awayMs, 600_000)).toBe(seconds);
  });

  test("though a client that was muted for an hour before it was cut owes no hour", () => {
    expect(returned(3_600_000, 10_000)).toBe(30 + 60 + 10);
  });

  test("and it is not owed again by coming back again", () => {
    using clock = stoppedClocks();
    const { stage, connection, socket, cut } = connectedClient();
    connection.receive(audioFrame(1000));
    clock.by(20_000);
    cut();
    clock.by(20_000);
    const resume = { id: socket.resumeId, ...NEVER_READ };
    stage.connect({ resume });
    stage.connect({ resume });
    expect(secondsTaken(stage.connect({ resume }))).toBe(70);
    expect(socket.closes).toEqual([]);
  });

  test("and what is left of it is told with the warning", () => {
    using clock = stoppedClocks();
    const { stage, socket, cut } = connectedClient();
    clock.by(10_000);
    cut();
    clock.by(20_000);
    const again = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
    for (let sent = 0; sent < 50; sent += 1) again.connection.receive(audioFrame(1000));
    expect(again.socket.states).toEqual([]);
    again.connection.receive(audioFrame(1000));
    expect(again.socket.sent.at(-1)).toMatchObject({ state: "too-fast", allowance_ms: 9000 });
  });
});

describe("[R21] [R22] a pause of the process", () => {
  test.each([3000, 40_000, 600_000])("of %d ms expels no speaker", (pausedMs) => {
    using clock = stoppedClocks();
    const { stage, connection, socket } = connectedClient({ clientIdleMs: 30_000 });
    for (let sent = 0; sent < 20; sent += 1) connection.receive(audioFrame(1000));
    clock.by(pausedMs);
    stage.desk.forgivePause(pausedMs, monotonicMs());
    connection.sweep(monotonicMs());
    expect(socket.closes).toEqual([]);
    for (let sent = 0; sent < pausedMs / 1000; sent += 1) connection.receive(audioFrame(1000));
    expect(socket.closes).toEqual([]);
    clock.by(30_000);
    connection.sweep(monotonicMs());
    expect(socket.closes.map(([, reason]) => reason)).toEqual([
      "client-idle: expected audio within 30000 ms",
    ]);
  });

  test("is no part of a grace", () => {
    using clock = stoppedClocks();
    const { stage, cut } = connectedClient({ graceMs: 30_000 });
    cut();
    clock.by(40_000);
    stage.desk.forgivePause(40_000, monotonicMs());
    clock.by(29_999);
    stage.desk.sweep(monotonicMs());
    expect(stage.desk.detachedCount).toBe(1);
    clock.by(1);
    stage.desk.sweep(monotonicMs());
    expect(stage.desk.detachedCount).toBe(0);
  });
});
