import { expect, test } from "bun:test";
import { stoppedClocks } from "../../support/probes/fake-time.ts";
import { audioFrame, recognition, speaker } from "../../support/stages/relay-stage.ts";
import { startedSession } from "../../support/stages/started-session.ts";

const marksOf = (frames: readonly Uint8Array[]) => frames.map((frame) => frame[0]);

test("[R10] hands audio over from the first frame on, ready or not, in order", () => {
  const { session, stream, stage } = startedSession();
  session.acceptAudio(audioFrame(100, 1));
  session.acceptAudio(audioFrame(100, 2));
  stream.becomeReady("provider-7");
  session.acceptAudio(audioFrame(100, 3));
  expect(marksOf(stream.sent)).toEqual([1, 2, 3]);
  expect(stage.events).toEqual([{ kind: "ready" }]);
  expect(stream.options).toBe(recognition);
});

test("[R10] hands frames over without copying them", () => {
  const { session, stream } = startedSession();
  const [early, late] = [audioFrame(10), audioFrame(10)];
  session.acceptAudio(early);
  stream.becomeReady();
  session.acceptAudio(late);
  expect(stream.sent[0]).toBe(early);
  expect(stream.sent[1]).toBe(late);
});

test("[R12] tells a gap at the times at which its audio was spoken", () => {
  using clock = stoppedClocks();
  const { session, stream, stage } = startedSession();
  clock.by(5000);
  for (let frames = 0; frames < 4; frames += 1) session.acceptAudio(audioFrame(100));
  stream.lose(0, 0.2);
  expect(stage.kinds).toEqual(["gap"]);
  const { from, to } = stage.eventsOf("gap")[0]!;
  // A frame of 100 ms was spoken in the 100 ms before it came.
  expect(from.getTime()).toBe(Date.now() - 100);
  expect(to.getTime() - from.getTime()).toBe(200);
});

test("[R11] passes on that the provider is away, that it is back, and that a place is awaited", () => {
  const { session, stream, stage } = startedSession();
  stream.queue(3);
  stream.queue(1);
  stream.becomeReady();
  stream.interrupt();
  session.acceptAudio(audioFrame(100));
  stream.resume();
  expect(stage.events.filter(({ kind }) => kind === "queued")).toEqual([
    { kind: "queued", position: 3 },
    { kind: "queued", position: 1 },
  ]);
  expect(stage.kinds).toEqual(["queued", "queued", "ready", "interrupted", "resumed"]);
  expect(stream.sent).toHaveLength(1);
  expect(session.state).toBe("live");
});

test("[R1] shows a final when it is kept, not before, and shows partials meanwhile", () => {
  const { stream, stage } = startedSession();
  stream.becomeReady();
  stage.holdFinals();
  stream.say({ isFinal: true, text: "first" });
  stream.say({ isFinal: true, text: "second" });
  stream.say({ isFinal: false, text: "third" });
  expect(stage.eventsOf("shown").map(({ transcript }) => transcript.text)).toEqual(["third"]);
  stage.keepHeldFinals();
  expect(stage.kinds).toEqual(["ready", "shown", "kept", "shown", "kept", "shown"]);
});

test("[R1] [R15] ends after the last final was kept and shown", () => {
  const { session, stream, stage, causes } = startedSession();
  stream.becomeReady();
  session.requestStop("client-stop");
  stage.holdFinals();
  stream.say({});
  stream.end();
  expect(causes).toEqual([]);
  stage.keepHeldFinals();
  expect(stage.kinds).toEqual(["ready", "kept", "shown", "end"]);
  expect(stage.eventsOf("end")[0]!.failure).toBeUndefined();
  expect(causes).toEqual(["client-stop"]);
});

test("hands a final to the sink before the client sees it, as the same transcript", () => {
  const { stream, stage, tallies } = startedSession();
  stream.becomeReady();
  stream.say({ isFinal: true });
  expect(stage.kinds).toEqual(["ready", "kept", "shown"]);
  const [kept] = stage.eventsOf("kept");
  expect(kept!.speaker).toBe(speaker);
  expect(kept!.transcript).toBe(stage.eventsOf("shown")[0]!.transcript);
  expect(kept!.transcript).toMatchObject({
    utteranceKey: "provider-1:00_00000000",
    text: "good morning",
    isFinal: true,
    language: "en",
    confidence: 0.9,
  });
  expect(tallies.finals_received).toBe(1);
});

test("[R2] shows partials and keeps none of them", () => {
  const { stream, stage, tallies } = startedSession();
  stream.becomeReady();
  stream.say({ isFinal: false });
  expect(stage.kinds).toEqual(["ready", "shown"]);
  expect(tallies.finals_received).toBe(0);
});

test("[R14] gives transcripts the time at which their audio was spoken", () => {
  using clock = stoppedClocks();
  const { session, stream, stage } = startedSession();
  clock.by(5000);
  session.acceptAudio(audioFrame(800));
  stream.becomeReady();
  stream.say({ startSeconds: 0.2, endSeconds: 0.7 });
  const { startedAt, endedAt } = stage.eventsOf("kept")[0]!.transcript;
  expect(startedAt.getTime()).toBe(Date.now() - 600);
  expect(endedAt.getTime() - startedAt.getTime()).toBe(500);
});

test("[R15] sends and keeps the finals that trail after a stop, and ends then", () => {
  const { session, stream, stage, causes } = startedSession();
  stream.becomeReady();
  session.acceptAudio(audioFrame(100, 1));
  session.requestStop("client-stop");
  session.acceptAudio(audioFrame(100, 2));
  expect(stream.finishCount).toBe(1);
  expect(marksOf(stream.sent)).toEqual([1]);
  stream.say({ key: "provider-1:late" });
  stream.end();
  expect(stage.kinds).toEqual(["ready", "kept", "shown", "end"]);
  expect(stage.eventsOf("end")[0]!.failure).toBeUndefined();
  expect(causes).toEqual(["client-stop"]);
});

test("[R15] a stop before the provider is ready ends the audio, not the wait for its finals", () => {
  const { session, stream, stage, causes } = startedSession();
  session.acceptAudio(audioFrame(100, 1));
  session.requestStop("client-stop");
  session.acceptAudio(audioFrame(100, 2));
  expect(marksOf(stream.sent)).toEqual([1]);
  expect(stream.finishCount).toBe(1);
  stream.becomeReady();
  stream.say({});
  stream.end();
  expect(stage.kinds).toEqual(["ready", "kept", "shown", "end"]);
  expect(causes).toEqual(["client-stop"]);
});

test("[R15] keeps the finals of a client that is gone", () => {
  const { session, stream, stage, causes } = startedSession();
  stream.becomeReady();
  session.requestStop("client-gone");
  session.requestStop("client-stop");
  stream.say({});
  stream.end();
  expect(stage.eventsOf("kept")).toHaveLength(1);
  expect(stream.finishCount).toBe(1);
  expect(causes).toEqual(["client-gone"]);
});
