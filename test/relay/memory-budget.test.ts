import { expect, test } from "bun:test";
import { MemoryBudget } from "../../src/relay/memory-budget.ts";

test("[R12] counts what is taken and given, is tight from four fifths on, and exhausted beyond its limit", () => {
  const memory = new MemoryBudget(1000);
  const state = () => [memory.used, memory.isTight, memory.isExhausted];
  expect(state()).toEqual([0, false, false]);
  memory.take(799);
  expect(state()).toEqual([799, false, false]);
  memory.take(1);
  expect(state()).toEqual([800, true, false]);
  memory.take(200);
  expect(state()).toEqual([1000, true, false]);
  memory.take(1);
  expect(state()).toEqual([1001, true, true]);
  memory.give(202);
  expect(state()).toEqual([799, false, false]);
  expect(memory.limit).toBe(1000);
});

test("does not take back more than was taken: somebody counts wrongly", () => {
  const memory = new MemoryBudget(1000);
  memory.take(10);
  expect(() => memory.give(11)).toThrow("expected no more memory to come back than was taken");
});
