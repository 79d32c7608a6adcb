import { expect, test } from "bun:test";
import { createEntityTag, hasVersion } from "../../../src/gateway/transcript/entity-tag.ts";

const tag = createEntityTag("good morning");

test("makes one strong tag of one body", () => {
  expect(tag).toMatch(/^"[\w-]{22}"$/);
  expect(createEntityTag("good morning")).toBe(tag);
  expect(createEntityTag("good morning.")).not.toBe(tag);
});

test.each([
  ["the tag", tag],
  ["the tag made weak", `W/${tag}`],
  ["any version", "*"],
  ["any version, with space around", " * "],
  ["a list that ends with the tag", `"a", W/"b,c" ,${tag}`],
  ["a list that begins with the tag", `${tag},"a"`],
  ["a list with empty members", `, ,${tag},, `],
  ["a list of odd tags", `"", "\\", "é", ${tag}`],
])("finds its version in %s", (_, value) => {
  expect(hasVersion(value, tag)).toBe(true);
});

test.each([
  ["nothing", null],
  ["an empty value", ""],
  ["commas", ", ,"],
  ["another tag", '"a"'],
  ["the tag inside another one", `"x${tag.slice(1)}`],
  ["the tag without quotes", tag.slice(1, -1)],
  ["a tag made weak by a small letter", `w/${tag}`],
  ["two tags without a comma", `"a" ${tag}`],
  ["a star in a list", `*, "a"`],
  ["a quote that is never closed", `"a, ${tag}`],
  ["the tag with dust behind it", `${tag}x`],
  ["a space inside a tag", `" ", ${tag}`],
])("finds its version not in %s", (_, value) => {
  expect(hasVersion(value, tag)).toBe(false);
});

test("reads a long value in one go", () => {
  expect(hasVersion(`${'"a",'.repeat(5000)}${tag}`, tag)).toBe(true);
  expect(hasVersion(`${'"a" ,\t'.repeat(5000)}x`, tag)).toBe(false);
});
