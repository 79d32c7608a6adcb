import type { OffsetMap } from "../../kernel/offset-map.ts";
import type { Alignment, Speaker } from "../ports.ts";
import type { Timeline } from "../timeline.ts";
import { createProviderClock } from "./provider-clock.ts";
import type { ProviderSessionRecord } from "./provider-session-record.ts";

export interface ProviderSessionRecorderDeps {
  readonly record: ProviderSessionRecord;
  readonly timeline: Timeline;
}

/**
 * Keeps the record of one session's provider sessions, with what is needed to tell the time of their finals when this process
 * is no more (R15).
 */
export class ProviderSessionRecorder {
  readonly #record: ProviderSessionRecord;
  readonly #timeline: Timeline;
  readonly #speaker: Speaker;
  /** By provider session. */
  readonly #clocks = new Map<string, OffsetMap>();

  constructor({ record, timeline }: ProviderSessionRecorderDeps, speaker: Speaker) {
    this.#record = record;
    this.#timeline = timeline;
    this.#speaker = speaker;
  }

  /** From this moment on, the provider's seconds and the stream's run side by side. A later word on the same moment counts. */
  align({ providerSessionId, providerSeconds, sourceSeconds }: Alignment): void {
    const wallMs = this.#timeline.timeAt(sourceSeconds).getTime();
    const known = this.#clocks.get(providerSessionId);
    const clock = known ?? createProviderClock();
    clock.note(providerSeconds, wallMs);
    if (known !== undefined) {
      this.#record.update(providerSessionId, clock.points);
      return;
    }
    this.#clocks.set(providerSessionId, clock);
    this.#record.opened(this.#speaker, providerSessionId, clock.points);
  }

  /** Not all finals of this one are kept: it stays on record, so that a later process asks for them. */
  leaveOnRecord(providerSessionId: string): void {
    this.#clocks.delete(providerSessionId);
  }

  /** Every final of all others is kept: nobody need ask for them. */
  close(): void {
    for (const id of this.#clocks.keys()) this.#record.closed(id);
    this.#clocks.clear();
  }
}
