import { expect, test } from "bun:test";
import {
  collapseSpace,
  NARROW_UNITS,
  unitsOf,
  wrapLines,
} from "../../src/captions/caption-lines.ts";

const widths = (text: string) => wrapLines(text).map((line) => unitsOf(line) / NARROW_UNITS);

test("fills lines of 42 Latin letters, and breaks them at spaces", () => {
  expect(wrapLines("a".repeat(42))).toEqual(["a".repeat(42)]);
  expect(wrapLines(`${"a".repeat(20)} ${"b".repeat(21)}`)).toHaveLength(1);
  expect(wrapLines(`${"a".repeat(20)} ${"b".repeat(22)}`)).toEqual([
    "a".repeat(20),
    "b".repeat(22),
  ]);
  expect(wrapLines("é".repeat(42))).toHaveLength(1);
});

test("makes one line of whatever space and control characters there are, and none of nothing", () => {
  expect(wrapLines(" a\r\n\t\u2028b\0\u0085\u001bc\u3000\ufeff ")).toEqual(["a b c"]);
  expect(collapseSpace("\n a\n\n b ")).toBe("a b");
  for (const blank of ["", " ", "\n", "\0", "\u2029\u00a0"]) expect(wrapLines(blank)).toEqual([]);
});

test("puts 16 East Asian characters on a line, and as many emoji", () => {
  for (const character of ["木", "か", "한", "Ａ", "👩‍👩‍👧", "🎙️"]) {
    expect(wrapLines(character.repeat(16))).toHaveLength(1);
    expect(wrapLines(character.repeat(17))).toHaveLength(2);
  }
  expect(wrapLines("ｶﾅ".repeat(21))).toHaveLength(1);
});

test("breaks scripts without spaces between words, and keeps punctuation with its word", () => {
  const japanese =
    "昨日、新しい検索ページを完成させました。「今日」は、遅い質問を調べます！ほかに、何もありません。";
  for (let start = 0; start < 20; start += 1) {
    const lines = wrapLines(japanese.slice(start));
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.join("")).toBe(japanese.slice(start));
    for (const line of lines.slice(1)) expect(line).not.toMatch(/^[、。」！]/);
    for (const line of lines) expect(line).not.toEndWith("「");
  }
  const thai = "สวัสดีครับวันนี้อากาศดีมากเราจะไปเที่ยวกันที่ทะเลแล้วกลับบ้านตอนเย็น";
  const lines = wrapLines(thai);
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.join("")).toBe(thai);
});

test("adds no space where words of different scripts meet", () => {
  expect(wrapLines("Ada: 你好Hello世界 again")).toEqual(["Ada: 你好Hello世界 again"]);
});

test("cuts a word that is too long between what people see as characters", () => {
  const url = `https://example.com/${"path/".repeat(20)}`;
  expect(wrapLines(url).join("")).toBe(url);
  expect(Math.max(...widths(url))).toBe(42);
  const accented = "e\u0301".repeat(100);
  expect(wrapLines(accented).map((line) => line.length)).toEqual([84, 84, 32]);
});

test("leaves text from right to left in the order in which it is read", () => {
  const hebrew = "בוקר טוב לכולם וברוכים הבאים לשיחה היומית שלנו היום";
  expect(wrapLines(hebrew).join(" ")).toBe(hebrew);
  expect(wrapLines(hebrew)).toHaveLength(2);
});

test("takes characters without width for narrow ones: no line is endless", () => {
  expect(wrapLines("\u200b".repeat(100))).toHaveLength(3);
});
