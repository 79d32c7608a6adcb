import { deadline } from "../../../src/kernel/deadline.ts";
import type { AppError } from "../../../src/kernel/errors.ts";
import { every, monotonicMs, sleep } from "../../../src/kernel/timers.ts";
import { Metrics, type Tallies } from "../../../src/observe/metrics.ts";
import { MemoryBudget } from "../../../src/relay/memory-budget.ts";
import type { SpeechStream, Utterance } from "../../../src/relay/ports.ts";
import type { RecognitionOptions } from "../../../src/relay/recognition/recognition-options.ts";
import type { ReceivedAudio } from "../../../src/simulator/session/audio-intake.ts";
import { startSimulator } from "../../../src/simulator/simulator.ts";
import { createGladiaAdapter } from "../../../src/speech/gladia/gladia-adapter.ts";
import { ProviderStreams } from "../../../src/speech/stream/provider-streams.ts";
import { recordedLog } from "../../support/probes/recorded-log.ts";
import type { Plan } from "./plan.ts";
import { BYTES_PER_SECOND } from "./speech.ts";

/** Everything that was seen of one run, from both sides. */
export interface Outcome {
  /** In the order of their coming. */
  readonly utterances: readonly Utterance[];
  /** Of each end that was reported. */
  readonly ends: readonly (AppError | undefined)[];
  readonly gaps: readonly string[];
  /** Of each provider session, in the order of their making. */
  readonly heard: readonly ReceivedAudio[];
  readonly handshakes: number;
  readonly posts: number;
  readonly tallies: Tallies;
  /** Scripted faults that never struck. */
  readonly faultsLeft: number;
  readonly streamsOpen: number;
  /** Of the process's memory, when all streams have ended. */
  readonly bytesKept: number;
  /** The run did not end in its time. */
  readonly isStuck: boolean;
}

/** Twenty times as fast as it was spoken: long enough for faults to strike in its middle. */
const SPEED = 20;
/** A session's owner sweeps its stream a few times a second; here everything is faster. */
const SWEEP_MS = 10;
/** Four losses with their waits take some seconds, half-open ones more; the machine may be busy with others. */
const RUN_MS = 120_000;

const RECOGNITION: RecognitionOptions = {
  audio: { encoding: "wav/pcm", sampleRate: 16_000, bitDepth: 16 },
  languages: ["en"],
  codeSwitching: false,
  endpointingSeconds: 0.3,
  // A burst that the provider hears in part twice is longer than it was, and is not to be cut for
  // it.
  utteranceSecondsMax: 30,
  vocabulary: [],
  vocabularyIntensity: undefined,
  translation: undefined,
};

export async function runPlan(plan: Plan): Promise<Outcome> {
  await using simulator = await startSimulator(plan.simulator);
  for (const fault of plan.opening) simulator.inflict(fault);
  simulator.schedule(plan.script);
  const { tallies } = new Metrics();
  const memory = new MemoryBudget(2 ** 30);
  const account = { apiKey: "key", apiUrl: simulator.url, region: undefined };
  const provider = new ProviderStreams(
    { adapter: createGladiaAdapter(account), log: recordedLog(), tallies, memory },
    { placesMax: undefined, limits: plan.limits },
  );
  const utterances: Utterance[] = [];
  const ends: (AppError | undefined)[] = [];
  const gaps: string[] = [];
  const ended = Promise.withResolvers<void>();
  const stream = provider.open(RECOGNITION, {
    onQueued: () => undefined,
    onAligned: () => undefined,
    onUnheard: () => undefined,
    onReady: () => undefined,
    onInterrupted: () => undefined,
    onResumed: () => undefined,
    onGap: (from, to) => gaps.push(`${from} s to ${to} s`),
    onUtterance: (utterance) => utterances.push(utterance),
    onTranslation: () => undefined,
    onFailed: ended.reject,
    onEnded: (failure) => {
      ends.push(failure);
      ended.resolve();
    },
  });
  const sweep = every(SWEEP_MS, () => stream.sweep(monotonicMs()));
  let isStuck = false;
  try {
    await speak(stream, plan);
    await deadline(ended.promise, RUN_MS, "the run").catch(() => (isStuck = true));
  } finally {
    sweep.stop();
    stream.abort();
    provider.stop();
  }
  const sessions = simulator.observe();
  return {
    utterances,
    ends,
    gaps,
    heard: sessions.map(({ id }) => simulator.received(id)!),
    handshakes: simulator.handshakeCount,
    posts: simulator.postCount,
    tallies,
    faultsLeft: simulator.scriptedCount,
    streamsOpen: provider.streamCount,
    bytesKept: memory.used,
    isStuck,
  };
}

async function speak(stream: SpeechStream, { speech, frameBytes }: Plan): Promise<void> {
  const { audio } = speech;
  const startedAtMs = performance.now();
  for (let sent = 0; sent < audio.length; sent += frameBytes) {
    stream.send(audio.subarray(sent, sent + frameBytes));
    const dueAtMs = startedAtMs + ((sent + frameBytes) / BYTES_PER_SECOND / SPEED) * 1000;
    // Whoever is late lets the others have their turn too.
    await sleep(Math.max(0, dueAtMs - performance.now()));
  }
  stream.finish();
}
