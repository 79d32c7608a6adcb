import { expect, test } from "bun:test";
import { CompactEncrypt, EncryptJWT } from "jose";
import { createTokenVerifier } from "../../src/auth/token-verifier.ts";
import {
  encoded,
  nowSeconds,
  refusal,
  secret,
  sign,
  signHeader,
  signRaw,
  validClaims,
} from "../support/actors/clients/tokens.ts";
import { createKey, startKeyServer } from "../support/actors/networks/key-server.ts";

const verifier = createTokenVerifier({ secret });

async function expectInvalid(token: string): Promise<void> {
  expect((await refusal(verifier, token)).code).toBe("token-invalid");
}

const payload = (): string => JSON.stringify({ ...validClaims(), exp: nowSeconds() + 60 });

test("the signing of these tests is good: what is refused below is refused for its own sake", async () => {
  await verifier.verify(await signRaw('{"alg":"HS256"}', payload()));
});

test("[R23] refuses a token without a signature, however `none` is spelt", async () => {
  const [, body = "", signature = ""] = (await sign({})).split(".");
  const spellings: readonly unknown[] = [
    "none",
    "None",
    "NONE",
    "nOnE",
    " none",
    "none ",
    "none\0",
    "nоne",
    "ｎｏｎｅ",
    "",
    null,
    false,
    0,
    [],
    ["none"],
    ["HS256"],
    { none: 1 },
    undefined,
  ];
  for (const alg of spellings) {
    for (const end of ["", ".", `.${signature}`, "..", ".AA"]) {
      await expectInvalid(`${encoded({ alg })}.${body}${end}`);
    }
    await expectInvalid(await signHeader({ alg }, secret));
  }
});

test("[R23] refuses an algorithm that is only almost a known one", async () => {
  for (const alg of ["hs256", "Hs256", "HS256 ", "HS2560", "HS384", "HS512", "HMAC", "toString"]) {
    await expectInvalid(await signHeader({ alg }, secret));
  }
});

test("[R23] refuses a signature that is empty, cut short, lengthened or of something else", async () => {
  const [header = "", body = "", signature = ""] = (await sign({})).split(".");
  const zeroes = Buffer.alloc(32).toString("base64url");
  for (let length = 0; length < signature.length; length += 1) {
    await expectInvalid(`${header}.${body}.${signature.slice(0, length)}`);
  }
  for (const other of [`${signature}A`, `${signature}${signature}`, zeroes, body, header]) {
    await expectInvalid(`${header}.${body}.${other}`);
  }
});

test("[R23] refuses a token of which any one bit was changed", async () => {
  const parts = (await sign({})).split(".").map((part) => Buffer.from(part, "base64url"));
  for (const [at, part] of parts.entries()) {
    for (let bit = 0; bit < part.length * 8; bit += 1) {
      const changed = Buffer.from(part);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const all = parts.with(at, changed).map((bytes) => bytes.toString("base64url"));
      const outcome = verifier.verify(all.join(".")).then(
        () => "accepted",
        () => "refused",
      );
      expect(await outcome).toBe("refused");
    }
  }
});

test("[R23] refuses a token with a part too many or too few, or an empty one", async () => {
  const token = await sign({});
  const [header, body, signature] = token.split(".");
  const shapes = [
    `${header}.${body}`,
    `${header}.${body}.`,
    `${header}..${signature}`,
    `.${body}.${signature}`,
    `${header}`,
    `.${token}`,
    `${token}.`,
    `${token}..`,
    `${header}..${body}.${signature}`,
    `${token}.${signature}`,
    `${token}.${token}`,
    `${header}.${body}.${signature}.${body}.${signature}`,
    ".",
    "..",
    "....",
    ".".repeat(12_000),
  ];
  for (const shape of shapes) await expectInvalid(shape);
});

test("[R23] refuses white space, padding, other alphabets and anything that is not ASCII", async () => {
  const token = await sign({});
  const strange = [
    " ",
    "\n",
    "\r\n",
    "\t",
    "=",
    "==",
    "+",
    "/",
    "%2e",
    ",",
    "\0",
    "é",
    "\u200b",
    "．",
  ];
  for (const text of strange) {
    await expectInvalid(text + token);
    await expectInvalid(token + text);
    await expectInvalid(token.replaceAll(".", `${text}.`));
    await expectInvalid(token.slice(0, -10) + text + token.slice(-10));
  }
  await expectInvalid(token.replaceAll(".", "．"));
});

test("[R23] refuses a critical header that nobody here understands, and one that is malformed", async () => {
  const crits: readonly unknown[] = [
    ["strict"],
    ["exp"],
    ["alg"],
    ["b64", "strict"],
    ["__proto__"],
    ["toString"],
    [],
    [""],
    [7],
    "b64",
    {},
    null,
    true,
  ];
  for (const crit of crits) {
    const header = { alg: "HS256", crit, strict: true, exp: 1, b64: true };
    await expectInvalid(await signHeader(header, secret));
  }
});

test("[R23] refuses an unencoded payload, however it is asked for", async () => {
  const claims = payload();
  const header = encoded({ alg: "HS256", b64: false, crit: ["b64"] });
  const mac = (text: string) =>
    new Bun.CryptoHasher("sha256", secret).update(text).digest("base64url");
  const body = Buffer.from(claims).toString("base64url");
  for (const part of [claims, body]) {
    await expectInvalid(`${header}.${part}.${mac(`${header}.${part}`)}`);
  }
  for (const b64 of ["false", 0, null, {}]) {
    await expectInvalid(await signHeader({ alg: "HS256", b64, crit: ["b64"] }, secret));
  }
});

test("takes the last of two header parameters of one name, and no algorithm but that", async () => {
  const claims = payload();
  await expectInvalid(await signRaw('{"alg":"HS256","alg":"none"}', claims));
  await expectInvalid(await signRaw('{"alg":"HS256","alg":"RS256"}', claims));
  const unsigned = (await signRaw('{"alg":"none","alg":"HS256"}', claims)).split(".").slice(0, 2);
  await expectInvalid(`${unsigned.join(".")}.`);
  await expectInvalid(`${unsigned.join(".")}.AA`);
});

test("[R23] refuses a header that is no object, or hides its parameters in a prototype", async () => {
  const headers = [
    "null",
    "[]",
    '["HS256"]',
    '"HS256"',
    "256",
    "",
    "{",
    "{}",
    '{"alg"}',
    '{"__proto__":{"alg":"HS256"}}',
    '{"constructor":{"prototype":{"alg":"HS256"}}}',
    '{"ALG":"HS256"}',
    '{"alg\\u0000":"HS256"}',
    '\uFEFF{"alg":"none"}',
  ];
  for (const header of headers) await expectInvalid(await signRaw(header, payload()));
  expect(Object.prototype).not.toHaveProperty("alg");
});

test("[R23] refuses an encrypted token, whoever can read it", async () => {
  const key = Buffer.from(secret).subarray(0, 32);
  const header = { alg: "dir", enc: "A256GCM" };
  const direct = await new EncryptJWT(validClaims())
    .setProtectedHeader(header)
    .setExpirationTime("1h")
    .encrypt(key);
  const nested = await new CompactEncrypt(Buffer.from(await sign({})))
    .setProtectedHeader({ ...header, cty: "JWT" })
    .encrypt(key);
  const sealed = { alg: "PBES2-HS256+A128KW", enc: "A128GCM", p2c: 2_147_483_647, p2s: "AAAA" };
  const bomb = `${encoded(sealed)}.AAAA.AAAA.AAAA.AAAA`;
  for (const token of [direct, nested, bomb]) await expectInvalid(token);
});

test("[R23] refuses an ES256 signature in DER, of zeroes, or with its halves exchanged", async () => {
  using server = startKeyServer();
  const key = await createKey("only", "ES256");
  await server.publish(key);
  const published = createTokenVerifier({ jwksUrl: server.url });
  const token = await sign({}, key);
  const [header, body, signature = ""] = token.split(".");
  await published.verify(token);
  const [r, s] = [0, 32].map((at) => Buffer.from(signature, "base64url").subarray(at, at + 32));
  const integers = [r!, s!].map((half) => {
    const bytes = half[0]! > 127 ? Buffer.concat([Buffer.of(0), half]) : half;
    return Buffer.concat([Buffer.of(2, bytes.length), bytes]);
  });
  const sequence = Buffer.concat(integers);
  const forgeries = [
    Buffer.concat([Buffer.of(0x30, sequence.length), sequence]),
    Buffer.alloc(64),
    Buffer.concat([s!, r!]),
    Buffer.concat([r!, Buffer.alloc(32)]),
    Buffer.concat([Buffer.alloc(32), s!]),
    Buffer.concat([order(), order()]),
  ];
  for (const forged of forgeries) {
    const error = await refusal(published, `${header}.${body}.${forged.toString("base64url")}`);
    expect(error.code).toBe("token-invalid");
  }
});

test("hears nothing new from the second signature that ES256 has for every token", async () => {
  using server = startKeyServer();
  const key = await createKey("only", "ES256");
  await server.publish(key);
  const published = createTokenVerifier({ jwksUrl: server.url });
  const token = await sign({}, key);
  const [header, body, signature = ""] = token.split(".");
  const bytes = Buffer.from(signature, "base64url");
  const n = BigInt(`0x${order().toString("hex")}`);
  const mirrored = n - BigInt(`0x${bytes.subarray(32).toString("hex")}`);
  const second = Buffer.from(mirrored.toString(16).padStart(64, "0"), "hex");
  const other = Buffer.concat([bytes.subarray(0, 32), second]).toString("base64url");
  expect(other).not.toBe(signature);
  expect(await published.verify(`${header}.${body}.${other}`)).toEqual(
    await published.verify(token),
  );
});

/** The order of P-256's group: FIPS 186-5 by SP 800-186, section 3.2.1.3. */
function order(): Buffer {
  return Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
}
