/** Values that parsers have stumbled over, and ways to break good ones. */
import type { Draw } from "../../speech/chaos/draw.ts";

export const ODD_NUMBERS = [
  "0",
  "-0",
  "-1",
  "1e309",
  "1e-400",
  "NaN",
  "Infinity",
  "0x10",
  "1_000",
  "9007199254740993",
  "18446744073709551616",
  "9".repeat(400),
  "1.7976931348623157e308",
  "٣",
  " 1",
  "+1",
  "1e1",
  "",
];

export const ODD_TEXTS = [
  "",
  " ",
  "\0",
  "null",
  "undefined",
  "true",
  "[object Object]",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "../../etc/passwd",
  "..\\..\\x",
  "%",
  "%00",
  "%zz",
  "%ff",
  "%c0%af",
  "%u0041",
  "${7*7}",
  "{{7*7}}",
  "'; DROP TABLE x;--",
  "<script>",
  "\r\nX-Injected: 1",
  "\u202E",
  "\uFEFF",
  "é",
  "e\u0301",
  "👩‍👩‍👧",
  "a".repeat(300),
  "a".repeat(5000),
  "💥".repeat(200),
];

export function drawOddText(draw: Draw): string {
  return draw.chance(0.3) ? draw.pick(ODD_NUMBERS) : draw.pick(ODD_TEXTS);
}

/** Changes one to four places: characters go, come, double or turn into others. */
export function mutate(draw: Draw, text: string): string {
  let mutated = text;
  for (let count = draw.whole(1, 4); count > 0; count -= 1) {
    const at = draw.whole(0, mutated.length);
    const [head, tail] = [mutated.slice(0, at), mutated.slice(at)];
    mutated = draw.pick([
      () => head + tail.slice(1),
      () => head + String.fromCodePoint(draw.whole(0, 255)) + tail,
      () => head + String.fromCodePoint(draw.whole(32, 126)) + tail.slice(1),
      () => head + tail.slice(0, 8) + tail,
      () => head,
    ])();
  }
  return mutated;
}

/** What a header can carry: bytes, no line's end. */
export function toHeaderValue(text: string): string {
  return Buffer.from(text)
    .toString("latin1")
    .replaceAll(/[\0\r\n]/g, "");
}

/** What a request's target can carry. Percent signs stay, so that wrong escapes stay wrong. */
export function toQueryValue(draw: Draw, text: string): string {
  const isRaw = /^[\w.~%+-]*$/.test(text) && draw.chance(0.7);
  return isRaw ? text : encodeURIComponent(text.toWellFormed());
}
