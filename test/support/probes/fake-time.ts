import { expect, jest } from "bun:test";

/** Promises that follow one another within one moment: more than any part here chains. */
const TURNS = 25;

/**
 * Timers and the clock stand still until `advance` moves them. Real ones are back when it is
 * disposed, and no timer may be left then.
 */
export interface FakeTime extends Disposable {
  /** Moves the clock in small steps, and lets promises settle after each. */
  advance(totalMs: number): Promise<void>;
  settle(): Promise<void>;
  /** Timers that are running. */
  readonly timerCount: number;
}

/** The shortest interval that the batch queue takes: one step holds at most one tick of it. */
const STEP_MS = 10;

export function fakeTime(): FakeTime {
  jest.useFakeTimers();
  const settle = async () => {
    for (let turn = 0; turn < TURNS; turn += 1) await Promise.resolve();
  };
  return {
    advance: async (totalMs) => {
      for (let restMs = totalMs; restMs > 0; restMs -= STEP_MS) {
        jest.advanceTimersByTime(Math.min(STEP_MS, restMs));
        await settle();
      }
    },
    settle,
    get timerCount() {
      return jest.getTimerCount();
    },
    [Symbol.dispose]: () => {
      const runningCount = jest.getTimerCount();
      jest.useRealTimers();
      expect(runningCount, "timers that still run").toBe(0);
    },
  };
}
