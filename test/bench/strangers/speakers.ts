/** People who speak through the gateway all the time, in a process of their own, and how long their finals take. */
import { SOCKET_PATH } from "../../../src/gateway/http-routes.ts";
import type { ServerMessage } from "../../../src/gateway/protocol/server-messages.ts";
import { every } from "../../../src/kernel/timers.ts";
import { loadSample, type Sample } from "../../../src/simulator/sample/sample.ts";
import { signText } from "../../support/actors/clients/signed-token.ts";
import { findTriggerFrames, frameOf } from "./trigger-frames.ts";

export interface SpeakersReport {
  /** From the sending of the frame that makes the provider report a final to the final's arrival. */
  readonly latenciesMs: readonly number[];
  /** Finals that should have come since the report before, and have not after all. */
  readonly missing: number;
  readonly closed: number;
}

export interface Speakers extends AsyncDisposable {
  /** What was measured since the report before. */
  report(): Promise<SpeakersReport>;
}

const FRAME_MS = 100;
const SAMPLE_MS = 12_000;
const CALLS = 10;
/** Frames go out this close to their time; what is measured begins with the sending itself. */
const TICK_MS = 5;
/** Longer than any run. */
const SECONDS_MAX = 900;
/** A final that is this late is missing. */
const LATE_MS = 5000;

/** Starts the process; resolves when all of them are connected. */
export async function startSpeakers(gatewayUrl: URL, count: number): Promise<Speakers> {
  const started = Promise.withResolvers<void>();
  let waiting: PromiseWithResolvers<SpeakersReport> | undefined;
  const child = Bun.spawn([process.execPath, import.meta.path, gatewayUrl.href, String(count)], {
    stdio: ["ignore", "inherit", "inherit"],
    ipc: (message: "started" | SpeakersReport) => {
      if (message === "started") started.resolve();
      else waiting?.resolve(message);
    },
    onExit: () => started.reject(new Error("the speakers ended")),
  });
  await started.promise;
  return {
    report() {
      waiting = Promise.withResolvers();
      child.send("report");
      return waiting.promise;
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

interface Voice {
  readonly socket: WebSocket;
  /** When each frame was sent. */
  readonly sentAtMs: number[];
  startsAtMs: number;
  finals: number;
}

async function speak(gatewayUrl: URL, count: number): Promise<void> {
  const sample = await loadSample();
  const triggers = findTriggerFrames(sample, (SECONDS_MAX * 1000) / FRAME_MS);
  let latenciesMs: number[] = [];
  let missingBefore = 0;
  let closed = 0;
  const connecting = Array.from({ length: count }, (_, index) => connect(gatewayUrl, index));
  const voices = await Promise.all(connecting);
  for (const [index, voice] of voices.entries()) {
    // Evenly over the sample's length, so that their finals do not come together.
    voice.startsAtMs = performance.now() + (index / count) * SAMPLE_MS;
    voice.socket.addEventListener("close", () => (closed += 1));
    voice.socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
      const message = JSON.parse(data) as ServerMessage;
      if (message.type !== "transcription" || !message.is_final || message.text === "") return;
      const sentAtMs = voice.sentAtMs[triggers[voice.finals]!];
      voice.finals += 1;
      if (sentAtMs !== undefined) latenciesMs.push(performance.now() - sentAtMs);
    });
  }
  every(TICK_MS, () => {
    for (const voice of voices) sendDue(voice, sample);
  });
  process.on("disconnect", () => process.exit());
  process.on("message", () => {
    const missing = countMissing(voices, triggers);
    process.send!({ latenciesMs, missing: missing - missingBefore, closed });
    latenciesMs = [];
    missingBefore = missing;
  });
  process.send!("started");
}

/** Resolves when speech is heard. */
async function connect(gatewayUrl: URL, index: number): Promise<Voice> {
  const identity = `speaker-${index}`;
  const claims = { sub: identity, sessionSlug: `call-${index % CALLS}`, identity, exp: 4e9 };
  const url = new URL(SOCKET_PATH, gatewayUrl);
  url.protocol = "ws:";
  url.searchParams.set("token", signText(JSON.stringify(claims)));
  const socket = new WebSocket(url);
  const ready = Promise.withResolvers<void>();
  socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
    if ((JSON.parse(data) as ServerMessage).type === "ready") ready.resolve();
  });
  socket.addEventListener("close", ({ reason }) => ready.reject(new Error(reason)));
  await ready.promise;
  return { socket, sentAtMs: [], startsAtMs: Infinity, finals: 0 };
}

function sendDue({ socket, startsAtMs, sentAtMs }: Voice, sample: Sample): void {
  const nowMs = performance.now();
  while (startsAtMs + sentAtMs.length * FRAME_MS <= nowMs) {
    socket.send(frameOf(sample, sentAtMs.length));
    sentAtMs.push(performance.now());
  }
}

function countMissing(voices: readonly Voice[], triggers: readonly number[]): number {
  const dueBeforeMs = performance.now() - LATE_MS;
  const missing = voices.map(({ sentAtMs, finals }) => {
    const due = triggers.filter((frame) => (sentAtMs[frame] ?? Infinity) < dueBeforeMs);
    return Math.max(0, due.length - finals);
  });
  return missing.reduce((sum, count) => sum + count, 0);
}

if (import.meta.main) {
  const [, , gatewayUrl, count] = process.argv;
  await speak(new URL(gatewayUrl!), Number(count));
}
