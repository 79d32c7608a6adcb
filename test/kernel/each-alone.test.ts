import { expect, test } from "bun:test";
import { eachAlone } from "../../src/kernel/each-alone.ts";

test("[R24] one that fails takes nobody's turn away, also where it leaves the set meanwhile", () => {
  const items = new Set([1, 2, 3]);
  const done: number[] = [];
  const failed: unknown[] = [];
  const bug = new Error("the test broke it");
  eachAlone(
    items,
    (item) => {
      if (item === 2) throw bug;
      done.push(item);
    },
    (item, error) => {
      items.delete(item);
      failed.push([item, error]);
    },
  );
  expect(done).toEqual([1, 3]);
  expect(failed).toEqual([[2, bug]]);
});
