import { expect, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import { connectedClient, NEVER_READ } from "../../support/stages/connection-stage.ts";
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
