/** Streams to a provider on loopback, with everything that they report: the simulator's are swept fast, by themselves. */
import { expect } from "bun:test";
import type { AppError } from "../../../src/kernel/errors.ts";
import { every, monotonicMs } from "../../../src/kernel/timers.ts";
import { Metrics } from "../../../src/observe/metrics.ts";
import { MemoryBudget } from "../../../src/relay/memory-budget.ts";
import type {
  SpeechStream,
  SpeechStreamListener,
  TranslatedUtterance,
  Utterance,
} from "../../../src/relay/ports.ts";
import type { Fault } from "../../../src/simulator/faults/fault.ts";
import {
  startSimulator,
  type Simulator,
  type SimulatorOptions,
} from "../../../src/simulator/simulator.ts";
import { createGladiaAdapter } from "../../../src/speech/gladia/gladia-adapter.ts";
import { GLADIA_STREAM_LIMITS } from "../../../src/speech/gladia/gladia-limits.ts";
import type { ProviderAdapter } from "../../../src/speech/provider-adapter.ts";
import type { ProviderStreamLimits } from "../../../src/speech/stream-limits.ts";
import type { ProviderStream } from "../../../src/speech/stream/provider-stream.ts";
import { ProviderStreams } from "../../../src/speech/stream/provider-streams.ts";
import { recordedLog } from "../probes/recorded-log.ts";
import { createTone, toPcm16 } from "../probes/tones.ts";
import { until } from "../probes/until.ts";
import { audioFrame, recognition } from "./relay-stage.ts";

export const KEY = "the-key-of-the-account";
export const BYTES_PER_SECOND = 32_000;

/** A session's owner looks a few times a second; a test does not wait for it. */
const SWEEP_MS = 5;

/** A machine that is busy with others must not count as a provider that does not answer: nobody is given up by the clock. */
const PATIENT_LIMITS: ProviderStreamLimits = {
  ...GLADIA_STREAM_LIMITS,
  readyMs: 60_000,
  openMs: 60_000,
  stalledMs: 60_000,
  recoverMs: 60_000,
};
/** Later than any of these limits. */
export const MUCH_LATER_MS = 61_000;

export interface StreamOptions {
  readonly placesMax?: number;
  readonly limits?: Partial<ProviderStreamLimits>;
  /** In bytes, of all streams of the provider together. */
  readonly memoryLimit?: number;
}

/** Where Gladia's API is, and whether it knows us. */
interface ApiOptions {
  readonly apiUrl: string;
  readonly apiKey?: string;
}

/** One stream and what it has reported. */
export class Listener {
  readonly stream: SpeechStream;
  /** Everything but utterances and alignments, in order: "ready", "queued 1", "gap 0.5 to 2" … */
  readonly reports: string[] = [];
  readonly utterances: Utterance[] = [];
  readonly translations: TranslatedUtterance[] = [];
  /** Provider sessions whose finals could not be fetched. */
  readonly unheard: string[] = [];
  /** What our side was told of as its own. */
  readonly bugs: unknown[] = [];
  readonly ready: Promise<string>;
  readonly ended: Promise<AppError | undefined>;

  /** `broken` throws when it is called. */
  constructor(provider: ProviderStreams, broken?: keyof SpeechStreamListener) {
    const ready = Promise.withResolvers<string>();
    const ended = Promise.withResolvers<AppError | undefined>();
    this.ready = ready.promise;
    this.ended = ended.promise;
    const listener: SpeechStreamListener = {
      onQueued: (position) => this.reports.push(`queued ${position}`),
      onReady: (id) => {
        this.reports.push("ready");
        ready.resolve(id);
      },
      onInterrupted: () => this.reports.push("interrupted"),
      onResumed: () => this.reports.push("resumed"),
      onGap: (from, to) => this.reports.push(`gap ${from} to ${to}`),
      onUtterance: (utterance) => this.utterances.push(utterance),
      onTranslation: (translated) => this.translations.push(translated),
      onAligned: () => undefined,
      onUnheard: (id) => this.unheard.push(id),
      onFailed: (error) => {
        this.bugs.push(error);
        this.stream.abort();
      },
      onEnded: (failure) => {
        this.reports.push("ended");
        ended.resolve(failure);
      },
    };
    const breaking = () => {
      throw new Error(`the test broke "${broken}"`);
    };
    this.stream = provider.open(recognition, {
      ...listener,
      ...(broken !== undefined && { [broken]: breaking }),
    });
  }

  get state(): ProviderStream["state"] {
    // What the provider opens is one.
    return (this.stream as ProviderStream).state;
  }

  /** Without those that only take partials back. */
  get finals(): readonly Utterance[] {
    return this.utterances.filter(({ isFinal, text }) => isFinal && text !== "");
  }

  /** Hands audio over in frames of 100 ms, all at once. */
  send(audio: Uint8Array): void {
    const { byteLength } = audioFrame(100);
    for (let from = 0; from < audio.byteLength; from += byteLength) {
      this.stream.send(audio.subarray(from, from + byteLength));
    }
  }
}

/** A provider, one stream to it, and a way to open more of them. Whoever made it sweeps them. */
export function openStreamOver(
  adapter: ProviderAdapter,
  { placesMax, limits, memoryLimit = 2 ** 30 }: StreamOptions = {},
) {
  const log = recordedLog();
  const { tallies } = new Metrics();
  const memory = new MemoryBudget(memoryLimit);
  const provider = new ProviderStreams(
    { adapter, log, tallies, memory },
    { placesMax, limits: { ...PATIENT_LIMITS, ...limits } },
  );
  const listeners: Listener[] = [];
  const open = (broken?: keyof SpeechStreamListener) => {
    const listener = new Listener(provider, broken);
    listeners.push(listener);
    return listener;
  };
  return {
    provider,
    log,
    tallies,
    memory,
    listener: open(),
    open,
    sweep: (nowMs: number) => {
      for (const { stream } of listeners) stream.sweep(nowMs);
    },
    [Symbol.dispose]: () => {
      for (const { stream } of listeners) stream.abort();
      provider.stop();
    },
  };
}

/** The same at Gladia's API, swept fast. */
export function openStream({ apiUrl, apiKey = KEY, ...options }: StreamOptions & ApiOptions) {
  const adapter = createGladiaAdapter({ apiKey, apiUrl, region: undefined });
  const opened = openStreamOver(adapter, options);
  const sweeping = every(SWEEP_MS, () => opened.sweep(monotonicMs()));
  return {
    ...opened,
    [Symbol.dispose]: () => {
      sweeping.stop();
      opened[Symbol.dispose]();
    },
  };
}

export type StreamWorld = Awaited<ReturnType<typeof setupStream>>;

export async function setupStream(
  options: StreamOptions & {
    readonly apiKey?: string;
    readonly simulator?: SimulatorOptions;
    /** Ordered before the stream is opened. */
    readonly faults?: readonly Fault[];
  } = {},
) {
  const simulator = await startSimulator({ apiKey: KEY, ...options.simulator });
  for (const fault of options.faults ?? []) simulator.inflict(fault);
  const opened = openStream({ ...options, apiUrl: simulator.url });
  return {
    ...opened,
    simulator,
    [Symbol.asyncDispose]: async () => {
      opened[Symbol.dispose]();
      await simulator.stop();
    },
  };
}

/** Resolves when everything that the simulator has said of the audio so far is heard. */
export async function untilAnswered({ simulator, listener, log }: StreamWorld, audioBytes: number) {
  const answers = () => log.linesOf("Skipped a message of the provider").length;
  const before = answers();
  await until(() => simulator.observe()[0]!.byteCount === audioBytes);
  // It comes last, and is noted in the log.
  simulator.inflict({ kind: "say", what: "malformed" });
  await until(() => answers() > before || listener.state === "ended");
}

/** Utterances of one second with pauses that close them: the first is said from 0.5 s to 1.5 s, the next 2 s later. */
export function speech(utteranceCount: number): Uint8Array {
  return toPcm16(
    createTone(
      Array.from({ length: utteranceCount }, () => [
        { seconds: 0.5, amplitude: 0 },
        { seconds: 1, amplitude: 0.3 },
        { seconds: 0.5, amplitude: 0 },
      ]).flat(),
    ),
  );
}

/** Each utterance of `speech` has got one final, where it was said, and in order. */
export function expectFinals({ finals }: Listener, utteranceCount: number): void {
  const places = finals.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]);
  expect(places).toEqual(
    Array.from({ length: utteranceCount }, (_, index) => [
      // An onset takes some windows of 10 ms to be heard, on either side of a cut.
      expect.closeTo(index * 2 + 0.5, 1),
      expect.closeTo(index * 2 + 1.5, 1),
    ]),
  );
}

/** Strikes once so many seconds of audio have come. */
export function strike(simulator: Simulator, afterSeconds: number, ...faults: Fault[]): void {
  simulator.schedule(
    faults.map((fault) => ({ afterBytes: afterSeconds * BYTES_PER_SECOND, fault })),
  );
}
