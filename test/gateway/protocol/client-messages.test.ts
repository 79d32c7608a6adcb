import { expect, test } from "bun:test";
import {
  CONTROL_MESSAGE_BYTES_MAX,
  parseClientMessage,
} from "../../../src/gateway/protocol/client-messages.ts";

test("reads the two messages of a client, and ignores what else they hold", () => {
  expect(parseClientMessage('{"type":"stop","because":1}')).toEqual({
    ok: true,
    value: { type: "stop" },
  });
  expect(parseClientMessage('{"token":"a.b.c","type":"refresh"}')).toEqual({
    ok: true,
    value: { type: "refresh", token: "a.b.c" },
  });
});

const SECRET = "eyJhbGciOiJIUzI1NiJ9";

const HOSTILE = [
  "",
  SECRET,
  `{"type":"refresh","token":"${SECRET}"`,
  "null",
  "[]",
  '"stop"',
  "{}",
  '{"type":null}',
  '{"type":"STOP"}',
  `{"type":"refresh"}`,
  `{"type":"refresh","token":""}`,
  `{"type":"refresh","token":["${SECRET}"]}`,
  `{"type":"${SECRET}"}`,
  `{"__proto__":{"type":"stop"}}`,
  `{"type":"stop","x":"${SECRET.repeat(CONTROL_MESSAGE_BYTES_MAX / 20)}"}`,
  "[".repeat(10_000),
];

test("refuses everything else, says what it expected, and does not quote what came", () => {
  for (const text of HOSTILE) {
    const parsed = parseClientMessage(text);
    expect(parsed).toMatchObject({ ok: false, problem: expect.stringMatching(/^expected /) });
    expect(JSON.stringify(parsed)).not.toContain(SECRET);
  }
});

test("takes a token as long as a control message may be", () => {
  const wrapped = (length: number) => `{"type":"refresh","token":"${"x".repeat(length)}"}`;
  const longest = CONTROL_MESSAGE_BYTES_MAX - wrapped(0).length;
  expect(parseClientMessage(wrapped(longest)).ok).toBe(true);
  expect(parseClientMessage(wrapped(longest + 1)).ok).toBe(false);
});
