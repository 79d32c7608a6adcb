import { expect, test } from "bun:test";
import { classifyClose } from "../../../src/speech/gladia/close-classes.ts";

test.each([1001, 1002, 1006, 1009, 1011, 1012, 3008, 4000, 4399, 4500, 4999])(
  "[R11] after %i the session lives on: its URL is opened again",
  (code) => {
    expect(classifyClose(code)).toBe("resume");
  },
);

test.each([1000, 4400, 4403, 4409, 4499])(
  "[R11] after %i the session is over: another one is asked for",
  (code) => {
    expect(classifyClose(code)).toBe("replace");
  },
);
