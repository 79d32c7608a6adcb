import type { Sample } from "../sample/sample.ts";
import { LoudnessMeter, WINDOWS_PER_SECOND } from "./loudness-meter.ts";
import { VoiceActivity } from "./voice-activity.ts";

/** A word and where it stands, in windows of the recording. */
export interface SpokenWord {
  readonly text: string;
  readonly fromWindow: number;
  readonly toWindow: number;
}

/**
 * Below this a level is background. Without a bottom, one window of digital silence would weigh as
 * much as a word, and a quieter copy of the recording would not resemble it.
 */
const BACKGROUND_DECIBELS = -60;
/**
 * Measured over the bundled sample at 8 to 48 kHz, µ-law, gains of 0.1 to 2.5 and a shift inside a
 * window: the right place reaches 0.88 and more; other speech and wrong places stay below 0.85 from
 * half a second on.
 */
const LIKENESS_MIN = 0.86;
/** Half a second: with less, wrong places come close to the right one. */
export const LOCATABLE_WINDOWS = WINDOWS_PER_SECOND / 2;
/** Between two sentences the sample is silent for 0.6 s, inside one for 0.1 s at most. */
const SENTENCE_PAUSE_SECONDS = 0.3;

/**
 * The bundled sample as a row of levels: where in it a stretch of audio is found, and which words
 * are spoken there.
 */
export class Recording {
  readonly #levels: Float32Array;
  readonly #words: readonly SpokenWord[];

  constructor(sample: Sample) {
    const levels: number[] = [];
    const words: SpokenWord[] = [];
    const sentences = sample.sentences.values();
    const activity = new VoiceActivity(
      {
        onSpeechStart: () => undefined,
        onSpeechEnd: (from, to) => words.push(...spread(sentences.next().value ?? "", from, to)),
      },
      { endpointingSeconds: SENTENCE_PAUSE_SECONDS, utteranceSecondsMax: Infinity },
    );
    const meter = new LoudnessMeter(
      {
        onWindow(decibels) {
          levels.push(aboveBackground(decibels));
          activity.hear(decibels);
        },
      },
      { encoding: "wav/pcm", bit_depth: 16, sample_rate: sample.sampleRate, channels: 1 },
    );
    meter.hear(sample.pcm);
    activity.finish();
    this.#levels = Float32Array.from(levels);
    this.#words = words;
  }

  /**
   * The window of the recording where `levels` begin, or undefined where they are something else.
   */
  locate(levels: Float32Array): number | undefined {
    let bestWindow = 0;
    let bestLikeness = 0;
    for (let window = 0; window + levels.length <= this.#levels.length; window += 1) {
      const likeness = this.#likeness(levels, window);
      if (likeness <= bestLikeness) continue;
      bestLikeness = likeness;
      bestWindow = window;
    }
    return bestLikeness >= LIKENESS_MIN ? bestWindow : undefined;
  }

  /**
   * Whether `levels` may be what the recording holds from `window` on; what lies beyond its end
   * does not count.
   */
  matches(levels: Float32Array, window: number): boolean {
    if (window < 0 || window >= this.#levels.length) return false;
    const within = levels.subarray(0, this.#levels.length - window);
    return this.#likeness(within, window) >= LIKENESS_MIN;
  }

  /** Words of which more than half lies in the stretch. */
  wordsBetween(fromWindow: number, toWindow: number): SpokenWord[] {
    return this.#words.filter((word) => {
      const middle = (word.fromWindow + word.toWindow) / 2;
      return middle >= fromWindow && middle < toWindow;
    });
  }

  /**
   * The correlation of both in decibels, so that loudness does not matter; 0 where one of them
   * never changes.
   */
  #likeness(levels: Float32Array, window: number): number {
    let sumA = 0;
    let sumB = 0;
    let sumAA = 0;
    let sumBB = 0;
    let sumAB = 0;
    const count = levels.length;
    for (let index = 0; index < count; index += 1) {
      const a = levels[index] ?? 0;
      const b = this.#levels[window + index] ?? 0;
      sumA += a;
      sumB += b;
      sumAA += a * a;
      sumBB += b * b;
      sumAB += a * b;
    }
    const variance = (sumAA - (sumA * sumA) / count) * (sumBB - (sumB * sumB) / count);
    // Rounding leaves a trace of variance where there is none.
    return variance < 1e-6 ? 0 : (sumAB - (sumA * sumB) / count) / Math.sqrt(variance);
  }
}

export function aboveBackground(decibels: number): number {
  return Math.max(decibels, BACKGROUND_DECIBELS);
}

/**
 * Gives each word of a sentence its share of the time by its letters; the words carry the
 * provider's leading space.
 */
function spread(sentence: string, fromWindow: number, toWindow: number): SpokenWord[] {
  const words = sentence.split(" ");
  const windowsPerLetter = (toWindow - fromWindow) / words.join("").length;
  let letters = 0;
  return words.map((word) => {
    const from = fromWindow + Math.round(letters * windowsPerLetter);
    letters += word.length;
    const to = fromWindow + Math.round(letters * windowsPerLetter);
    return { text: ` ${word}`, fromWindow: from, toWindow: to };
  });
}
