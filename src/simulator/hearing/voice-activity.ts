import { WINDOWS_PER_SECOND } from "./loudness-meter.ts";

/**
 * Speech begins at this level and goes on above the lower one: a level that hovers does not cut
 * words.
 */
const START_DECIBELS = -40;
const KEEP_DECIBELS = -46;
/** 30 ms: shorter than any syllable, longer than a click. */
export const ONSET_WINDOWS = 3;

export interface VoiceActivityDeps {
  /**
   * Called while the window that made it certain is heard, at most `ONSET_WINDOWS` after `window`.
   */
  onSpeechStart(window: number): void;
  /**
   * `endWindow` is exclusive: the last window of speech plus one, without the silence that closed
   * the utterance.
   */
  onSpeechEnd(startWindow: number, endWindow: number): void;
}

export interface VoiceActivityOptions {
  /**
   * Silence that closes an utterance. Gaps between words are silence too, so a short one cuts
   * between words.
   */
  readonly endpointingSeconds: number;
  /**
   * An utterance of this length is closed where it stands, and speech that goes on opens the next
   * one.
   */
  readonly utteranceSecondsMax: number;
}

/**
 * Finds utterances in a row of levels. It counts windows and knows no clock, so fast audio gives
 * the same utterances.
 *
 * Modes: silent → speaking → silent. An utterance that is closed for its length leads to silent too;
 * one loud window then opens the next.
 */
export class VoiceActivity {
  readonly #deps: VoiceActivityDeps;
  readonly #endpointingWindows: number;
  readonly #utteranceWindowsMax: number;
  #windows = 0;
  #startWindow: number | undefined;
  #lastVoicedWindow = 0;
  #loudWindows = 0;
  #onsetWindows = ONSET_WINDOWS;

  constructor(deps: VoiceActivityDeps, options: VoiceActivityOptions) {
    this.#deps = deps;
    this.#endpointingWindows = Math.round(options.endpointingSeconds * WINDOWS_PER_SECOND);
    this.#utteranceWindowsMax = Math.round(options.utteranceSecondsMax * WINDOWS_PER_SECOND);
  }

  hear(decibels: number): void {
    const window = this.#windows;
    this.#windows += 1;
    if (this.#startWindow === undefined) this.#awaitOnset(window, decibels);
    else this.#awaitEnd(window, decibels, this.#startWindow);
  }

  /** No more audio: an utterance that is still open ends with its last voiced window. */
  finish(): void {
    if (this.#startWindow !== undefined) this.#end(this.#startWindow);
  }

  #awaitOnset(window: number, decibels: number): void {
    if (decibels < START_DECIBELS) {
      this.#loudWindows = 0;
      this.#onsetWindows = ONSET_WINDOWS;
      return;
    }
    this.#loudWindows += 1;
    if (this.#loudWindows < this.#onsetWindows) return;
    this.#startWindow = window + 1 - this.#onsetWindows;
    this.#lastVoicedWindow = window;
    this.#deps.onSpeechStart(this.#startWindow);
  }

  #awaitEnd(window: number, decibels: number, startWindow: number): void {
    if (decibels >= KEEP_DECIBELS) this.#lastVoicedWindow = window;
    if (window - this.#lastVoicedWindow >= this.#endpointingWindows) {
      this.#end(startWindow);
    } else if (window + 1 - startWindow >= this.#utteranceWindowsMax) {
      this.#end(startWindow);
      // The speaker has not paused: the next loud window carries on without another onset.
      this.#onsetWindows = 1;
    }
  }

  #end(startWindow: number): void {
    this.#startWindow = undefined;
    this.#loudWindows = 0;
    this.#onsetWindows = ONSET_WINDOWS;
    this.#deps.onSpeechEnd(startWindow, this.#lastVoicedWindow + 1);
  }
}
