import { expect, test } from "bun:test";
import { after, every, sleep } from "../../src/kernel/timers.ts";
import { fakeTime } from "../support/probes/fake-time.ts";

test("ticks until it is stopped, and stopping twice is fine", async () => {
  using time = fakeTime();
  let ticks = 0;
  const timer = every(100, () => (ticks += 1));
  await time.advance(350);
  expect(ticks).toBe(3);
  timer.stop();
  timer.stop();
  await time.advance(1000);
  expect(ticks).toBe(3);
});

test("acts once, or not at all when it is stopped before", async () => {
  using time = fakeTime();
  const acted: string[] = [];
  after(100, () => acted.push("kept"));
  after(100, () => acted.push("stopped")).stop();
  await time.advance(1000);
  expect(acted).toEqual(["kept"]);
});

test("sleeps for its time", async () => {
  using time = fakeTime();
  let isAwake = false;
  void sleep(100).then(() => (isAwake = true));
  await time.advance(90);
  expect(isAwake).toBe(false);
  await time.advance(10);
  expect(isAwake).toBe(true);
});

test("wakes at once when its signal aborts, before or during the sleep, and leaves no timer", async () => {
  using time = fakeTime();
  const aborting = new AbortController();
  const slept = sleep(60_000, aborting.signal);
  aborting.abort();
  await slept;
  await sleep(60_000, aborting.signal);
  expect(time.timerCount).toBe(0);
});

test("lets go of its signal when the sleep is over", async () => {
  using time = fakeTime();
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...args);
  };
  void sleep(100, signal);
  expect(listeners).toBe(1);
  await time.advance(100);
  expect(listeners).toBe(0);
});
