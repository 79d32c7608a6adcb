import { expect, test } from "bun:test";
import { GladiaAcknowledgements } from "../../../src/speech/gladia/acknowledgements.ts";

/** What the provider has after each of these ranges. */
function readAll(bytesPerSample: number, ...ranges: [from: number, to: number][]): number[] {
  const acknowledgements = new GladiaAcknowledgements(bytesPerSample);
  return ranges.map(([from, to]) => acknowledgements.read(from, to));
}

test("[R11] counts up to the end of a range that does not hold it", () => {
  expect(readAll(2, [0, 3200], [3200, 6400], [6400, 6404])).toEqual([3200, 6400, 6404]);
});

test("[R11] counts the end of a range that holds it, from the first whole sample on", () => {
  expect(readAll(2, [0, 3199], [3200, 6399], [6400, 6403])).toEqual([3200, 6400, 6404]);
});

test("[R11] with samples of one byte, a range that begins after the last one's end shows it", () => {
  expect(readAll(1, [0, 1599], [1600, 3199], [3200, 3203])).toEqual([1599, 3200, 3204]);
  expect(readAll(1, [0, 1600], [1600, 3200], [3200, 3203])).toEqual([1600, 3200, 3203]);
});

test("[R11] takes the acknowledgement of an empty frame for no sign of either", () => {
  expect(readAll(2, [0, 0], [0, 3200], [3200, 3200], [3200, 6400])).toEqual([0, 3200, 3200, 6400]);
});
