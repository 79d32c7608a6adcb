import { expect, test } from "bun:test";
import { ReadSlots } from "../../../src/gateway/transcript/read-slots.ts";
import { fakeTime } from "../../support/probes/fake-time.ts";

/** Reads that end when they are told to. */
function stage(options: { runningMax: number; waitingMax: number; limitMs: number }) {
  const slots = new ReadSlots(options);
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  return {
    begun,
    read: (name: string) =>
      slots.run("the read", () => {
        begun.push(name);
        const ended = Promise.withResolvers<string>();
        ends.set(name, ended);
        return ended.promise;
      }),
    end: (name: string) => ends.get(name)!.resolve(name),
    fail: (name: string) => ends.get(name)!.reject(new Error(name)),
  };
}

const codeOf = (error: unknown) => (error as { code: string }).code;

test("runs so many at once, and the others in the order in which they came", async () => {
  using time = fakeTime();
  const { begun, read, end, fail } = stage({ runningMax: 2, waitingMax: 3, limitMs: 1000 });
  const reads = ["a", "b", "c", "d", "e"].map((name) => read(name).catch(String));
  await time.settle();
  expect(begun).toEqual(["a", "b"]);
  end("b");
  await time.settle();
  expect(begun).toEqual(["a", "b", "c"]);
  fail("a");
  end("c");
  await time.settle();
  expect(begun).toEqual(["a", "b", "c", "d", "e"]);
  end("e");
  end("d");
  expect(await Promise.all(reads)).toEqual(["Error: a", "b", "c", "d", "e"]);
});

test("turns away whoever comes while the line is full, and takes the next one again", async () => {
  using time = fakeTime();
  const { begun, read, end } = stage({ runningMax: 1, waitingMax: 1, limitMs: 1000 });
  const reads = [read("a"), read("b")];
  expect(await read("c").catch(codeOf)).toBe("capacity-exhausted");
  await time.settle();
  end("a");
  await time.settle();
  reads.push(read("d"));
  await time.settle();
  end("b");
  await time.settle();
  end("d");
  expect(await Promise.all(reads)).toEqual(["a", "b", "d"]);
  expect(begun).toEqual(["a", "b", "d"]);
});

test("gives up when time is up: in line at once, while it runs with its slot until it ends", async () => {
  using time = fakeTime();
  const { begun, read, end } = stage({ runningMax: 1, waitingMax: 1, limitMs: 1000 });
  const slow = read("slow").catch(codeOf);
  const waiting = read("waiting").catch(codeOf);
  await time.advance(1000);
  expect([await slow, await waiting]).toEqual(["deadline-exceeded", "deadline-exceeded"]);
  const next = read("next");
  await time.settle();
  expect(begun).toEqual(["slow"]);
  end("slow");
  await time.settle();
  expect(begun).toEqual(["slow", "next"]);
  end("next");
  expect(await next).toBe("next");
});
