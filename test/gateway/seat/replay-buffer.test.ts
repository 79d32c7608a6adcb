import { expect, test } from "bun:test";
import { ReplayBuffer } from "../../../src/gateway/seat/replay-buffer.ts";
import { MemoryBudget } from "../../../src/relay/memory-budget.ts";
import type { Transcript } from "../../../src/relay/ports.ts";

const memory = new MemoryBudget(100_000_000);

/** 1 KiB of message; 64 of them fill the buffer. */
const MESSAGE = "x".repeat(1024);

function filled(count: number): ReplayBuffer {
  const buffer = new ReplayBuffer(memory);
  for (let seq = 1; seq <= count; seq += 1) buffer.keep(seq, MESSAGE, `key-${seq}`);
  return buffer;
}

test("[R21] gives what came after a number, in order, and nothing else", () => {
  const buffer = filled(5);
  const { held, forgotten, unknownCount } = buffer.since(2);
  expect(held.map(({ seq }) => seq)).toEqual([3, 4, 5]);
  expect(forgotten).toEqual([]);
  expect(unknownCount).toBe(0);
  expect(buffer.since(5)).toEqual({ held: [], forgotten: [], unknownCount: 0 });
});

test("[R21] of a final that it holds no longer it knows the number and the key", () => {
  const { held, forgotten } = filled(70).since(3);
  expect(forgotten).toEqual([
    { seq: 4, utteranceKey: "key-4" },
    { seq: 5, utteranceKey: "key-5" },
    { seq: 6, utteranceKey: "key-6" },
  ]);
  expect(held.map(({ seq }) => seq)).toEqual(Array.from({ length: 64 }, (_, index) => index + 7));
});

test("what has no key is not missed once it is forgotten", () => {
  const buffer = new ReplayBuffer(memory);
  buffer.keep(1, MESSAGE, undefined);
  for (let seq = 2; seq <= 66; seq += 1) buffer.keep(seq, MESSAGE, undefined);
  expect(buffer.since(0)).toMatchObject({ forgotten: [], unknownCount: 0 });
});

test("[R21] beyond all bounds it still says how many are missing, and to whom", () => {
  const buffer = filled(64 + 2048 + 10);
  expect(buffer.since(0).unknownCount).toBe(10);
  expect(buffer.since(9).unknownCount).toBe(10);
  expect(buffer.since(10).unknownCount).toBe(0);
});

test("[R23] what it keeps is taken from the memory of all sessions, within its bounds, and given back", () => {
  const own = new MemoryBudget(100_000_000);
  const buffer = new ReplayBuffer(own);
  for (let seq = 1; seq <= 3000; seq += 1) buffer.keep(seq, MESSAGE, `key-${seq}`);
  expect(own.used).toBe(65_536 + 2048 * 100);
  buffer.clear();
  expect(own.used).toBe(0);
});

const partial = (utteranceKey: string, text: string): Transcript => ({
  utteranceKey,
  translationOf: undefined,
  text,
  isFinal: false,
  startedAt: new Date(0),
  endedAt: new Date(1000),
  language: undefined,
  confidence: undefined,
});

const textsOf = (buffer: ReplayBuffer) => Array.from(buffer.openPartials, ({ text }) => text);

test("[R22] of each open utterance it has the latest partial, until the utterance has its final", () => {
  const buffer = new ReplayBuffer(memory);
  buffer.keepPartial(partial("a", "a one"));
  buffer.keepPartial(partial("b", "b one"));
  buffer.keepPartial(partial("a", "a two"));
  expect(textsOf(buffer)).toEqual(["a two", "b one"]);
  buffer.dropPartial("a");
  expect(textsOf(buffer)).toEqual(["b one"]);
  buffer.clear();
  expect(textsOf(buffer)).toEqual([]);
});

test("[R22] where utterances never get a final, it has the sixteen that were opened last", () => {
  const buffer = new ReplayBuffer(memory);
  for (let index = 0; index < 20; index += 1)
    buffer.keepPartial(partial(`key-${index}`, `${index}`));
  expect(textsOf(buffer)).toEqual(Array.from({ length: 16 }, (_, index) => `${index + 4}`));
});
