import { expect, spyOn, test } from "bun:test";
import { MemoryBudget } from "../../../src/relay/memory-budget.ts";
import { AudioBacklog, FRAME_OVERHEAD_BYTES } from "../../../src/speech/audio/audio-backlog.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";

const frame = (bytes: number, mark = 0) => new Uint8Array(bytes).fill(mark);

/** Enough for every test that is not about it. */
const plenty = () => new MemoryBudget(2 ** 40);

/** A backlog of frames of these lengths, filled with 1, 2, 3 … */
function backlogOf(bytesMax: number, ...lengths: number[]) {
  const backlog = new AudioBacklog(plenty(), { bytesMax, bytesMin: 0 });
  const frames = lengths.map((bytes, index) => frame(bytes, index + 1));
  for (const one of frames) backlog.append(one);
  return { backlog, frames };
}

test("[R10] gives frames back by their position, uncopied, in the order of their arrival", () => {
  const { backlog, frames } = backlogOf(100, 10, 20, 30);
  expect([backlog.start, backlog.end]).toEqual([0, 60]);
  expect(backlog.readAt(0)).toBe(frames[0]);
  expect(backlog.readAt(10)).toBe(frames[1]);
  expect(backlog.readAt(30)).toBe(frames[2]);
  expect(backlog.readAt(60)).toBeUndefined();
});

test("[R11] gives the rest of a frame from a position in its middle, without copying it", () => {
  const { backlog, frames } = backlogOf(100, 10, 20);
  const rest = backlog.readAt(14)!;
  expect(rest).toEqual(frames[1]!.subarray(4));
  expect(rest.buffer).toBe(frames[1]!.buffer);
  expect(backlog.readAt(9)).toEqual(frames[0]!.subarray(9));
  expect(backlog.readAt(29)).toHaveLength(1);
});

test("[R11] lets go of frames that lie before a position as a whole, and of no other", () => {
  const { backlog, frames } = backlogOf(100, 10, 20, 30);
  backlog.release(9);
  expect(backlog.start).toBe(0);
  backlog.release(29);
  expect(backlog.start).toBe(10);
  expect(backlog.readAt(10)).toBe(frames[1]);
  backlog.release(5);
  expect(backlog.start).toBe(10);
  backlog.release(60);
  expect([backlog.start, backlog.end]).toEqual([60, 60]);
  expect(backlog.readAt(60)).toBeUndefined();
  backlog.append(frame(5));
  expect([backlog.start, backlog.end]).toEqual([60, 65]);
});

test("[R12] keeps exactly its bound, and pushes the oldest frames out beyond it", () => {
  const { backlog, frames } = backlogOf(30, 10, 10, 10);
  expect(backlog.start).toBe(0);
  backlog.append(frame(15));
  expect([backlog.start, backlog.end]).toEqual([20, 45]);
  expect(backlog.readAt(20)).toBe(frames[2]);
});

test("[R12] drops a frame that is larger than everything it may keep", () => {
  const { backlog } = backlogOf(10, 11);
  expect([backlog.start, backlog.end]).toEqual([11, 11]);
});

test("forgets its audio, not its position, when it is cleared", () => {
  const { backlog } = backlogOf(10, 8);
  backlog.clear();
  expect([backlog.start, backlog.end]).toEqual([8, 8]);
  backlog.append(frame(10));
  expect(backlog.readAt(8)).toHaveLength(10);
});

test("[R12] holds the latest bytes that came, each at its position, whatever is released", () => {
  const random = seededRandom("audio-backlog");
  for (let run = 0; run < 200; run += 1) {
    const bytesMax = random.whole(1, 200);
    const backlog = new AudioBacklog(plenty(), { bytesMax, bytesMin: 0 });
    const source: number[] = [];
    let start = 0;
    for (let step = random.whole(0, 100); step > 0; step -= 1) {
      const one = Uint8Array.from({ length: random.whole(1, 60) }, () => random.whole(0, 255));
      source.push(...one);
      backlog.append(one);
      expect(backlog.start).toBeGreaterThanOrEqual(start);
      if (random.next() < 0.3) backlog.release(random.whole(backlog.start, backlog.end));
      start = backlog.start;
      expect(backlog.end).toBe(source.length);
      expect(backlog.end - start).toBeLessThanOrEqual(bytesMax);
      if (start === backlog.end) continue;
      const position = random.whole(start, backlog.end - 1);
      const read = [...backlog.readAt(position)!];
      expect(read).toEqual(source.slice(position, position + read.length));
    }
    const kept: number[] = [];
    while (start + kept.length < backlog.end) kept.push(...backlog.readAt(start + kept.length)!);
    expect(kept).toEqual(source.slice(start));
  }
});

test("[R10] a frame costs as much among a hundred thousand of them as among a thousand", () => {
  // Counted, not measured: moving what is kept is the one thing that would grow with it.
  const movesPerFrame = (kept: number, frameCount: number) => {
    const backlog = new AudioBacklog(plenty(), { bytesMax: kept, bytesMin: 0 });
    using moves = spyOn(Array.prototype, "slice");
    for (let count = 0; count < frameCount; count += 1) backlog.append(frame(1));
    const moved = moves.mock.results.map(({ value }) => (value as unknown[]).length);
    return moved.reduce((sum, length) => sum + length, 0) / frameCount;
  };
  expect(movesPerFrame(1000, 10_000)).toBeLessThanOrEqual(2);
  expect(movesPerFrame(100_000, 1_000_000)).toBeLessThanOrEqual(2);
});

/** What so many frames of 10 bytes take. */
const costOf = (frameCount: number) => frameCount * (10 + FRAME_OVERHEAD_BYTES);

/** A backlog of frames of 10 bytes, at least two of which stay. */
function sharing(memory: MemoryBudget, frameCount = 0) {
  const backlog = new AudioBacklog(memory, { bytesMax: 1000, bytesMin: 20 });
  for (let count = 0; count < frameCount; count += 1) backlog.append(frame(10));
  return backlog;
}

test("[R12] takes what it keeps from the memory of the process, and gives it back", () => {
  const memory = plenty();
  const backlog = sharing(memory, 5);
  expect(memory.used).toBe(costOf(5));
  backlog.release(29);
  expect(memory.used).toBe(costOf(3));
  backlog.append(frame(10));
  expect(memory.used).toBe(costOf(4));
  backlog.clear();
  expect(memory.used).toBe(0);
  backlog.clear();
  expect(memory.used).toBe(0);
  backlog.append(frame(10));
  expect(memory.used).toBe(costOf(1));
});

test("[R12] gives back what its own bound pushes out, and a frame that is larger than it", () => {
  const memory = plenty();
  const backlog = sharing(memory, 150);
  expect(memory.used).toBe(costOf(100));
  backlog.append(frame(1001));
  expect([backlog.start, backlog.end, memory.used]).toEqual([2501, 2501, 0]);
});

test("[R12] drops its oldest frames, one for one, while the memory is exhausted", () => {
  const memory = new MemoryBudget(costOf(6));
  const other = sharing(memory, 3);
  const backlog = sharing(memory, 3);
  expect([other.start, backlog.start]).toEqual([0, 0]);
  backlog.append(frame(10));
  expect([backlog.start, backlog.end]).toEqual([10, 40]);
  expect(memory.used).toBe(costOf(6));
  // Nobody loses audio for another one's frame while he sends none himself.
  expect(other.start).toBe(0);
  other.append(frame(10));
  expect([other.start, other.end]).toEqual([10, 40]);
});

test("[R12] keeps its least, whatever others have taken", () => {
  const memory = new MemoryBudget(costOf(1));
  memory.take(costOf(1));
  const backlog = sharing(memory, 50);
  expect([backlog.start, backlog.end]).toEqual([480, 500]);
  const large = new AudioBacklog(memory, { bytesMax: 1000, bytesMin: 20 });
  large.append(frame(500));
  expect(large.start).toBe(0);
  memory.give(costOf(1));
  for (const one of [backlog, large]) one.clear();
  expect(memory.used).toBe(0);
});

test("[R12] many backlogs of one memory stay within it and their least, and leave nothing behind", () => {
  const random = seededRandom("audio-backlogs of one memory");
  for (let run = 0; run < 100; run += 1) {
    const bytesMin = random.whole(0, 100);
    const bytesMax = random.whole(bytesMin, 3000);
    const frameBytesMax = random.whole(1, 100);
    const memory = new MemoryBudget(random.whole(1, 40) * FRAME_OVERHEAD_BYTES);
    const backlogs = Array.from(
      { length: random.whole(1, 8) },
      () => new AudioBacklog(memory, { bytesMax, bytesMin }),
    );
    for (let step = random.whole(0, 400); step > 0; step -= 1) {
      const backlog = random.pick(backlogs);
      const before = backlog.start;
      backlog.append(frame(random.whole(1, frameBytesMax)));
      const kept = backlog.end - backlog.start;
      expect(kept).toBeLessThanOrEqual(bytesMax);
      // While the memory is exhausted, nothing is left that could be spared.
      if (memory.isExhausted) expect(kept).toBeLessThan(Math.max(bytesMin, 1) + frameBytesMax);
      const leastAfterDrop = Math.min(bytesMin, bytesMax - frameBytesMax);
      if (before < backlog.start) expect(kept).toBeGreaterThanOrEqual(leastAfterDrop);
      if (random.next() < 0.2) backlog.release(random.whole(backlog.start, backlog.end));
      if (random.next() < 0.05) backlog.clear();
    }
    for (const backlog of backlogs) backlog.clear();
    expect(memory.used).toBe(0);
  }
});
