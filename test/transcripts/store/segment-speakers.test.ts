import { expect, test } from "bun:test";
import { speakerKey } from "../../../src/transcripts/store/segment-speakers.ts";

const key = (sessionSlug: string, identity: string) =>
  speakerKey({ sessionSlug, identity, name: "Ada" });

test("[R8] tells speakers apart whose names make the same text together", () => {
  const keys = [
    key("standup", "host"),
    key("standuph", "ost"),
    key("", "standuphost"),
    key("standuphost", ""),
    key("1 1 a", "a"),
    key("1", "1 aa"),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

test("[R8] takes speakers for one whom the database cannot tell apart", () => {
  // Half of a surrogate pair is stored as U+FFFD.
  expect(key("a\ud800", "b\udbff")).toBe(key("a\udbff", "b\ufffd"));
  expect(speakerKey({ sessionSlug: "a", identity: "b", name: "Ada" })).toBe(
    speakerKey({ sessionSlug: "a", identity: "b", name: "Countess of Lovelace" }),
  );
});
