import { expect, test } from "bun:test";
import { VoiceActivity } from "../../../src/simulator/hearing/voice-activity.ts";

const LOUD = -20;
const HOVERING = -43;
const QUIET = -70;

interface Run {
  readonly windows: number;
  readonly decibels: number;
}

const loud = (windows: number): Run => ({ windows, decibels: LOUD });
const hovering = (windows: number): Run => ({ windows, decibels: HOVERING });
const quiet = (windows: number): Run => ({ windows, decibels: QUIET });

function listen(runs: readonly Run[], endpointingSeconds = 0.3): string[] {
  const events: string[] = [];
  const activity = new VoiceActivity(
    {
      onSpeechStart: (window) => events.push(`start ${window}`),
      onSpeechEnd: (from, to) => events.push(`end ${from}-${to}`),
    },
    { endpointingSeconds, utteranceSecondsMax: 5 },
  );
  for (const { windows, decibels } of runs) {
    for (let window = 0; window < windows; window += 1) activity.hear(decibels);
  }
  activity.finish();
  return events;
}

test("an utterance lasts from its first loud window to its last voiced one", () => {
  expect(listen([quiet(10), loud(50), quiet(40)])).toEqual(["start 10", "end 10-60"]);
});

test("silence as long as the endpointing closes an utterance, a window less does not", () => {
  const spoken = (gap: number) => listen([loud(20), quiet(gap), loud(20)]);
  expect(spoken(29)).toEqual(["start 0", "end 0-69"]);
  expect(spoken(30)).toEqual(["start 0", "end 0-20", "start 50", "end 50-70"]);
});

test("a short endpointing closes at gaps between words", () => {
  expect(listen([loud(20), quiet(5), loud(20)], 0.05)).toHaveLength(4);
  expect(listen([loud(20), quiet(4), loud(20)], 0.05)).toHaveLength(2);
});

test("a click begins nothing", () => {
  expect(listen([quiet(10), loud(2), quiet(10), loud(2), quiet(10)])).toEqual([]);
});

test("a level between the two thresholds keeps an utterance open but begins none", () => {
  expect(listen([hovering(50)])).toEqual([]);
  expect(listen([loud(10), hovering(100), quiet(30)])).toEqual(["start 0", "end 0-110"]);
});

test("an utterance of the longest duration is closed and goes on as the next one", () => {
  expect(listen([loud(1100)])).toEqual([
    "start 0",
    "end 0-500",
    "start 500",
    "end 500-1000",
    "start 1000",
    "end 1000-1100",
  ]);
});

test("silence after a forced close ends the carrying on", () => {
  expect(listen([loud(500), quiet(5), loud(2), quiet(40)])).toEqual(["start 0", "end 0-500"]);
});

test("the end of the audio ends the utterance", () => {
  expect(listen([loud(20), quiet(10)])).toEqual(["start 0", "end 0-20"]);
});
