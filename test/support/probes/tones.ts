/** Audio made of tones and silences, for what needs no words. */

export interface Stretch {
  readonly seconds: number;
  /** Of full scale; 0 is silence. */
  readonly amplitude: number;
}

/** Samples between -1 and 1. */
export function createTone(stretches: readonly Stretch[], sampleRate = 16_000): Float64Array {
  return Float64Array.from(
    stretches.flatMap(({ seconds, amplitude }) =>
      Array.from(
        { length: Math.round(seconds * sampleRate) },
        // 400 Hz has whole periods in 10 ms, so that every window is equally loud.
        (_, index) => amplitude * Math.sin((2 * Math.PI * 400 * index) / sampleRate),
      ),
    ),
  );
}

export function toPcm16(samples: Float64Array | Float32Array): Uint8Array {
  const pcm = new DataView(new ArrayBuffer(samples.length * 2));
  samples.forEach((sample, index) => {
    const clipped = Math.max(-1, Math.min(1, sample));
    pcm.setInt16(index * 2, Math.round(clipped * 32_767), true);
  });
  return new Uint8Array(pcm.buffer);
}

/** mulberry32: small, and the same everywhere for the same seed. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Cuts anywhere, samples included; some chunks are empty, some hold seconds. */
export function* chunksOf(audio: Uint8Array, random: () => number): Generator<Uint8Array> {
  for (let from = 0; from < audio.length;) {
    const to = from + Math.floor(random() ** 4 * 100_000);
    yield audio.subarray(from, to);
    from = to;
  }
}
