import type { Tallies } from "../../observe/metrics.ts";
import type { SpeechStreamListener } from "../../relay/ports.ts";
import type { AudioRange } from "../audio/source-audio.ts";

export interface LostAudioDeps {
  readonly listener: Pick<SpeechStreamListener, "onGap">;
  readonly tallies: Tallies;
}

/** R12: counts audio that the provider will never hear, and tells its owner. */
export function tellLost(
  { listener, tallies }: LostAudioDeps,
  lost: AudioRange | undefined,
  bytesPerSecond: number,
): void {
  if (lost === undefined || lost.to <= lost.from) return;
  const { from, to } = lost;
  tallies.audio_dropped_bytes += to - from;
  listener.onGap(from / bytesPerSecond, to / bytesPerSecond);
}
