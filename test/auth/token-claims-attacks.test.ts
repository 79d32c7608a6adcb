import { expect, test } from "bun:test";
import { createTokenVerifier } from "../../src/auth/token-verifier.ts";
import {
  nowSeconds,
  refusal,
  secret,
  sign,
  signRaw,
  validClaims,
} from "../support/actors/clients/tokens.ts";

const verifier = createTokenVerifier({ secret });

/** The valid claims, overruled by `members`. Both are JSON text, because JSON can hold what no JavaScript object can. */
async function signWith(members: string): Promise<string> {
  const valid = JSON.stringify({ ...validClaims(), exp: nowSeconds() + 3600 });
  return signRaw('{"alg":"HS256"}', `${valid.slice(0, -1)},${members}}`);
}

test("[R23] refuses an end that is no time, or none that a date can hold", async () => {
  const ends = [
    "1e999",
    "1e300",
    "8640000000001",
    '"4102444800"',
    '"never"',
    '""',
    "null",
    "true",
    "[4102444800]",
    "{}",
    '{"valueOf":4102444800}',
  ];
  for (const exp of ends) {
    const error = await refusal(verifier, await signWith(`"exp":${exp}`));
    expect(error.code).toBe("token-invalid");
    expect(error.message).toContain('"exp"');
  }
  const endless = await signRaw('{"alg":"HS256"}', JSON.stringify(validClaims()));
  expect((await refusal(verifier, endless)).message).toBe('expected the claim "exp" to be present');
});

test("[R23] takes an end in the past for one, be it before the epoch", async () => {
  for (const exp of ["-1", "-1e300", "-1e999", "0", "-0", "1e-300", String(nowSeconds())]) {
    const error = await refusal(verifier, await signWith(`"exp":${exp}`));
    expect(error.code).toBe("token-expired");
    expect(error.message).toBe("expected a token that has not expired");
  }
});

test("accepts an end between two seconds, and the last one of all", async () => {
  await verifier.verify(await signWith(`"exp":${nowSeconds() + 60.5}`));
  const { expiresAt } = await verifier.verify(await signWith('"exp":8640000000000'));
  expect(expiresAt.getTime()).toBe(8_640_000_000_000_000);
});

test("[R23] asks `nbf` whenever it is there, with or without an audience", async () => {
  const wrong = ["1e999", '"0"', "null", "{}", "[0]", "false", String(nowSeconds() + 3600)];
  const strict = createTokenVerifier({ secret, audience: "stenogate", issuer: "https://id" });
  for (const nbf of wrong) {
    const claims = `"nbf":${nbf},"aud":"stenogate","iss":"https://id"`;
    for (const each of [verifier, strict]) {
      const error = await refusal(each, await signWith(claims));
      expect(error.code).toBe("token-invalid");
      expect(error.message).toBe('expected the claim "nbf" to be a time that fits now');
    }
  }
  await verifier.verify(await signWith(`"nbf":${nowSeconds() - 1}`));
});

test("refuses a time of issue that is no time, and does not ask when it was", async () => {
  for (const iat of ['"now"', "null", "[]"]) {
    const error = await refusal(verifier, await signWith(`"iat":${iat}`));
    expect(error.message).toContain('"iat"');
  }
  await verifier.verify(await signWith(`"iat":${nowSeconds() + 3600}`));
});

test("[R23] refuses another audience than the configured one, and a missing one", async () => {
  const strict = createTokenVerifier({ secret, audience: "stenogate" });
  await strict.verify(await sign({ aud: "stenogate" }));
  await strict.verify(await sign({ aud: ["other", "stenogate"] }));
  const others = [
    '"other-audience"',
    '"Stenogate"',
    '"stenogate "',
    '"stenogate,other"',
    '""',
    "[]",
    '["other-audience"]',
    '[["stenogate"]]',
    '{"0":"stenogate"}',
    '{"stenogate":true}',
    "null",
    "7",
  ];
  for (const aud of others) {
    const error = await refusal(strict, await signWith(`"aud":${aud}`));
    expect(error.code).toBe("token-invalid");
    expect(error.message).toBe('expected the claim "aud" to name this gateway');
  }
  const missing = await refusal(strict, await sign({}));
  expect(missing.message).toBe('expected the claim "aud" to be present');
});

test("[R23] refuses another issuer than the configured one, and a missing one", async () => {
  const issuer = "https://id.example";
  const strict = createTokenVerifier({ secret, issuer });
  await strict.verify(await sign({ iss: issuer }));
  const others = [
    '"https://id.example/"',
    '"https://ID.example"',
    '"https://id.example.attacker.example"',
    '""',
    '["https://id.example"]',
    '{"0":"https://id.example"}',
    "null",
    "7",
  ];
  for (const iss of others) {
    const error = await refusal(strict, await signWith(`"iss":${iss}`));
    expect(error.code).toBe("token-invalid");
    expect(error.message).toBe('expected the claim "iss" to name the expected issuer');
  }
  const missing = await refusal(strict, await sign({ aud: issuer }));
  expect(missing.message).toBe('expected the claim "iss" to be present');
});

test("asks for neither audience nor issuer unless they are configured", async () => {
  await verifier.verify(await sign({ aud: "anybody", iss: "anybody" }));
  await verifier.verify(await signWith('"aud":7,"iss":null'));
});

test("takes the last of two claims of one name, as RFC 7519 has it", async () => {
  const verified = await verifier.verify(await signWith('"identity":"guest"'));
  expect(verified.speaker.identity).toBe("guest");
  const error = await refusal(verifier, await signWith('"exp":1'));
  expect(error.code).toBe("token-expired");
});

test("[R23] takes no claim from a prototype", async () => {
  const exp = nowSeconds() + 3600;
  const hidden = JSON.stringify({ ...validClaims(), exp });
  const payloads = [
    `{"exp":${exp},"__proto__":${hidden}}`,
    `{"exp":${exp},"constructor":{"prototype":${hidden}}}`,
    `{"exp":${exp},"sub":"user-1","identity":"host","__proto__":{"sessionSlug":"standup"}}`,
    `{"__proto__":${hidden}}`,
  ];
  for (const payload of payloads) {
    const token = await signRaw('{"alg":"HS256"}', payload);
    expect((await refusal(verifier, token)).code).toBe("token-invalid");
  }
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const error = await refusal(verifier, await signWith(`"stt":{"${name}":{"preset":"meeting"}}`));
    expect(error.message).toContain('"stt" to have members of');
    const { speaker, recognitionChoices } = await verifier.verify(
      await signWith(`"${name}":{"name":"Mallory","preset":"meeting"}`),
    );
    expect(speaker.name).toBe("host");
    expect(recognitionChoices).toEqual({});
  }
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test("[R23] refuses a payload that is no object of claims, or no text at all", async () => {
  const valid = JSON.stringify({ ...validClaims(), exp: nowSeconds() + 3600 });
  const broken = Buffer.from(valid);
  broken[valid.indexOf("host")] = 0xff;
  const payloads = [
    "null",
    "[]",
    `[${valid}]`,
    JSON.stringify(valid),
    "7",
    "{",
    `${valid}x`,
    `${valid}${valid}`,
    valid.replaceAll('"', "'"),
    valid.replace("}", ',"a":NaN}'),
    valid.replace("}", ",}"),
    broken,
    Buffer.from(valid, "utf16le"),
    `${'{"a":'.repeat(1500)}1${"}".repeat(1500)}`,
    "[".repeat(8000),
  ];
  for (const payload of payloads) {
    const token = await signRaw('{"alg":"HS256"}', payload);
    expect((await refusal(verifier, token)).code).toBe("token-invalid");
  }
});
