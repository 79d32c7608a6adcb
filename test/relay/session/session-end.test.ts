import { expect, test } from "bun:test";
import { AppError } from "../../../src/kernel/errors.ts";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import { audioFrame, BYTES_PER_MS } from "../../support/stages/relay-stage.ts";
import { startedSession } from "../../support/stages/started-session.ts";

test("ends with the provider's failure", () => {
  const { stream, stage, causes } = startedSession();
  const failure = new AppError("provider-busy", "no free session", { retryable: true });
  stream.end(failure);
  expect(stage.events).toEqual([{ kind: "end", failure }]);
  expect(causes).toEqual(["provider-busy"]);
});

test("ends without a failure when the stream does, which reports its losses as failures", () => {
  const { stream, stage, causes } = startedSession();
  stream.becomeReady();
  stream.end();
  expect(stage.eventsOf("end")).toEqual([{ kind: "end", failure: undefined }]);
  expect(causes).toEqual(["provider-end"]);
});

test("is silent after its end, whatever is asked of it", () => {
  const { session, stream, stage, causes } = startedSession();
  session.abort(new AppError("internal", "the test ends it"));
  const seen = stage.events.length;
  session.acceptAudio(audioFrame(10));
  session.requestStop("client-stop");
  session.abort(new AppError("draining", "again"));
  session.sweep(Number.MAX_SAFE_INTEGER);
  expect(stream.isAborted).toBe(true);
  expect(stage.events).toHaveLength(seen);
  expect(causes).toEqual(["internal"]);
});

test("[R24] a bug of the stream's sweep ends this session, and throws nothing at the registry", () => {
  const { session, stream, causes } = startedSession();
  stream.bug = new Error("the test broke the stream");
  expect(() => session.sweep(monotonicMs())).not.toThrow();
  expect(causes).toEqual(["internal"]);
});

test.each(["ready", "kept", "shown"] as const)(
  "[R24] a bug behind %p ends this session, says so, and throws nothing at the provider",
  (kind) => {
    const { stream, stage, log, causes } = startedSession();
    stage.break(kind);
    expect(() => {
      stream.becomeReady();
      stream.say({});
    }).not.toThrow();
    expect(stream.isAborted).toBe(true);
    expect(stage.eventsOf("end")[0]!.failure?.code).toBe("internal");
    expect(causes).toEqual(["internal"]);
    expect(log.linesOf("A session failed on our side")).toHaveLength(1);
  },
);

test("[R24] a bug met while it ends is what it ended with", () => {
  const { stream, stage, causes, log } = startedSession();
  stream.align({});
  stage.break("closed");
  expect(() => stream.end()).not.toThrow();
  expect(stage.eventsOf("end")[0]!.failure?.code).toBe("internal");
  expect(causes).toEqual(["internal"]);
  expect(log.linesOf("A session failed on our side")).toHaveLength(1);
});

test("ends for the first reason: a stream's failure stays one while its last finals are kept", () => {
  const { session, stream, stage, causes } = startedSession();
  stage.holdFinals();
  stream.say({});
  stream.end(new AppError("provider-unreachable", "gone"));
  expect(causes).toEqual([]);
  session.abort(new AppError("rate-exceeded", "too fast"));
  expect(causes).toEqual(["provider-unreachable"]);
});

test("[R24] a bug behind the stream ends this session, lets the stream go, and is logged with its place", () => {
  const { stream, stage, log, causes } = startedSession();
  stream.becomeReady();
  stream.fail(new TypeError("undefined is not a function"));
  expect(stream.isAborted).toBe(true);
  expect(stage.eventsOf("end")[0]!.failure?.code).toBe("internal");
  expect(causes).toEqual(["internal"]);
  expect(log.linesOf("A session failed on our side").map(({ fields }) => fields)).toEqual([
    {
      problem: "TypeError: undefined is not a function",
      stack: expect.stringContaining("session-end.test.ts"),
    },
  ]);
});

test("[R24] ends for its owner even when the client cannot be told", () => {
  const { stream, stage, log, causes } = startedSession();
  stage.break("end");
  stream.end(new AppError("provider-unreachable", "gone"));
  expect(causes).toEqual(["provider-unreachable"]);
  expect(log.linesOf("Could not tell the client that its session ended")).toHaveLength(1);
});

test("[R24] a provider that cannot be asked to finish ends this session only", () => {
  const { session, stream, causes } = startedSession();
  stream.becomeReady();
  stream.bug = new Error("the test broke the stream");
  session.requestStop("client-stop");
  expect(causes).toEqual(["internal"]);
});

test("closes with one line that tells how it went and nothing that was said", () => {
  const { session, stream, log } = startedSession();
  stream.becomeReady("provider-3");
  session.acceptAudio(audioFrame(100));
  stream.say({ text: "a secret plan" });
  session.requestStop("client-stop");
  stream.end();
  const lines = log.linesOf("Session ended");
  expect(lines).toHaveLength(1);
  expect(lines[0]!.fields).toMatchObject({
    cause: "client-stop",
    providerSession: "provider-3",
    audioBytes: 100 * BYTES_PER_MS,
    finals: 1,
  });
  expect(JSON.stringify(log.lines)).not.toContain("secret plan");
});
