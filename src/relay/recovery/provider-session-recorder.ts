import type { LiveSessionRecord, Place, ProviderClock, Speaker } from "../ports.ts";
import type { Timeline } from "../timeline.ts";

/** Points of one provider session: pauses and resumes. With more of them the oldest are forgotten. */
const POINTS_MAX = 256;

/**
 * Keeps the record of a session's provider sessions, with what is needed to tell the time of their finals when this process
 * is no more (R15).
 */
export class LiveSessionRecorder {
  readonly #record: LiveSessionRecord;
  readonly #timeline: Timeline;
  readonly #speaker: Speaker;
  readonly #clocks = new Map<string, ProviderClock[number][]>();

  constructor(
    deps: { readonly record: LiveSessionRecord; readonly timeline: Timeline },
    speaker: Speaker,
  ) {
    this.#record = deps.record;
    this.#timeline = deps.timeline;
    this.#speaker = speaker;
  }

  /** From this place on, the provider's seconds and the stream's run side by side. */
  notePlace({ providerSessionId, providerSeconds, sourceSeconds }: Place): void {
    const points = this.#clocks.get(providerSessionId);
    const wallMs = this.#timeline.timeAt(sourceSeconds).getTime();
    if (points === undefined) {
      const clock: ProviderClock = [[providerSeconds, wallMs]];
      this.#clocks.set(providerSessionId, [...clock]);
      this.#record.opened(this.#speaker, providerSessionId, clock);
      return;
    }
    // A later word on the same place counts.
    while ((points.at(-1)?.[0] ?? -1) >= providerSeconds) points.pop();
    points.push([providerSeconds, wallMs]);
    if (points.length > POINTS_MAX) points.shift();
    this.#record.update(providerSessionId, points);
  }

  /** The provider session stays on record: a later process asks for its finals. */
  keep(providerSessionId: string): void {
    this.#clocks.delete(providerSessionId);
  }

  /** Every final of the others is kept: nobody need ask for them. */
  close(): void {
    for (const id of this.#clocks.keys()) this.#record.closed(id);
    this.#clocks.clear();
  }
}

/** The wall-clock time of a place in a provider session, by its clock. */
export function readProviderClock(clock: ProviderClock, providerSeconds: number): Date {
  const [seconds, wallMs] = clock.findLast(([begin]) => begin <= providerSeconds) ??
    clock[0] ?? [providerSeconds, 0];
  return new Date(Math.round(wallMs + (providerSeconds - seconds) * 1000));
}
