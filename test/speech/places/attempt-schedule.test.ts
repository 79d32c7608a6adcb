import { expect, test } from "bun:test";
import { TokenBucket } from "../../../src/kernel/token-bucket.ts";
import {
  AttemptSchedule,
  PROCESS_REQUESTS,
  REQUEST,
} from "../../../src/speech/places/attempt-schedule.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";

const createSchedule = (budget = new TokenBucket(PROCESS_REQUESTS)) => new AttemptSchedule(budget);

/** When the schedule is due after that many failures in a row, the last of them at 0. */
function waitAfter(failures: number, leastMs?: number): number {
  const schedule = createSchedule();
  for (let failure = 0; failure < failures; failure += 1) schedule.noteFailure(0, leastMs);
  let waitMs = 0;
  while (!schedule.isDue(waitMs)) waitMs += 1;
  return waitMs;
}

test("[R11] is due at once, and after each failure a little later, up to ten seconds", () => {
  expect(waitAfter(0)).toBe(0);
  const windows = [300, 600, 1200, 2400, 4800, 9600, 10_000, 10_000];
  windows.forEach((windowMs, index) => {
    for (let draw = 0; draw < 20; draw += 1) {
      const waitMs = waitAfter(index + 1);
      expect(waitMs).toBeGreaterThanOrEqual(150);
      expect(waitMs).toBeLessThanOrEqual(windowMs);
    }
  });
});

test("[R11] waits with jitter: streams that fail together do not come back together", () => {
  const waits = Array.from({ length: 50 }, () => waitAfter(5));
  expect(new Set(waits).size).toBeGreaterThan(40);
});

test("[R11] waits as long as the provider advises, and no shorter", () => {
  expect(waitAfter(1, 7000)).toBe(7000);
  // But for what is longer than anybody waits here.
  expect(waitAfter(1, 3_600_000)).toBe(30_000);
  expect(waitAfter(1, 10)).toBeGreaterThanOrEqual(150);
});

test("[R11] begins with the shortest wait after a connection that was healthy", () => {
  const schedule = createSchedule();
  for (let failure = 0; failure < 8; failure += 1) schedule.noteFailure(0);
  schedule.forget();
  schedule.noteFailure(20_000);
  expect(schedule.isDue(20_300)).toBe(true);
});

test("[R11] asks for three sessions at once, and for one every twenty seconds from then on", () => {
  const schedule = createSchedule();
  const askedAtMs: number[] = [];
  for (let nowMs = 0; nowMs <= 60_000; nowMs += 100) {
    if (schedule.mayRequest(nowMs)) askedAtMs.push(nowMs);
  }
  expect(askedAtMs).toEqual([0, 100, 200, 20_000, 40_000, 60_000]);
});

test("[R11] all streams of the process share one budget", () => {
  const budget = new TokenBucket({ capacity: 2 * REQUEST, earnedPerMs: REQUEST / 1000 });
  const schedules = Array.from({ length: 4 }, () => createSchedule(budget));
  const askedAtMs = schedules.map((schedule) => {
    let nowMs = 0;
    while (!schedule.mayRequest(nowMs)) nowMs += 100;
    return nowMs;
  });
  expect(askedAtMs).toEqual([0, 0, 1000, 2000]);
});

test.each([
  ["a stream asks for at most 6 sessions in a minute", "stream", 60_000, 6],
  ["the process asks for at most 250 sessions in a second", "process", 1000, 250],
] as const)("[R11] %s, whenever they are wanted", (what, whose, windowMs, most) => {
  const random = seededRandom(what);
  const budget = new TokenBucket(PROCESS_REQUESTS);
  const alone = createSchedule(budget);
  const askedAtMs: number[] = [];
  let wantedAtMs = 0;
  for (let count = 0; count < 2000; count += 1) {
    // Each stream of the process asks once; the one that is alone asks again and again.
    const schedule = whose === "stream" ? alone : createSchedule(budget);
    let atMs = wantedAtMs;
    while (!schedule.mayRequest(atMs)) atMs += windowMs / 1000;
    askedAtMs.push(atMs);
    if (whose === "stream") wantedAtMs = atMs;
    // Mostly faster than the budget allows, sometimes after a rest.
    const restMs = random.next() < 0.02 ? random.whole(0, 10 * windowMs) : 0;
    wantedAtMs += random.whole(0, windowMs / most) + restMs;
  }
  expect(askedAtMs).toEqual(askedAtMs.toSorted((one, other) => one - other));
  for (const [index, atMs] of askedAtMs.entries()) {
    const later = askedAtMs[index + most] ?? Number.POSITIVE_INFINITY;
    expect(later - atMs).toBeGreaterThanOrEqual(windowMs);
  }
});
