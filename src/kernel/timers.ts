/** A running timer. Its owner stops it; stopping twice is fine. */
export interface RunningTimer {
  stop(): void;
}

/**
 * Whole milliseconds since some moment before the process began: what waits, expires or paces counts by them.
 *
 * A wall clock may be set, forward or back, at any moment: it is for timestamps and tokens alone. This one only grows, also
 * while the process is stopped, and means nothing to another process. Whole, so that what adds it up stays exact.
 */
export function monotonicMs(): number {
  return Math.floor(performance.now());
}

/**
 * Calls `tick` every `intervalMs` until stopped. The only place, with `after`, where the project makes timers.
 *
 * The timer keeps the process alive: an owner that forgets to stop it is noticed at shutdown, not hidden.
 */
export function every(intervalMs: number, tick: () => void): RunningTimer {
  const handle = setInterval(tick, intervalMs);
  return { stop: () => clearInterval(handle) };
}

/** Calls `act` once after `delayMs` unless stopped before. */
export function after(delayMs: number, act: () => void): RunningTimer {
  const handle = setTimeout(act, delayMs);
  return { stop: () => clearTimeout(handle) };
}

/** Resolves after `delayMs`, in the next turn when that has passed already, or once `signal` is aborted. Never rejects. */
export async function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = after(Math.max(0, delayMs), resolve);
  const wake = () => resolve();
  signal?.addEventListener("abort", wake, { once: true });
  await promise;
  timer.stop();
  // A long-lived signal must not gather the listeners of sleeps that are over.
  signal?.removeEventListener("abort", wake);
}
