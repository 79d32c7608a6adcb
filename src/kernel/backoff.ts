export interface BackoffOptions {
  /** Upper end of the first wait, in milliseconds. */
  readonly firstMs: number;
  /** Upper end of every wait, in milliseconds. */
  readonly mostMs: number;
  /** A number in [0, 1); a test passes its own. */
  readonly random?: () => number;
}

/**
 * How long to wait before attempt number `attempt` (1 is the first repetition), in whole milliseconds.
 *
 * Full jitter over a doubling window, so that many waiters do not return together; never under half of the first window,
 * so that a repetition is never immediate. Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function backoffMs(attempt: number, options: BackoffOptions): number {
  const random = options.random ?? Math.random;
  // 2^30 ms is twelve days: a larger exponent only overflows.
  const window = Math.min(options.mostMs, options.firstMs * 2 ** Math.min(attempt - 1, 30));
  const floor = Math.min(options.firstMs / 2, window);
  return Math.round(floor + random() * (window - floor));
}
