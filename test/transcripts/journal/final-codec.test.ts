import { describe, expect, test } from "bun:test";
import { decodeFinal, encodeFinal } from "../../../src/transcripts/journal/final-codec.ts";
import { final } from "../../support/actors/doubles/numbered-finals.ts";

const TEXTS = {
  "an emoji": "🎙️ 👩‍👩‍👧",
  "a NUL": "a\u0000b",
  "half of a surrogate pair": "a\uD83Cb",
  "quotes and breaks": `"\\\n\r\t\u2028'`,
  "a decomposed letter": "e\u0301",
  nothing: "",
};

describe("a final that is written down", () => {
  test.each(Object.entries(TEXTS))("comes back as it was, with %s in its texts", (_, text) => {
    const written = final(1, {
      sessionSlug: `slug${text}`,
      identity: `identity${text}`,
      name: `name${text}`,
      utteranceKey: `key${text}`,
      translationOf: `original${text}`,
      text,
      language: `language${text}`,
    });
    expect(decodeFinal(encodeFinal(written))).toStrictEqual(written);
  });

  test("is one flat object, member for member as other builds write and read it", () => {
    expect(encodeFinal(final(1, { translationOf: "provider-1:0" }))).toBe(
      '{"sessionSlug":"standup","identity":"host","name":"Ada","utteranceKey":"provider-1:1",' +
        '"translationOf":"provider-1:0","text":"spoken 1","language":"en","confidence":0.9,' +
        '"startedAt":1,"endedAt":2}',
    );
  });

  test("keeps what it does not know unknown, and its times to the millisecond", () => {
    const written = final(1, {
      language: undefined,
      confidence: undefined,
      startedAt: new Date("1969-12-31T23:59:59.999Z"),
      endedAt: new Date("2026-01-02T03:04:05.678Z"),
    });
    expect(decodeFinal(encodeFinal(written))).toStrictEqual(written);
  });

  test("is no translation where an earlier build wrote it, which knew none", () => {
    const written =
      '{"sessionSlug":"standup","identity":"host","name":"Ada","utteranceKey":"provider-1:1",' +
      '"text":"spoken 1","language":"en","confidence":0.9,"startedAt":1,"endedAt":2}';
    expect(decodeFinal(written)).toStrictEqual(final(1));
  });

  test("keeps an invalid time invalid, for the database to refuse", () => {
    const decoded = decodeFinal(encodeFinal(final(1, { startedAt: new Date(Number.NaN) })));
    expect(decoded?.transcript.startedAt.getTime()).toBeNaN();
    expect(decoded?.transcript.endedAt).toEqual(new Date(2));
  });

  test("may have members that a later build adds", () => {
    const written = JSON.stringify({ ...JSON.parse(encodeFinal(final(1))), mood: "fine" });
    expect(decodeFinal(written)).toStrictEqual(final(1));
  });

  test("is undefined once a member is missing or of another kind", () => {
    const members: object = JSON.parse(encodeFinal(final(1, { translationOf: "provider-1:0" })));
    const accepted = Object.keys(members).filter(
      (name) => decodeFinal(JSON.stringify({ ...members, [name]: ["another"] })) !== undefined,
    );
    expect(accepted).toEqual([]);
    const optional = Object.keys(members).filter(
      (name) => decodeFinal(JSON.stringify({ ...members, [name]: undefined })) !== undefined,
    );
    expect(optional).toEqual(["translationOf", "language", "confidence"]);
  });

  test.each(["", "null", "7", '"text"', "[]", '{"text":', "\u0000"])(
    "is undefined where %j stands instead",
    (body) => {
      expect(decodeFinal(body)).toBeUndefined();
    },
  );
});
