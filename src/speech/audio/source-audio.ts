import type { MemoryBudget } from "../../relay/memory-budget.ts";
import type { AudioFormat } from "../../relay/ports.ts";
import { bytesPerMs } from "../../relay/timeline.ts";
import { AudioBacklog } from "./audio-backlog.ts";

/** How far the provider is with the source. Bytes and seconds count from the stream's first byte. */
export interface Progress {
  /** The provider has every byte before this one. */
  readonly acknowledgedBytes: number;
  /** Begin of the utterance that is being spoken, if one is known to be. */
  readonly speechSeconds: number | undefined;
  /** End of the last final. */
  readonly finalSeconds: number;
}

/** A final follows the acknowledgement of its audio by this much at most, in seconds: pipecat measured 1.5 s as p99. */
const FINAL_LAG_SECONDS = 3;

/** What is being sent just now; whoever has only this loses audio at every fault of the link, but still gets captions. */
const KEPT_SECONDS_MIN = 1;

export interface SourceAudioOptions {
  readonly audio: AudioFormat;
  /** In milliseconds; older audio is dropped (R12). */
  readonly keptMs: number;
}

/** The stream's audio, from its first byte: kept until the provider has it and its utterance is final. */
export class SourceAudio {
  readonly backlog: AudioBacklog;
  readonly bytesPerSecond: number;
  readonly bytesPerSample: number;

  constructor(memory: MemoryBudget, { audio, keptMs }: SourceAudioOptions) {
    this.bytesPerSecond = bytesPerMs(audio) * 1000;
    this.bytesPerSample = audio.bitDepth / 8;
    this.backlog = new AudioBacklog(memory, {
      bytesMax: keptMs * bytesPerMs(audio),
      bytesMin: KEPT_SECONDS_MIN * this.bytesPerSecond,
    });
  }

  get end(): number {
    return this.backlog.end;
  }

  /** Where a new provider session has to begin so that no word is missing, at a whole sample, kept or not. */
  replayStart({ acknowledgedBytes, speechSeconds, finalSeconds }: Progress): number {
    const acknowledged = acknowledgedBytes / this.bytesPerSecond;
    const unheard = speechSeconds ?? acknowledged - FINAL_LAG_SECONDS;
    const seconds = Math.min(Math.max(unheard, finalSeconds, 0), acknowledged);
    const samples = Math.floor((seconds * this.bytesPerSecond) / this.bytesPerSample);
    return samples * this.bytesPerSample;
  }

  release(progress: Progress): void {
    this.backlog.release(this.replayStart(progress));
  }
}
