import { createTone, toPcm16 } from "../../support/probes/tones.ts";
import type { Draw } from "./draw.ts";

/** 16 kHz, 16 bit, mono. */
export const BYTES_PER_SECOND = 32_000;

/** Where a burst of tone stands in the audio, in seconds. */
export interface Burst {
  readonly from: number;
  readonly to: number;
}

export interface Speech {
  readonly audio: Uint8Array;
  readonly bursts: readonly Burst[];
}

/**
 * The simulator measures in windows of 10 ms: a burst that fills whole ones is found where it is.
 */
const WINDOW_SECONDS = 0.01;
const TONE = new Int16Array(
  toPcm16(createTone([{ seconds: WINDOW_SECONDS, amplitude: 0.3 }])).buffer,
);

/** How long something lasts, in hundredths of a second. */
export type Range = readonly [least: number, most: number];

export interface Pace {
  readonly pause: Range;
  readonly burst: Range;
}

const LEISURELY: Pace = { pause: [60, 120], burst: [30, 400] };

/**
 * Bursts of tone, one utterance each, with pauses that close it, under a hiss that is nowhere
 * alike: 32 samples of it say where in the audio they are. The hiss is 20 dB below what the
 * simulator takes for speech. No sample is 0, so that silence which somebody put in is told from it.
 */
export function createSpeech(draw: Draw, burstCount: number, pace = LEISURELY): Speech {
  const windows: boolean[] = [];
  const bursts: Burst[] = [];
  const add = (count: number, isLoud: boolean) => {
    for (let due = count; due > 0; due -= 1) windows.push(isLoud);
  };
  for (let burst = 0; burst < burstCount; burst += 1) {
    add(draw.whole(...pace.pause), false);
    const from = windows.length * WINDOW_SECONDS;
    add(draw.whole(...pace.burst), true);
    bursts.push({ from, to: windows.length * WINDOW_SECONDS });
  }
  add(100, false);
  const samples = new Int16Array(windows.length * TONE.length);
  for (let index = 0; index < samples.length; index += 1) {
    const isLoud = windows[Math.floor(index / TONE.length)]!;
    samples[index] = ((isLoud ? TONE[index % TONE.length]! : 0) + draw.whole(-32, 32)) | 1;
  }
  return { audio: new Uint8Array(samples.buffer), bursts };
}
