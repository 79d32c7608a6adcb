/**
 * What each fault on the way to the provider costs a speaker, in real time: how long captions pause, and which audio and finals are
 * lost or doubled. All faults run side by side. Prints one line of JSON for each.
 *
 *     bun run test/bench/upstream-faults.bench.ts [--outage SECONDS]
 *
 * With `--outage` the provider is away once, for that long, and nothing else happens.
 */
import { parseArgs } from "node:util";
import { every, monotonicMs, sleep } from "../../src/kernel/timers.ts";
import { createLog } from "../../src/observe/log.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { MemoryBudget } from "../../src/relay/memory-budget.ts";
import type { Utterance } from "../../src/relay/ports.ts";
import { toRecognitionOptions } from "../../src/relay/recognition/recognition-choices.ts";
import type { Fault } from "../../src/simulator/faults/fault.ts";
import { loadSample, type Sample } from "../../src/simulator/sample/sample.ts";
import { startSimulator, type Simulator } from "../../src/simulator/simulator.ts";
import { createGladiaAdapter } from "../../src/speech/gladia/gladia-adapter.ts";
import { GLADIA_STREAM_LIMITS } from "../../src/speech/gladia/gladia-limits.ts";
import { ProviderStreams } from "../../src/speech/stream/provider-streams.ts";

interface Scene {
  readonly name: string;
  readonly faults: readonly Fault[];
  /** The provider is away altogether for this long after them. */
  readonly outageSeconds?: number;
}

const SCENES: readonly Scene[] = [
  { name: "close 1011", faults: [{ kind: "close", code: 1011 }] },
  { name: "close 4500", faults: [{ kind: "close", code: 4500 }] },
  { name: "close 1009", faults: [{ kind: "close", code: 1009 }] },
  { name: "broken without a close frame", faults: [{ kind: "terminate" }] },
  { name: "half-open for good", faults: [{ kind: "freeze", dropMs: Number.POSITIVE_INFINITY }] },
  { name: "session over, 4403 on its URL", faults: [{ kind: "vanish" }] },
  { name: "unasked 1000", faults: [{ kind: "end", code: 1000 }] },
  {
    name: "acknowledgments lost, then broken",
    faults: [{ kind: "lose-acknowledgments", count: 20 }],
  },
  { name: "stalled for 3 s", faults: [{ kind: "stall", holdMs: 3000 }] },
  { name: "malformed message", faults: [{ kind: "say", what: "malformed" }] },
  { name: "message of 2 MB", faults: [{ kind: "say", what: "huge" }] },
  { name: "away for 10 s", faults: [{ kind: "terminate" }], outageSeconds: 10 },
  { name: "away for 30 s", faults: [{ kind: "terminate" }], outageSeconds: 30 },
  { name: "away for 60 s", faults: [{ kind: "terminate" }], outageSeconds: 60 },
];

/** When the fault strikes: in the middle of the second sentence. */
const FAULT_AT_SECONDS = 4;
const FRAME_MS = 100;
/** A session sweeps its stream this often. */
const SWEEP_MS = 100;

const { values } = parseArgs({ options: { outage: { type: "string" } } });
const outage: Scene = {
  name: `away for ${values.outage} s`,
  faults: [{ kind: "terminate" }],
  outageSeconds: Number(values.outage),
};
const sample = await loadSample();
await Promise.all(
  (values.outage === undefined ? SCENES : [outage]).map(async (scene) =>
    console.log(JSON.stringify(await play(scene, sample))),
  ),
);

async function play(scene: Scene, { pcm, sampleRate, sentences }: Sample) {
  // A session without a socket outlives the longest outage; the final of a sentence takes its usual second.
  await using simulator = await startSimulator({ resumeMs: 120_000, finalDelayMs: 500 });
  const { tallies } = new Metrics();
  const account = { apiKey: "key", apiUrl: simulator.url, region: undefined };
  const provider = new ProviderStreams(
    {
      adapter: createGladiaAdapter(account),
      log: createLog("silent"),
      tallies,
      memory: new MemoryBudget(2 ** 30),
    },
    { placesMax: undefined, limits: GLADIA_STREAM_LIMITS },
  );
  const utterances: (Utterance & { readonly atMs: number })[] = [];
  const gaps: number[] = [];
  const ended = Promise.withResolvers<void>();
  const audio = { encoding: "wav/pcm", sampleRate: 16_000, bitDepth: 16 } as const;
  const stream = provider.open(toRecognitionOptions(audio, {}), {
    onQueued: () => undefined,
    onAligned: () => undefined,
    onUnheard: () => undefined,
    onReady: () => undefined,
    onInterrupted: () => undefined,
    onResumed: () => undefined,
    onGap: (from, to) => gaps.push(to - from),
    onUtterance: (utterance) => utterances.push({ ...utterance, atMs: performance.now() }),
    onTranslation: () => undefined,
    onEnded: () => ended.resolve(),
    onFailed: ended.reject,
  });
  const sweep = every(SWEEP_MS, () => stream.sweep(monotonicMs()));
  const rounds = 1 + Math.ceil((scene.outageSeconds ?? 0) / 12);
  const frameBytes = (sampleRate / 1000) * FRAME_MS * 2;
  const startedAtMs = performance.now();
  let faultAtMs = 0;
  for (let sent = 0; sent < pcm.byteLength * rounds; sent += frameBytes) {
    const from = sent % pcm.byteLength;
    stream.send(pcm.subarray(from, Math.min(from + frameBytes, pcm.byteLength)));
    const dueAtMs = startedAtMs + ((sent + frameBytes) / frameBytes) * FRAME_MS;
    await sleep(dueAtMs - performance.now());
    if (faultAtMs > 0 || performance.now() - startedAtMs < FAULT_AT_SECONDS * 1000) continue;
    faultAtMs = performance.now();
    void strike(scene, simulator);
  }
  stream.finish();
  await ended.promise;
  sweep.stop();
  provider.stop();
  const finals = utterances.filter(({ isFinal, text }) => isFinal && text !== "");
  // An empty text takes partials back.
  const next = utterances.find(({ atMs, text }) => atMs > faultAtMs && text !== "");
  const pauseSeconds = next === undefined ? null : (next.atMs - faultAtMs) / 1000;
  return {
    bench: "upstream-faults",
    fault: scene.name,
    outageSeconds: scene.outageSeconds ?? 0,
    secondsToNextCaption: pauseSeconds === null ? null : Number(pauseSeconds.toFixed(2)),
    audioBytesLost: tallies.audio_dropped_bytes,
    audioBytesReplayed: tallies.audio_replayed_bytes,
    finalsExpected: sentences.length * rounds,
    finals: finals.length,
    finalsDoubled:
      finals.length - new Set(finals.map(({ startSeconds }) => Math.round(startSeconds))).size,
    gapSeconds: gaps.reduce((sum, gap) => sum + gap, 0),
    posts: tallies.provider_requests,
    handshakes: simulator.handshakeCount,
    residentMiB: Math.round(process.memoryUsage.rss() / 1_048_576),
  };
}

async function strike({ faults, outageSeconds = 0, name }: Scene, simulator: Simulator) {
  if (outageSeconds > 0) {
    simulator.inflict({ kind: "refuse-handshakes", count: 1e6, status: 503 });
    simulator.inflict({ kind: "refuse-posts", count: 1e6, status: 503 });
  }
  for (const fault of faults) simulator.inflict(fault);
  if (name.startsWith("acknowledgments")) {
    await sleep(1000);
    simulator.inflict({ kind: "terminate" });
  }
  await sleep(outageSeconds * 1000);
  simulator.heal();
}
