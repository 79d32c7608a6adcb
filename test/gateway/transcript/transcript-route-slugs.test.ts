import { expect, test } from "bun:test";
import { sign } from "../../support/actors/clients/tokens.ts";
import { bearer } from "../../support/probes/answers.ts";
import { GatewayStage } from "../../support/stages/gateway-stage.ts";

const DOTS = ["...", ". ", " .", "../..", "./", "..\\", ".;", "%2e", "%2E%2E", "..%2F"];
const SIGNS = [
  "%",
  "%00",
  "%2F",
  "a/b",
  "//",
  "a\\b",
  "?",
  "#",
  "a?b#c",
  ";",
  "&=",
  "+",
  " ",
  " a ",
];
const QUOTES = ["~", ":", "@", "'", '"', "<>", "[]", "*", "-", "--"];
const SCRIPTS = [
  "\u200B",
  "\uFEFF",
  "\uFEFFa",
  "\u2028",
  "\u202E",
  "\uFFFF",
  "e\u0301",
  "é",
  "木下",
];

test.each([...DOTS, ...SIGNS, ...QUOTES, ...SCRIPTS, "🎙".repeat(128)])(
  "hands out the transcript of the call %p, as of every call that a token may name",
  async (slug) => {
    await using stage = new GatewayStage();
    stage.transcripts.stored.set(slug, [
      {
        utteranceKey: "provider-1:0",
        text: "good morning",
        language: "en",
        confidence: 0.9,
        speaker: { identity: "host", name: "Ada" },
        startedAt: new Date(1000),
        endedAt: new Date(2000),
      },
    ]);
    const token = bearer(await sign({ sessionSlug: slug }));
    for (const format of ["json", "txt"]) {
      const path = `/api/sessions/${encodeURIComponent(slug)}/transcript?format=${format}`;
      const answer = await stage.get(path, token);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain("good morning");
    }
  },
);
