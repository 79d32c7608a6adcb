import { expect, jest, setSystemTime } from "bun:test";

/** Promises that follow one another within one moment: more than any part here chains. */
const TURNS = 25;

/**
 * Timers and the clock stand still until `advance` moves them. Real ones are back when it is
 * disposed, and no timer may be left then.
 */
export interface FakeTime extends Disposable {
  /** Moves the clock in small steps, and lets promises settle after each. */
  advance(totalMs: number): Promise<void>;
  /** The wall clock is set by so much; no time passes. */
  stepWallClock(ms: number): void;
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
    stepWallClock: (ms) => void setSystemTime(Date.now() + ms),
    settle,
    get timerCount() {
      return jest.getTimerCount();
    },
    [Symbol.dispose]: () => {
      const runningCount = jest.getTimerCount();
      jest.useRealTimers();
      setSystemTime();
      expect(runningCount, "timers that still run").toBe(0);
    },
  };
}

export interface StoppedClocks extends Disposable {
  /** So much time passes, by both clocks. */
  by(ms: number): void;
  /** The wall clock is set; no time passes. */
  stepWallClock(ms: number): void;
}

/** Both clocks stand still until they are moved; disposing lets them run again. Timers are the real ones. */
export function stoppedClocks(): StoppedClocks {
  const { now } = performance;
  let monotonicMs = now.call(performance);
  let wallMs = Date.now();
  performance.now = () => monotonicMs;
  setSystemTime(wallMs);
  const stepWallClock = (ms: number) => {
    wallMs += ms;
    setSystemTime(wallMs);
  };
  return {
    by: (ms) => {
      monotonicMs += ms;
      stepWallClock(ms);
    },
    stepWallClock,
    [Symbol.dispose]: () => {
      performance.now = now;
      setSystemTime();
    },
  };
}

/** The wall clock is set by so much while `act` runs, and stands still there; time passes all the same. */
export async function atWallClock(stepMs: number, act: () => Promise<void>): Promise<void> {
  setSystemTime(Date.now() + stepMs);
  try {
    await act();
  } finally {
    setSystemTime();
  }
}

/** How far a wall clock is set in tests: a host that wakes up, an administrator's hand, one that was an hour ahead. */
export const WALL_CLOCK_STEPS_MS = [-3_600_000, -30_000, 3_600_000] as const;
