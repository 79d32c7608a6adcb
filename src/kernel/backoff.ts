export interface GrowingWindow {
  /** Upper end of the first wait, in milliseconds. */
  readonly firstMs: number;
  /** Upper end of every wait, in milliseconds. */
  readonly mostMs: number;
}

export interface BackoffOptions extends GrowingWindow {
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
  const window = windowMs(attempt, options);
  const floor = Math.min(options.firstMs / 2, window);
  return Math.round(floor + random() * (window - floor));
}

/** The longest wait before attempt number `attempt`, in milliseconds: it doubles from one to the next. */
export function windowMs(attempt: number, { firstMs, mostMs }: GrowingWindow): number {
  // 2^30 ms is twelve days: a larger exponent only overflows.
  return Math.min(mostMs, firstMs * 2 ** Math.min(attempt - 1, 30));
}
