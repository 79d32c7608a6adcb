import { RecentCache } from "../../kernel/recent-cache.ts";
import type { Tallies } from "../../observe/metrics.ts";
import type {
  SpeechStreamListener,
  SpokenTranslation,
  SpokenUtterance,
  TranslatedUtterance,
  Utterance,
} from "../../relay/ports.ts";
import { askUntilAnswered, type AskForFinals } from "../../relay/recovery/recovered-finals.ts";
import { FinalLedger } from "./final-ledger.ts";
import type { Omissions } from "./omissions.ts";
import { isTorn, type SessionUtterances } from "./session-utterances.ts";

/** A provider session, as far as what it says is concerned. */
export interface ReportingSession {
  readonly id: string;
  readonly utterances: SessionUtterances;
  /** Finals may have been reported while no socket was there. */
  readonly hasMissed: boolean;
  /** Places what it reports in the source. */
  place(spoken: SpokenUtterance): Utterance;
  placeTranslation(spoken: SpokenTranslation): TranslatedUtterance;
  /**
   * The lap in which it was said: within one the source never goes back, so that the provider hears no word twice. Unique over all
   * provider sessions.
   */
  lapOf(spoken: SpokenUtterance): string;
}

export interface HeardFinalsDeps {
  readonly askForFinals: AskForFinals;
  readonly listener: SpeechStreamListener;
  readonly tallies: Tallies;
  readonly omissions: Omissions;
}

interface Shown {
  readonly partial: Utterance;
  readonly lap: string;
}

/** A translation follows its final within seconds, or is fetched with it afterwards; so many finals take an hour. */
const FINALS_REMEMBERED = 2048;

/**
 * Passes utterances on so that each is final exactly once, whichever provider sessions report it, and how often.
 *
 * Within one lap ids decide; a repetition in another one is known by its place in the source. What a provider session may have
 * said unheard is fetched when all is over.
 *
 * A final is noted before it is passed on: the one thing that passing it on may call back, the stream's end, finds it noted.
 * Why it is passed on within the provider's callback, `relay/session/session.ts` says.
 */
export class HeardFinals {
  readonly #deps: HeardFinalsDeps;
  readonly #ledger = new FinalLedger();
  /**
   * The key under which each final was passed on, by the key that the provider gave it: the two differ where a final took the
   * place of a piece of itself. A translation is passed on only for a final that is found here.
   */
  readonly #passedKeys = new RecentCache<string, string>(FINALS_REMEMBERED);
  /** The last partial of each utterance that has no final, by key. */
  readonly #unfinished = new Map<string, Shown>();
  /** Provider sessions that are over and whose finals were perhaps not all heard. */
  readonly #missed: ReportingSession[] = [];
  #isStopped = false;

  constructor(deps: HeardFinalsDeps) {
    this.#deps = deps;
  }

  /** End of the last final, in seconds of the source. */
  get end(): number {
    return this.#ledger.end;
  }

  hear(utterance: Utterance, lap: string): void {
    if (utterance.isFinal && utterance.text === "") this.#withdraw(utterance);
    else this.#passUnlessCovered(utterance, lap);
  }

  hearTranslation(translated: TranslatedUtterance): void {
    const utteranceKey = this.#passedKeys.get(translated.utteranceKey);
    if (utteranceKey === undefined) return;
    this.#deps.listener.onTranslation({ ...translated, utteranceKey });
  }

  /** Takes partials back: what they said comes under another key, or not at all. */
  withdraw(partials: Iterable<Utterance>): void {
    for (const partial of partials) this.#withdraw(partial);
  }

  /** A provider session is over. What it has begun to say and will not end is said by another one, under keys of its own. */
  setAside(session: ReportingSession): void {
    if (session.hasMissed) this.#missed.push(session);
    this.withdraw(session.utterances.unfinished);
  }

  /** Fetches what was missed. Rejects only for a bug. */
  async recover(signal: AbortSignal): Promise<void> {
    const { askForFinals, listener } = this.#deps;
    // A session that replaced another one has heard whole what the other one was cut off in.
    for (const session of this.#missed.toReversed()) {
      const recovery = await askUntilAnswered(askForFinals, session.id, signal);
      if (this.#isStopped) return;
      if (recovery.kind === "unavailable") {
        listener.onUnheard(session.id);
        continue;
      }
      for (const spoken of lastOfEach(recovery.finals)) this.#hearLate(session, spoken);
      for (const spoken of recovery.translations) this.#hearLateTranslation(session, spoken);
    }
    this.withdraw([...this.#unfinished.values()].map(({ partial }) => partial));
  }

  stop(): void {
    this.#isStopped = true;
  }

  #hearLate(session: ReportingSession, spoken: SpokenUtterance): void {
    const final = session.place(spoken);
    if (isTorn(final)) return this.#deps.omissions.note("torn", final);
    // By the text alone: where it lies may be known better by now.
    if (session.utterances.finalOf(final.key)?.text === final.text) return;
    const lap = session.lapOf(spoken);
    if (this.#passUnlessCovered(final, lap)) this.#deps.tallies.finals_recovered += 1;
  }

  #hearLateTranslation(session: ReportingSession, spoken: SpokenTranslation): void {
    const translated = session.placeTranslation(spoken);
    const { utteranceKey, language } = translated;
    if (session.utterances.hasSeenTranslation(utteranceKey, language)) return;
    this.hearTranslation(translated);
  }

  /** False when finals of other laps cover that stretch already. */
  #passUnlessCovered(utterance: Utterance, lap: string): boolean {
    const { startSeconds: start, endSeconds: end, key } = utterance;
    if (!utterance.isFinal) {
      const isNew = !this.#ledger.covers(start, end, lap);
      if (isNew) this.#show(utterance, lap);
      return isNew;
    }
    const earlierKey = this.#passedKeys.get(key);
    if (earlierKey !== undefined) return this.#replace(utterance, earlierKey, lap);
    const piece = this.#ledger.findPiece(start, end, lap);
    if (piece !== undefined) this.#ledger.remove(piece);
    if (this.#ledger.covers(start, end, lap)) {
      if (piece !== undefined) this.#ledger.add(piece);
      this.#deps.omissions.note("repeated", utterance);
      return false;
    }
    // R4: the whole takes the place of the piece, under the piece's key.
    const passedKey = piece?.key ?? key;
    this.#ledger.add({ key: passedKey, ownKey: key, lap, start, end });
    this.#passedKeys.set(key, passedKey);
    this.#pass({ ...utterance, key: passedKey });
    this.#withdrawCovered();
    return true;
  }

  /** R4: another final of an utterance takes the place of its first one; but no piece that of the whole it has become. */
  #replace(utterance: Utterance, passedKey: string, lap: string): boolean {
    const { startSeconds: start, endSeconds: end, key } = utterance;
    const stretch = this.#ledger.find(passedKey);
    if (stretch !== undefined && stretch.ownKey !== key) {
      this.#deps.omissions.note("superseded", utterance);
      return false;
    }
    if (stretch !== undefined) this.#ledger.remove(stretch);
    this.#ledger.add({ key: passedKey, ownKey: key, lap, start, end });
    this.#pass({ ...utterance, key: passedKey });
    return true;
  }

  /** What was shown of an utterance whose final came under another key, or never. */
  #withdrawCovered(): void {
    for (const { partial, lap } of this.#unfinished.values()) {
      const { startSeconds, endSeconds } = partial;
      if (this.#ledger.covers(startSeconds, endSeconds, lap)) this.#withdraw(partial);
    }
  }

  /** An empty final takes the partials back, if there were any. */
  #withdraw(utterance: Utterance): void {
    if (!this.#unfinished.has(utterance.key)) return;
    this.#pass({ ...utterance, text: "", isFinal: true });
  }

  #show(partial: Utterance, lap: string): void {
    this.#unfinished.set(partial.key, { partial, lap });
    this.#deps.listener.onUtterance(partial);
  }

  #pass(final: Utterance): void {
    this.#unfinished.delete(final.key);
    this.#deps.listener.onUtterance(final);
  }
}

/** R4: of several finals of one utterance the last one counts. */
function lastOfEach(finals: readonly SpokenUtterance[]): Iterable<SpokenUtterance> {
  return new Map(finals.map((final) => [final.localId, final])).values();
}
