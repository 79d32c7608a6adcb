import { RecentCache } from "../../kernel/recent-cache.ts";
import type { Tallies } from "../../observe/metrics.ts";
import type { SpeechStreamListener } from "../../relay/ports.ts";
import type { Unavailable } from "../../relay/recovery/recovered-finals.ts";
import type { FoundEvents } from "../gladia/final-recovery.ts";
import type { TranscriptEvent, TranslationEvent } from "../gladia/gladia-messages.ts";
import type { LiveLink } from "../stream/provider-session.ts";
import { FinalLedger } from "./final-ledger.ts";
import type { PlacedTranscript } from "./session-utterances.ts";

export interface HeardFinalsDeps {
  readonly recover: (sessionId: string, signal: AbortSignal) => Promise<FoundEvents | Unavailable>;
  readonly listener: SpeechStreamListener;
  readonly tallies: Tallies;
}

/** A translation follows its final within seconds, or is fetched with it afterwards; so many finals take an hour. */
const PASSED_MAX = 2048;

/** The old session of a rollover has this long for its last finals. */
const RETIRE_MS = 15_000;

interface RetiringLink {
  readonly link: LiveLink;
  /** Its utterances count up to here, in seconds of the source. */
  readonly cutSeconds: number;
  readonly untilMs: number;
}

/**
 * Passes utterances on so that each is final exactly once, whichever provider sessions report it, and how often.
 *
 * A repetition is known by its place in the source. What a session may have said unheard is fetched when all is over.
 */
export class HeardFinals {
  readonly #deps: HeardFinalsDeps;
  readonly #ledger = new FinalLedger();
  /** For the key of each final that was passed on the key that it was passed on under: what translates another one is left out. */
  readonly #passed = new RecentCache<string, string>(PASSED_MAX);
  /** The last partial of each utterance that has no final, by key. */
  readonly #unfinished = new Map<string, PlacedTranscript>();
  /** Sessions that are over and whose finals were perhaps not all heard. */
  readonly #missed: LiveLink[] = [];
  #retiring: RetiringLink | undefined;
  #isStopped = false;

  constructor(deps: HeardFinalsDeps) {
    this.#deps = deps;
  }

  /** End of the last final, in seconds of the source. */
  get end(): number {
    return this.#ledger.end;
  }

  hear(link: LiveLink, transcript: PlacedTranscript): void {
    const retiring = this.#retiring;
    const isLate = link === retiring?.link && middleOf(transcript) >= retiring.cutSeconds;
    if (isLate) return;
    if (transcript.isFinal && transcript.text === "") this.#withdraw(transcript);
    else this.#passUnlessCovered(transcript);
  }

  hearTranslation(link: LiveLink, event: TranslationEvent): void {
    const { utteranceId, kind: _, ...translation } = link.place(event);
    const utteranceKey = this.#passed.get(link.keyOf(utteranceId));
    if (utteranceKey === undefined) return;
    this.#deps.listener.onTranslation({ ...translation, utteranceKey });
  }

  /** A session is over. What it has begun to report and will not end is reported by another one, under an id of its own. */
  setAside(link: LiveLink): void {
    if (link.hasMissed) this.#missed.push(link);
    for (const partial of link.utterances.unfinished) this.#withdraw(partial);
  }

  /** The source goes on in another session from `cutSeconds` on; the old one may finish what was said before. */
  cutOver(old: LiveLink, cutSeconds: number, nowMs: number): void {
    this.#retire();
    this.#retiring = { link: old, cutSeconds, untilMs: nowMs + RETIRE_MS };
    for (const partial of old.utterances.unfinished) {
      if (middleOf(partial) >= cutSeconds) this.#withdraw(partial);
    }
    old.requestStop();
  }

  /** True when it was the old session of a rollover that has closed. */
  retire(link: LiveLink): boolean {
    if (link !== this.#retiring?.link) return false;
    this.#retire();
    return true;
  }

  sweep(nowMs: number): void {
    if (this.#retiring !== undefined && nowMs >= this.#retiring.untilMs) this.#retire();
  }

  /** Fetches what was missed. Rejects only for a bug. */
  async recover(signal: AbortSignal): Promise<void> {
    this.#retire();
    // A session that replaced another one has heard whole what the other one was cut off in.
    for (const link of this.#missed.toReversed()) {
      const recovery = await this.#deps.recover(link.id, signal);
      if (this.#isStopped) return;
      if (recovery.kind === "unavailable") {
        this.#deps.listener.onUnheard(link.id);
        continue;
      }
      for (const event of recovery.finals) this.#hearLate(link, event);
      for (const event of recovery.translations) this.#hearLateTranslation(link, event);
    }
    for (const partial of this.#unfinished.values()) this.#withdraw(partial);
  }

  stop(): void {
    this.#isStopped = true;
    this.#retiring?.link.release();
    this.#retiring = undefined;
  }

  #hearLate(link: LiveLink, event: TranscriptEvent): void {
    if (link.utterances.hasSeenFinal(event.utteranceId)) return;
    const final = link.placeTranscript(event);
    // Torn by a replay, see `LinkUtterances`.
    if (final.endSeconds < final.startSeconds) return;
    if (this.#passUnlessCovered(final)) this.#deps.tallies.finals_recovered += 1;
  }

  #hearLateTranslation(link: LiveLink, event: TranslationEvent): void {
    if (!link.utterances.hasSeenTranslation(event)) this.hearTranslation(link, event);
  }

  /** False when finals cover that stretch already. */
  #passUnlessCovered(transcript: PlacedTranscript): boolean {
    const { startSeconds: start, endSeconds: end, key } = transcript;
    if (!transcript.isFinal) {
      const isNew = !this.#ledger.covers(start, end);
      if (isNew) this.#pass(transcript);
      return isNew;
    }
    const piece = this.#ledger.findPiece(start, end);
    if (piece !== undefined) this.#ledger.remove(piece);
    if (this.#ledger.covers(start, end)) {
      if (piece !== undefined) this.#ledger.add(piece);
      this.#deps.tallies.finals_repeated += 1;
      return false;
    }
    // R4: under the key of the piece that a cut has left of it, the whole takes that final's place.
    const passedKey = piece?.key ?? key;
    this.#pass({ ...transcript, key: passedKey });
    this.#passed.set(key, passedKey);
    this.#ledger.add({ key: passedKey, start, end });
    this.#withdrawCovered();
    return true;
  }

  /** What was shown of an utterance whose final came under another id, or never. */
  #withdrawCovered(): void {
    for (const partial of this.#unfinished.values()) {
      const { startSeconds, endSeconds } = partial;
      if (this.#ledger.covers(startSeconds, endSeconds)) this.#withdraw(partial);
    }
  }

  #retire(): void {
    const retiring = this.#retiring;
    this.#retiring = undefined;
    if (retiring === undefined) return;
    retiring.link.release();
    this.setAside(retiring.link);
  }

  /** An empty final takes the partials back, if there were any. */
  #withdraw(transcript: PlacedTranscript): void {
    if (!this.#unfinished.has(transcript.key)) return;
    this.#pass({ ...transcript, text: "", isFinal: true });
  }

  #pass(transcript: PlacedTranscript): void {
    const { utteranceId: _, kind: __, ...utterance } = transcript;
    if (utterance.isFinal) this.#unfinished.delete(utterance.key);
    else this.#unfinished.set(utterance.key, transcript);
    this.#deps.listener.onUtterance(utterance);
  }
}

function middleOf({ startSeconds, endSeconds }: PlacedTranscript): number {
  return (startSeconds + endSeconds) / 2;
}
