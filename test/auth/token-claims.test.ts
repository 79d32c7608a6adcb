import { expect, test } from "bun:test";
import { createTokenVerifier } from "../../src/auth/token-verifier.ts";
import { refusal, secret, sign } from "../support/actors/clients/tokens.ts";

const verifier = createTokenVerifier({ secret });

for (const claim of ["sub", "sessionSlug", "identity"]) {
  test(`refuses a token whose ${claim} is missing, empty, too long or no printable text`, async () => {
    const unfit = [
      undefined,
      null,
      "",
      7,
      {},
      ["host"],
      "x".repeat(257),
      "a\nb",
      "\u0000",
      "\u0085",
      "\uD800",
    ];
    for (const value of unfit) {
      const error = await refusal(verifier, await sign({ [claim]: value }));
      expect(error.code).toBe("token-invalid");
      expect(error.message).toContain(`"${claim}"`);
    }
  });
}

for (const claim of ["name", "sessionId"]) {
  test(`refuses a token whose ${claim} is present but no printable text`, async () => {
    for (const value of [null, 7, "x".repeat(257), "a\r\nb"]) {
      const error = await refusal(verifier, await sign({ [claim]: value }));
      expect(error.code).toBe("token-invalid");
      expect(error.message).toContain(`"${claim}"`);
    }
  });
}

test.each([".", ".."])("refuses the call %p, which no URL can name", async (sessionSlug) => {
  const error = await refusal(verifier, await sign({ sessionSlug }));
  expect(error.code).toBe("token-invalid");
  expect(error.message).toBe(
    'expected the claim "sessionSlug" to be a text of at most 256 characters without control ' +
      'characters, not empty, neither "." nor "..", which no URL can name, got ' +
      `${sessionSlug.length} characters`,
  );
  expect((await verifier.verify(await sign({ identity: sessionSlug }))).speaker.identity).toBe(
    sessionSlug,
  );
});

test("accepts claims at their longest, in any script", async () => {
  const identity = "é".repeat(256);
  const verified = await verifier.verify(await sign({ identity, name: "木下 🎙️", sessionId: "s" }));
  expect(verified.speaker.identity).toBe(identity);
  expect(verified.speaker.name).toBe("木下 🎙️");
});

test("says which claim and what was expected", async () => {
  const error = await refusal(verifier, await sign({ identity: "x".repeat(300) }));
  expect(error.message).toBe(
    'expected the claim "identity" to be a text of at most 256 characters ' +
      "without control characters, not empty, got 300 characters",
  );
});

test("[R23] refuses a token without an end, or with one that is no time", async () => {
  for (const exp of [undefined, "tomorrow", null, 1e300]) {
    // The signer's own types do not let a wrong `exp` through.
    const token = await sign({ exp } as { exp: number });
    const error = await refusal(verifier, token);
    expect(error.code).toBe("token-invalid");
    expect(error.message).toContain('"exp"');
  }
});

test("reads what the issuer decides about recognition, by the claim stt", async () => {
  const stt = {
    preset: "meeting",
    language: ["en", "fr"],
    vocabulary: ["Stenogate", { value: "Żabka", language: "pl" }],
    translate: [],
  };
  const verified = await verifier.verify(await sign({ stt }));
  expect(verified.recognitionChoices).toStrictEqual({
    endpointingSeconds: 0.4,
    utteranceSecondsMax: 15,
    languages: ["en", "fr"],
    vocabulary: [{ value: "Stenogate" }, { value: "Żabka", language: "pl" }],
    translation: undefined,
  });
  for (const nothing of [undefined, {}]) {
    const plain = await verifier.verify(await sign({ stt: nothing }));
    expect(plain.recognitionChoices).toEqual({});
  }
});

test("refuses a token whose stt is no object", async () => {
  for (const stt of [null, "meeting", 7, [], ["preset"]]) {
    const error = await refusal(verifier, await sign({ stt }));
    expect(error.code).toBe("token-invalid");
    expect(error.message).toContain('"stt" to be absent or an object');
  }
});

test("refuses a token whose stt has a wrong member, and names it", async () => {
  const wrong: readonly (readonly [name: string, value: unknown])[] = [
    ["preset", "Meetings"],
    ["language", "en"],
    ["endpointing", "0.3"],
    ["max_utterance", null],
    ["vocabulary", [{ value: "Stenogate", intensity: 2 }]],
    ["translate", ["unknown"]],
  ];
  for (const [name, value] of wrong) {
    const error = await refusal(verifier, await sign({ stt: { [name]: value } }));
    expect(error.code).toBe("token-invalid");
    expect(error.message).toStartWith(`claim "stt": expected ${name} to be `);
  }
});

test("refuses a token whose stt has a misspelt member, rather than pass it over", async () => {
  for (const name of ["endpoiting", "codeSwitching", "sample_rate", "toString"]) {
    const error = await refusal(verifier, await sign({ stt: { [name]: 1 } }));
    expect(error.message).toContain('"stt" to have members of preset, language, code_switching,');
  }
});
