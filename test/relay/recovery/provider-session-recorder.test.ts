import { expect, test } from "bun:test";
import { AppError } from "../../../src/kernel/errors.ts";
import { readProviderClock } from "../../../src/relay/recovery/provider-clock.ts";
import { ProviderSessionRecorder } from "../../../src/relay/recovery/provider-session-recorder.ts";
import { Timeline } from "../../../src/relay/timeline.ts";
import {
  audioFrame,
  BYTES_PER_MS,
  recognition,
  relayStage,
  speaker,
} from "../../support/stages/relay-stage.ts";
import { startedSession } from "../../support/stages/started-session.ts";

/** A stream whose audio began at the epoch and paused for 9 s after its first second. */
function setup() {
  const timeline = new Timeline(recognition.audio, 0);
  timeline.advance(1000 * BYTES_PER_MS, 1000);
  timeline.advance(1000 * BYTES_PER_MS, 11_000);
  const { record, recorded } = relayStage();
  return { recorder: new ProviderSessionRecorder({ record, timeline }, speaker), recorded };
}

const alignment = (providerSeconds: number, sourceSeconds: number, providerSessionId = "p-1") => ({
  providerSessionId,
  providerSeconds,
  sourceSeconds,
});

test("[R15] keeps a clock for each provider session, by the time of the stream's audio", () => {
  const { recorder, recorded } = setup();
  recorder.align(alignment(0, 0));
  recorder.align(alignment(1, 1));
  recorder.align(alignment(0, 1.5, "p-2"));
  expect(Object.fromEntries(recorded)).toEqual({
    "p-1": [
      [0, 0],
      [1, 10_000],
    ],
    "p-2": [[0, 10_500]],
  });
});

test("[R15] a later word on the same place counts, and takes back what lies beyond it", () => {
  const { recorder, recorded } = setup();
  recorder.align(alignment(0, 0));
  recorder.align(alignment(0.5, 0.5));
  recorder.align(alignment(2, 1.5));
  recorder.align(alignment(0.5, 1));
  expect(recorded.get("p-1")).toEqual([
    [0, 0],
    [0.5, 10_000],
  ]);
});

test("[R15] forgets the oldest of more than 256 points, and everything when it closes", () => {
  const { recorder, recorded } = setup();
  for (let point = 0; point <= 256; point += 1) recorder.align(alignment(point, 0));
  expect(recorded.get("p-1")).toHaveLength(256);
  expect(recorded.get("p-1")![0]).toEqual([1, 0]);
  recorder.close();
  expect(recorded.size).toBe(0);
});

test("[R15] a clock tells the time of every place, also of those before its first point", () => {
  const clock = [
    [2, 100_000],
    [5, 200_000],
  ] as const;
  const timeAt = (seconds: number) => readProviderClock(clock).timeAt(seconds).getTime();
  expect([0, 2, 4.9, 5, 6.5].map(timeAt)).toEqual([98_000, 100_000, 102_900, 200_000, 201_500]);
});

test("[R15] a session is on record until every final of it is kept", () => {
  const { session, stream, stage } = startedSession();
  stream.becomeReady();
  session.acceptAudio(audioFrame(100));
  stream.align({ providerSeconds: 0, sourceSeconds: 0 });
  session.requestStop("client-stop");
  stage.holdFinals();
  stream.say({});
  stream.end();
  expect(stage.recorded.has("provider-1")).toBe(true);
  stage.keepHeldFinals();
  expect(stage.recorded.size).toBe(0);
});

test("[R15] a session that failed stays on record: the provider may know more", () => {
  const { stream, stage } = startedSession();
  stream.align({});
  stream.end(new AppError("provider-timeout", "away"));
  expect(stage.recorded.has("provider-1")).toBe(true);
});

test("[R14] asks where the provider is whenever the clock has moved, not with each frame", () => {
  const { session, stream } = startedSession();
  for (let count = 0; count < 10; count += 1) session.acceptAudio(audioFrame(100));
  expect(stream.located).toEqual([0]);
});

test("[R15] a session whose finals could not be fetched stays on record", () => {
  const { recorder, recorded } = setup();
  recorder.align(alignment(0, 0));
  recorder.align(alignment(0, 1, "p-2"));
  recorder.leaveOnRecord("p-1");
  recorder.close();
  expect([...recorded.keys()]).toEqual(["p-1"]);
});
