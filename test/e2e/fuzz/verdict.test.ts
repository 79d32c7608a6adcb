/** A verdict that finds nothing wrong in what is wrong would prove nothing. */
import { expect, test } from "bun:test";
import type { Goodbye, Sighting, SocketSighting } from "./attack.ts";
import { judgeCanary, judgeLog, judgeSighting, judgeVitals } from "./verdict.ts";
import { findUnrest, type Vitals } from "./vitals.ts";

const MIB = 1_048_576;

function closedWith(code: number | undefined, errors: string[], goodbye: Goodbye): SocketSighting {
  const closing = code === undefined ? undefined : { code, reason: "" };
  return { kind: "socket", status: 101, closing, goodbye, errors };
}

test.each<[string, Sighting]>([
  ["statuses of the set", { kind: "http", statuses: [200, 404, 431] }],
  ["silence", { kind: "http", statuses: [] }],
  ["an explained close", closedWith(4001, ["token-invalid"], { kind: "none" })],
  ["a close after a refresh that failed", closedWith(1000, ["token-invalid"], { kind: "none" })],
  ["Bun's own closes", closedWith(1002, ["token-invalid"], { kind: "none" })],
  ["a payload beyond Bun's limit", closedWith(1009, [], { kind: "none" })],
  ["an echoed close", closedWith(4567, [], { kind: "close", codes: [4567] })],
  ["no close frame for whoever left", closedWith(undefined, [], { kind: "abrupt" })],
  ["anything after garbage", closedWith(3333, [], { kind: "garbled" })],
])("%s: nothing is wrong", (_, sighting) => {
  expect(judgeSighting(sighting)).toEqual([]);
});

test.each<[string, Sighting]>([
  ["a status of a bug", { kind: "http", statuses: [200, 500] }],
  ["a handshake's status of a bug", { ...closedWith(1000, [], { kind: "none" }), status: 500 }],
  ["a close code of nobody", closedWith(1008, [], { kind: "none" })],
  ["a close code that was not sent", closedWith(4567, [], { kind: "close", codes: [4568] })],
  ["a close without its error", closedWith(4001, [], { kind: "none" })],
  ["a close with another error", closedWith(4001, ["frame-invalid"], { kind: "none" })],
  ["no close frame for whoever stayed", closedWith(undefined, [], { kind: "none" })],
])("%s is named", (_, sighting) => {
  expect(judgeSighting(sighting)).toHaveLength(1);
});

test("the log holds JSON without errors and tokens", () => {
  const fine = '{"level":"warn","msg":"The queue is long"}\n';
  expect(judgeLog(fine)).toEqual([]);
  expect(judgeLog('{"level":"error","msg":"A request failed on our side"}')).toHaveLength(1);
  expect(judgeLog("TypeError: undefined is not an object")).toHaveLength(1);
  expect(judgeLog('{"level":"info","msg":"eyJhbGciOiJIUzI1NiJ9.e30.AA"}')).toHaveLength(1);
});

test("the canary is shown what it said, in order, and all of it is stored", () => {
  const spoken = ["one", "two"];
  const fine = { closeCode: 1000, shown: spoken, spoken, stored: spoken };
  expect(judgeCanary(fine)).toEqual([]);
  expect(judgeCanary({ ...fine, closeCode: 1011 })).toHaveLength(1);
  for (const texts of [["one"], ["two", "one"], ["one", "two", "two"]]) {
    expect(judgeCanary({ ...fine, shown: texts })).toHaveLength(1);
    expect(judgeCanary({ ...fine, stored: texts })).toHaveLength(1);
  }
});

test("memory comes back, nothing is uncaught, and no gauge stays up", () => {
  const before = vitalsOf(100);
  expect(judgeVitals(before, vitalsOf(200))).toEqual([]);
  expect(judgeVitals(before, vitalsOf(300))).toHaveLength(2);
  expect(judgeVitals(before, vitalsOf(100, { stenogate_uncaught_errors_total: 1 }))).toHaveLength(
    1,
  );
  expect(judgeVitals(before, { ...before, figures: new Map() })).toHaveLength(1);
  expect(judgeVitals(before, { ...before, residentBytes: Number.NaN })).toHaveLength(1);
  expect(findUnrest(before)).toEqual([]);
  expect(findUnrest(vitalsOf(100, { stenogate_connections_active: 1 }))).toHaveLength(1);
});

function vitalsOf(mebibytes: number, figures: Record<string, number> = {}): Vitals {
  return {
    figures: new Map(Object.entries({ stenogate_uncaught_errors_total: 0, ...figures })),
    residentBytes: mebibytes * MIB,
    heapBytes: mebibytes * MIB,
    openFiles: 40,
  };
}
