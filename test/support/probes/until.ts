/** Far more than anything here takes, on a slow machine too, and less than the runner gives a test. */
const LIMIT_MS = 45_000;

/** The real clock, also while a test has stopped the one that is looked at. */
const now = performance.now.bind(performance);

/** Resolves once it is so, for what no event tells; rejects with the condition when it is not so in time. */
export async function until(isSo: () => boolean): Promise<void> {
  const giveUpAtMs = now() + LIMIT_MS;
  while (!isSo()) {
    if (now() > giveUpAtMs) throw new Error(`expected it in time: ${String(isSo)}`);
    await Bun.sleep(1);
  }
}
