/**
 * What keeping unacknowledged audio costs each frame: CPU of taking a frame in and letting another go, while 0, 10 and 60 s of
 * audio are kept. A live frame is sent as it came, so that nothing is looked up for it. Prints one line of JSON.
 */
import { MemoryBudget } from "../../src/relay/memory-budget.ts";
import { AudioBacklog } from "../../src/speech/audio/audio-backlog.ts";
import { rounded } from "./machine.ts";

/** 100 ms at 16 kHz, 16 bit, mono. */
const FRAME_BYTES = 3200;
const FRAMES_PER_SECOND = 10;
const FRAMES = 400_000;
const ROUNDS = 7;
const KEPT_SECONDS = [0, 10, 60] as const;

const frame = new Uint8Array(FRAME_BYTES);
/** Never exhausted, as in normal life. */
const memory = new MemoryBudget(2 ** 30);
const rounds = new Map(KEPT_SECONDS.map((seconds) => [seconds, [] as number[]]));
// Interleaved, so that a disturbance meets all alike; the first round warms up.
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const seconds of KEPT_SECONDS) {
    const micros = measure(seconds);
    if (round > 0) rounds.get(seconds)!.push(micros);
  }
}
const figures = KEPT_SECONDS.map(
  (seconds) => [`${seconds} s`, median(rounds.get(seconds)!)] as const,
);
const [none, , most] = figures.map(([, micros]) => micros);
console.log(
  JSON.stringify({
    bench: "backlog",
    date: new Date().toISOString().slice(0, 10),
    frames: FRAMES,
    cpuMicrosPerFrame: Object.fromEntries(figures),
    "60 s / 0 s": rounded(most! / none!),
  }),
);

function measure(keptSeconds: number): number {
  const keptBytes = keptSeconds * FRAMES_PER_SECOND * FRAME_BYTES;
  const backlog = new AudioBacklog(memory, {
    bytesMax: keptBytes + 10 * FRAME_BYTES,
    bytesMin: 10 * FRAME_BYTES,
  });
  for (let bytes = 0; bytes < keptBytes; bytes += FRAME_BYTES) backlog.append(frame);
  const before = process.cpuUsage();
  for (let count = 0; count < FRAMES; count += 1) {
    backlog.append(frame);
    backlog.release(backlog.end - keptBytes);
  }
  const { user, system } = process.cpuUsage(before);
  const kept = backlog.end - backlog.start;
  backlog.clear();
  if (kept !== keptBytes) throw new Error(`expected ${keptBytes} bytes, got ${kept}`);
  return (user + system) / FRAMES;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return rounded(sorted[Math.floor(sorted.length / 2)]!);
}
