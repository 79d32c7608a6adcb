import { expect, test } from "bun:test";
import { LruCache } from "../../src/kernel/lru-cache.ts";

test("[R8] forgets what was neither read nor written for longest", () => {
  const cache = new LruCache<string, number>(3);
  for (const [index, key] of ["a", "b", "c"].entries()) cache.set(key, index);
  cache.get("a");
  cache.set("b", 7);
  cache.set("d", 3);
  expect(cache.size).toBe(3);
  expect(cache.get("c")).toBeUndefined();
  expect([cache.get("a"), cache.get("b"), cache.get("d")]).toEqual([0, 7, 3]);
});

test("replaces a value without growing", () => {
  const cache = new LruCache<string, number>(1);
  cache.set("a", 1);
  cache.set("a", 2);
  expect([cache.size, cache.get("a")]).toEqual([1, 2]);
});

test("keeps values that are false, and deletes and clears", () => {
  const cache = new LruCache<string, number | boolean>(5);
  cache.set("zero", 0);
  cache.set("no", false);
  expect([cache.get("zero"), cache.get("no")]).toEqual([0, false]);
  cache.delete("zero");
  cache.delete("never there");
  expect([cache.size, cache.get("zero")]).toEqual([1, undefined]);
  cache.clear();
  expect(cache.size).toBe(0);
});

test("must have room for something", () => {
  expect(() => new LruCache(0)).toThrow("expected a positive size, got 0");
});
