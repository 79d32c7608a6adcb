import { WINDOWS_PER_SECOND } from "./loudness-meter.ts";
import {
  aboveBackground,
  LOCATABLE_WINDOWS,
  type Recording,
  type SpokenWord,
} from "./recording.ts";
import { ONSET_WINDOWS } from "./voice-activity.ts";

/**
 * Three seconds tell the recording from anything else; more would only cost memory in every
 * session.
 */
const LEVELS_MAX = 3 * WINDOWS_PER_SECOND;
/** People speak about three words a second. */
const WINDOWS_PER_SIMULATED_WORD = 30;
/** A word that falls into a gap no longer than this belongs to the utterance after the gap. */
const GAP_WINDOWS_MAX = 30;
const SIMULATED_WORDS = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel"];

/**
 * Finds words for one utterance after the other, by its levels alone.
 *
 * Where the audio is the recording, they are the words spoken there. Elsewhere they are plainly
 * marked as simulated, one for each 300 ms. Both follow from the levels since the session's start
 * and from nothing else. Positions are windows of the session.
 */
export class SpeechRecogniser {
  readonly #recording: Recording;
  /** From the utterance's first window on; between utterances, the last `ONSET_WINDOWS` levels. */
  readonly #levels = new Float32Array(LEVELS_MAX);
  #levelCount = ONSET_WINDOWS;
  #window = 0;
  #startWindow: number | undefined;
  /** Where the utterance before ended. */
  #endWindow = 0;
  #utteranceNumber = 0;
  /**
   * Session position minus recording position, where they last agreed. It is tried first, because
   * audio mostly goes on where it was.
   */
  #shiftWindows: number | undefined;
  /**
   * The recording is searched as a whole when this much of the utterance was heard. It doubles after
   * each search, because a search is dear.
   */
  #searchAtWindows = LOCATABLE_WINDOWS;

  constructor(recording: Recording) {
    this.#recording = recording;
  }

  /** Takes the next window; before the `begin` or `end` that this window causes. */
  hear(decibels: number): void {
    this.#window += 1;
    if (this.#startWindow === undefined) {
      this.#levels.copyWithin(0, 1, ONSET_WINDOWS);
      this.#levels[ONSET_WINDOWS - 1] = aboveBackground(decibels);
    } else if (this.#levelCount < LEVELS_MAX) {
      this.#levels[this.#levelCount] = aboveBackground(decibels);
      this.#levelCount += 1;
    }
  }

  begin(startWindow: number): void {
    const onsetWindows = this.#window - startWindow;
    this.#levels.copyWithin(0, ONSET_WINDOWS - onsetWindows, ONSET_WINDOWS);
    this.#levelCount = onsetWindows;
    this.#startWindow = startWindow;
    this.#utteranceNumber += 1;
    this.#searchAtWindows = LOCATABLE_WINDOWS;
  }

  /**
   * The words that are complete by now. None before half a second, when the recording cannot be
   * told yet.
   */
  hearWords(): SpokenWord[] {
    const now = this.#window;
    if (this.#startWindow === undefined || now - this.#startWindow < LOCATABLE_WINDOWS) return [];
    return this.#findWords(this.#startWindow, now).filter((word) => word.toWindow <= now);
  }

  /**
   * All words of the utterance. None where it is so short a stretch of the recording that no word
   * lies in it by more than half.
   */
  end(startWindow: number, endWindow: number): SpokenWord[] {
    this.#searchAtWindows = LOCATABLE_WINDOWS;
    const words = this.#findWords(startWindow, endWindow);
    this.#startWindow = undefined;
    this.#endWindow = endWindow;
    return words.map((word) => ({ ...word, toWindow: Math.min(word.toWindow, endWindow) }));
  }

  #findWords(startWindow: number, endWindow: number): SpokenWord[] {
    const shift = this.#findShift(startWindow, endWindow);
    if (shift === undefined) return this.#simulateWords(startWindow, endWindow);
    const isAfterGap = startWindow - this.#endWindow <= GAP_WINDOWS_MAX;
    const fromWindow = isAfterGap ? this.#endWindow : startWindow;
    return this.#recording.wordsBetween(fromWindow - shift, endWindow - shift).map((word) => ({
      text: word.text,
      fromWindow: Math.max(word.fromWindow + shift, startWindow),
      toWindow: Math.max(word.toWindow + shift, startWindow),
    }));
  }

  #findShift(startWindow: number, endWindow: number): number | undefined {
    const levels = this.#levels.subarray(0, Math.min(this.#levelCount, endWindow - startWindow));
    const known = this.#shiftWindows;
    if (known !== undefined && this.#recording.matches(levels, startWindow - known)) return known;
    if (levels.length < this.#searchAtWindows) return undefined;
    this.#searchAtWindows = levels.length * 2;
    const found = this.#recording.locate(levels);
    if (found === undefined) return undefined;
    this.#shiftWindows = startWindow - found;
    return this.#shiftWindows;
  }

  #simulateWords(startWindow: number, endWindow: number): SpokenWord[] {
    const count = Math.ceil((endWindow - startWindow) / WINDOWS_PER_SIMULATED_WORD);
    return Array.from({ length: count }, (_, index) => {
      const fromWindow = startWindow + index * WINDOWS_PER_SIMULATED_WORD;
      const word = ` ${SIMULATED_WORDS[index % SIMULATED_WORDS.length]}`;
      return {
        text: index === 0 ? ` [simulated] utterance ${this.#utteranceNumber}:${word}` : word,
        fromWindow,
        toWindow: fromWindow + WINDOWS_PER_SIMULATED_WORD,
      };
    });
  }
}
