export type AudioEncoding = "wav/pcm" | "wav/alaw" | "wav/ulaw";

/** One channel of raw audio, without a header. */
export interface AudioFormat {
  readonly encoding: AudioEncoding;
  readonly sampleRate: 8000 | 16_000 | 32_000 | 44_100 | 48_000;
  readonly bitDepth: 8 | 16;
}

/** No frame is larger, whatever its format: whole samples of every one, and far below the 1 MiB that the provider takes. */
export const FRAME_BYTES_MAX = 65_536;

export function bytesPerSample({ bitDepth }: AudioFormat): number {
  return bitDepth / 8;
}

export function bytesPerMs(format: AudioFormat): number {
  return (format.sampleRate * bytesPerSample(format)) / 1000;
}
