import { expect, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import {
  connectedClient,
  ConnectionStage,
  NEVER_READ,
} from "../../support/stages/connection-stage.ts";

test("[R21] an id that nobody knows any more opens a new session, and says so", () => {
  const stage = new ConnectionStage();
  const { socket } = stage.connect({ resume: { id: "x".repeat(32), after: 17 } });
  expect(socket.sent[0]).toMatchObject({ type: "session", seq: 0, resumed: false });
  expect(stage.provider.streams).toHaveLength(1);
});

test.each([{ subject: "thief" }, { sessionSlug: "other" }, { identity: "guest" }])(
  "[R21] a stolen id is refused with 4001 for %o, and nothing else happens",
  (claims) => {
    const { stage, socket, stream, cut } = connectedClient();
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
  const { stage, socket } = connectedClient();
  stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ }, speaker: { subject: "thief" } });
  expect(socket.closes).toEqual([]);
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
  const { stage, stream, cut } = connectedClient();
  cut();
  const anew = stage.connect();
  expect(anew.socket.sent[0]).toMatchObject({ resumed: false });
  expect(stream.finishCount).toBe(1);
});

test("[R6] a session goes on while the gateway takes no new ones", () => {
  const { stage, socket, cut } = connectedClient();
  cut();
  stage.health.addCheck(() => "the journal is nearly full");
  const again = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(again.socket.sent[0]).toMatchObject({ resumed: true });
  const other = stage.connect({ speaker: { subject: "user-2" } });
  expect(other.socket.sent[0]).toMatchObject({ code: "not-ready" });
});

test("whoever is refused because the gateway is not ready may still come back to what was cut off", () => {
  const { stage, socket, stream, cut } = connectedClient();
  cut();
  stage.health.addCheck(() => "the journal is nearly full");
  const anew = stage.connect();
  expect(anew.socket.sent[0]).toMatchObject({ code: "not-ready" });
  expect(stream.finishCount).toBe(0);
  const again = stage.connect({ resume: { id: socket.resumeId, ...NEVER_READ } });
  expect(again.socket.sent[0]).toMatchObject({ resumed: true });
});

test("[R30] a drain is named before all else that keeps a newcomer out", () => {
  const stage = new ConnectionStage({ sessionsPerSubjectMax: 1 });
  stage.connect();
  stage.health.addCheck(() => "the process is shutting down");
  void stage.sessions.drain(1000);
  const late = stage.connect();
  expect(late.socket.sent[0]).toMatchObject({ code: "draining" });
});

test("[R6] whoever comes while finals would not survive the process is told so before anything else", () => {
  const stage = new ConnectionStage();
  stage.isUnjournaled.set(true);
  const { socket } = stage.connect();
  expect(socket.types).toEqual(["session", "status", "ready"]);
  expect(socket.states).toEqual(["unjournaled"]);
});

test("[R21] forgets a session when it has ended and nobody can come back to it", () => {
  const { stage, connection, stream } = connectedClient();
  stream.say({});
  stage.desk.sweep(monotonicMs());
  expect(stage.memory.used).toBeGreaterThan(0);
  connection.closed(1000, "");
  stage.desk.sweep(monotonicMs());
  expect(stage.memory.used).toBeGreaterThan(0);
  stream.end();
  stage.desk.sweep(monotonicMs());
  expect(stage.memory.used).toBe(0);
});
