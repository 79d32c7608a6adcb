export interface PauseWatchDeps {
  /** The process did not run for so long, until this moment. */
  readonly onPaused: (pausedMs: number, nowMs: number) => void;
}

export interface PauseWatchOptions {
  /** `tick` is called so often while the process runs. */
  readonly tickMs: number;
}

/** A loop that is busy for so long is late, and not stopped: bursts cover that. */
const LATE_MS_MAX = 2000;

/**
 * Notices that the process itself did not run: it was stopped, moved to another host, or got no processor.
 *
 * Nobody was heard meanwhile, and everybody's time went on: that is no fault of theirs. After a pause what comes first may be a
 * tick or a frame; whoever judges by time looks before.
 */
export class PauseWatch {
  readonly #deps: PauseWatchDeps;
  readonly #options: PauseWatchOptions;
  #tickedAtMs: number;

  constructor(deps: PauseWatchDeps, options: PauseWatchOptions, nowMs: number) {
    this.#deps = deps;
    this.#options = options;
    this.#tickedAtMs = nowMs;
  }

  tick(nowMs: number): void {
    this.look(nowMs);
    this.#tickedAtMs = nowMs;
  }

  /** Costs a comparison where there was no pause. */
  look(nowMs: number): void {
    const lateMs = nowMs - this.#tickedAtMs - this.#options.tickMs;
    if (lateMs <= LATE_MS_MAX) return;
    this.#tickedAtMs = nowMs;
    this.#deps.onPaused(lateMs, nowMs);
  }
}
