import { expect, test } from "bun:test";
import { toTextArray } from "../../src/database/text-array.ts";

test("writes an array as PostgreSQL reads it", () => {
  expect(toTextArray([])).toBe("{}");
  expect(toTextArray(["a", "", "NULL", null])).toBe('{"a","","NULL",NULL}');
  expect(toTextArray([0.93, 1e-7, null])).toBe("{0.93,1e-7,NULL}");
});

test("what an element holds cannot end it", () => {
  expect(toTextArray(['"', "\\", '\\"', "},{,", " \n\t"])).toBe(
    `{"\\"","\\\\","\\\\\\"","},{,"," \n\t"}`,
  );
});
