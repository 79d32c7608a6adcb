/** What two provider sessions have said, and what is made of it. */
import { Metrics } from "../../../src/observe/metrics.ts";
import type {
  SpokenTranslation,
  SpokenUtterance,
  TranslatedUtterance,
  Utterance,
} from "../../../src/relay/ports.ts";
import type { AskForFinals, Recovery } from "../../../src/relay/recovery/recovered-finals.ts";
import { HeardFinals, type ReportingSession } from "../../../src/speech/finals/heard-finals.ts";
import { Omissions } from "../../../src/speech/finals/omissions.ts";
import { SessionUtterances } from "../../../src/speech/finals/session-utterances.ts";
import { recordedLog } from "../probes/recorded-log.ts";

/** A provider session whose seconds are the source's, but for those that lie in a stretch that it got twice. */
export class SessionDouble implements ReportingSession {
  readonly id: string;
  readonly utterances = new SessionUtterances();
  hasMissed = true;
  /** From this second of the session on, the source lies so many seconds further back. */
  leap = { atSeconds: Infinity, backSeconds: 0 };

  constructor(id: string) {
    this.id = id;
  }

  place({ localId, ...spoken }: SpokenUtterance): Utterance {
    return { ...spoken, ...this.#placed(spoken), key: `${this.id}:${localId}` };
  }

  placeTranslation({ localId, ...spoken }: SpokenTranslation): TranslatedUtterance {
    return { ...spoken, ...this.#placed(spoken), utteranceKey: `${this.id}:${localId}` };
  }

  lapOf({ startSeconds }: SpokenUtterance): string {
    return lapIn(this.id, startSeconds >= this.leap.atSeconds ? 1 : 0);
  }

  final(localId: string, startSeconds: number, endSeconds: number): Utterance {
    return this.place(spokenFinal(localId, startSeconds, endSeconds));
  }

  partial(localId: string, startSeconds: number, endSeconds: number): Utterance {
    return { ...this.final(localId, startSeconds, endSeconds), isFinal: false };
  }

  /** A partial that the session knows of. */
  speak(localId: string, startSeconds: number, endSeconds: number): Utterance {
    const partial = this.partial(localId, startSeconds, endSeconds);
    this.utterances.note(partial);
    return partial;
  }

  translated(localId: string, startSeconds: number, endSeconds: number): TranslatedUtterance {
    const text = `${this.id}:${localId} in fr`;
    return this.placeTranslation({ localId, text, language: "fr", startSeconds, endSeconds });
  }

  #placed({ startSeconds, endSeconds }: { startSeconds: number; endSeconds: number }) {
    const { atSeconds, backSeconds } = this.leap;
    const toSource = (seconds: number) => seconds - (seconds >= atSeconds ? backSeconds : 0);
    return { startSeconds: toSource(startSeconds), endSeconds: toSource(endSeconds) };
  }
}

const lapIn = (sessionId: string, lap: number) => `${sessionId} ${lap}`;

/** As the provider tells it when it is asked. */
export function spokenFinal(
  localId: string,
  startSeconds: number,
  endSeconds: number,
): SpokenUtterance {
  const unknown = { language: undefined, confidence: undefined };
  return {
    localId,
    text: `what ${localId} says`,
    isFinal: true,
    startSeconds,
    endSeconds,
    ...unknown,
  };
}

interface FinalsOptions {
  /** Called for each utterance that is passed on. */
  readonly onUtterance?: (finals: HeardFinals) => void;
  /** Answers in the place of `recoveries`. */
  readonly ask?: AskForFinals;
}

export function setupFinals({ onUtterance, ask }: FinalsOptions = {}) {
  const listened = {
    utterances: [] as Utterance[],
    translations: [] as TranslatedUtterance[],
    unheard: [] as string[],
  };
  const asked: string[] = [];
  /** By provider session. */
  const recoveries: Record<string, Recovery> = {};
  const { tallies } = new Metrics();
  const log = recordedLog();
  const omissions = new Omissions({ log, tallies });
  const never = () => undefined;
  const finals: HeardFinals = new HeardFinals({
    askForFinals: async (id, signal) => {
      asked.push(id);
      const nothing: Recovery = { kind: "found", finals: [], translations: [] };
      return (await ask?.(id, signal)) ?? recoveries[id] ?? nothing;
    },
    listener: {
      onUtterance: (utterance) => {
        listened.utterances.push(utterance);
        onUtterance?.(finals);
      },
      onTranslation: (translated) => listened.translations.push(translated),
      onUnheard: (id) => listened.unheard.push(id),
      onQueued: never,
      onReady: never,
      onInterrupted: never,
      onResumed: never,
      onGap: never,
      onAligned: never,
      onEnded: never,
      onFailed: never,
    },
    tallies,
    omissions,
  });
  return {
    finals,
    /** In the first lap of the session that its key names, or in a later one. */
    hear: (utterance: Utterance, lap = 0) => {
      const [sessionId = ""] = utterance.key.split(":");
      finals.hear(utterance, lapIn(sessionId, lap));
    },
    tallies,
    log,
    omissions,
    listened,
    asked,
    recoveries,
    a: new SessionDouble("a"),
    b: new SessionDouble("b"),
    /** What was passed on, in order, as "a:x 1–2 final". */
    told: () =>
      listened.utterances.map(({ key, text, isFinal, startSeconds, endSeconds }) => {
        const kind = isFinal ? "final" : "partial";
        return `${key} ${startSeconds}–${endSeconds} ${text === "" ? "empty" : kind}`;
      }),
  };
}
