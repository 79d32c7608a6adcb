import { expect, test } from "bun:test";
import { Watched } from "../../src/kernel/watched.ts";

function setup() {
  const told: string[] = [];
  const errors: unknown[] = [];
  const watched = new Watched({ onFailed: (error) => errors.push(error) }, 0);
  const watch = (name: string) => watched.watch((value) => told.push(`${name} ${value}`));
  return { watched, watch, told, errors };
}

test("tells changes alone, at once, in the order in which its watchers came", () => {
  const { watched, watch, told } = setup();
  watched.set(1);
  watch("first");
  watch("second");
  expect(told).toEqual([]);
  for (const value of [1, 2, 2, 3]) watched.set(value);
  expect(told).toEqual(["first 2", "second 2", "first 3", "second 3"]);
  expect(watched.value).toBe(3);
});

test("has its new value when it tells", () => {
  const { watched } = setup();
  const seen: number[] = [];
  watched.watch(() => seen.push(watched.value));
  watched.set(1);
  expect(seen).toEqual([1]);
});

test("tells nobody any more who has ceased to watch, and each watch ends alone", () => {
  const { watched, watch, told } = setup();
  const end = watch("first");
  watch("second");
  end();
  end();
  watched.set(1);
  expect(told).toEqual(["second 1"]);
  const tell = (value: number) => void told.push(`twice ${value}`);
  const endOne = watched.watch(tell);
  watched.watch(tell);
  endOne();
  watched.set(2);
  expect(told.slice(1)).toEqual(["second 2", "twice 2"]);
});

test("[R24] a watcher that throws keeps neither the others from hearing nor the value from changing", () => {
  const { watched, watch, told, errors } = setup();
  const bug = new Error("the test broke a watcher");
  watch("before");
  watched.watch(() => {
    throw bug;
  });
  watch("behind");
  watched.set(1);
  expect(told).toEqual(["before 1", "behind 1"]);
  expect(errors).toEqual([bug]);
  expect(watched.value).toBe(1);
});
