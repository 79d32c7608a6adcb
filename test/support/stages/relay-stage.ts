/** What stands around a session in a test: a client and a sink that keep what they are told. */
import type { AppError } from "../../../src/kernel/errors.ts";
import type {
  OwnerFeed,
  Speaker,
  SpeakerNames,
  Transcript,
  TranscriptSink,
  Translation,
} from "../../../src/relay/ports.ts";
import type { RecognitionOptions } from "../../../src/relay/recognition/recognition-options.ts";
import type { ProviderClock } from "../../../src/relay/recovery/provider-clock.ts";
import type { ProviderSessionRecord } from "../../../src/relay/recovery/provider-session-record.ts";
import type { SessionLimits } from "../../../src/relay/session/session.ts";

export const speaker: Speaker = {
  subject: "user-1",
  sessionSlug: "standup",
  identity: "host",
  name: "Ada",
};

export const recognition: RecognitionOptions = {
  audio: { encoding: "wav/pcm", sampleRate: 16_000, bitDepth: 16 },
  languages: ["en"],
  codeSwitching: false,
  endpointingSeconds: 0.3,
  utteranceSecondsMax: 5,
  vocabulary: [],
  vocabularyIntensity: undefined,
  translation: undefined,
};

/** Those of the program, but for a shorter wait for finals. */
export const sessionLimits: SessionLimits = {
  finishMs: 10_000,
  silence: { quietMs: 3000, closingMs: 500, keepaliveMs: 10_000 },
};

/** One millisecond of `recognition.audio`. */
export const BYTES_PER_MS = 32;

/** A frame of `recognition.audio`; `mark` fills it, so that frames can be told apart. */
export function audioFrame(durationMs: number, mark = 0): Uint8Array<ArrayBuffer> {
  return new Uint8Array(durationMs * BYTES_PER_MS).fill(mark);
}

export type StageEvent =
  | { readonly kind: "ready" }
  | { readonly kind: "shown"; readonly transcript: Transcript }
  | { readonly kind: "translated"; readonly translation: Translation }
  | { readonly kind: "kept"; readonly speaker: SpeakerNames; readonly transcript: Transcript }
  | { readonly kind: "queued"; readonly position: number }
  | { readonly kind: "interrupted" }
  | { readonly kind: "resumed" }
  | { readonly kind: "gap"; readonly from: Date; readonly to: Date }
  | { readonly kind: "end"; readonly failure: AppError | undefined };

export interface RelayStage {
  readonly client: OwnerFeed;
  readonly sink: TranscriptSink;
  readonly record: ProviderSessionRecord;
  /** What is on record, by provider session. */
  readonly recorded: ReadonlyMap<string, ProviderClock>;
  /** Everything that happened at either side, in its order. */
  readonly events: readonly StageEvent[];
  readonly kinds: readonly StageEvent["kind"][];
  eventsOf<Kind extends StageEvent["kind"]>(
    kind: Kind,
  ): readonly Extract<StageEvent, { kind: Kind }>[];
  /** The sink takes its time from now on; nothing is kept before `keepHeldFinals`. */
  holdFinals(): void;
  keepHeldFinals(): void;
  /** Makes one of the calls throw instead; "closed" is the record's. */
  break(kind: StageEvent["kind"] | "closed"): void;
}

export function relayStage(): RelayStage {
  const events: StageEvent[] = [];
  let held: (() => void)[] | undefined;
  const recorded = new Map<string, ProviderClock>();
  const broken = new Set<StageEvent["kind"] | "closed">();
  const note = (event: StageEvent) => {
    if (broken.has(event.kind)) throw new Error(`the test broke "${event.kind}"`);
    events.push(event);
  };
  return {
    client: {
      showReady: () => note({ kind: "ready" }),
      showTranscript: (transcript) => note({ kind: "shown", transcript }),
      showTranslation: (translation) => note({ kind: "translated", translation }),
      showQueued: (position) => note({ kind: "queued", position }),
      showInterrupted: () => note({ kind: "interrupted" }),
      showResumed: () => note({ kind: "resumed" }),
      showGap: (from, to) => note({ kind: "gap", from, to }),
      end: (failure) => note({ kind: "end", failure }),
    },
    sink: {
      append: (from, transcript, onKept) => {
        const keep = () => {
          note({ kind: "kept", speaker: from, transcript });
          onKept();
        };
        if (held === undefined) keep();
        else held.push(keep);
      },
    },
    record: {
      opened: (_, id, clock) => void recorded.set(id, [...clock]),
      update: (id, clock) => void recorded.set(id, [...clock]),
      closed: (id) => {
        if (broken.has("closed")) throw new Error('the test broke "closed"');
        recorded.delete(id);
      },
    },
    recorded,
    holdFinals: () => {
      held = [];
    },
    keepHeldFinals: () => {
      const due = held ?? [];
      held = undefined;
      for (const keep of due) keep();
    },
    events,
    get kinds() {
      return events.map(({ kind }) => kind);
    },
    eventsOf: <Kind extends StageEvent["kind"]>(kind: Kind) =>
      events.filter((event): event is Extract<StageEvent, { kind: Kind }> => event.kind === kind),
    break: (kind) => void broken.add(kind),
  };
}
