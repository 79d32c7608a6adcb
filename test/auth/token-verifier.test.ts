import { expect, setSystemTime, test } from "bun:test";
import { exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { AuthError } from "../../src/auth/auth-error.ts";
import { mintToken } from "../../src/auth/token-minter.ts";
import { createTokenVerifier, TOKEN_BYTES_MAX } from "../../src/auth/token-verifier.ts";
import {
  encoded,
  nowSeconds,
  refusal,
  secret,
  sign,
  validClaims,
} from "../support/actors/clients/tokens.ts";

test("accepts a minted token and tells who speaks and until when", async () => {
  const beforeMs = Date.now();
  const token = await mintToken({
    secret,
    subject: "user-1",
    sessionSlug: "standup",
    identity: "host",
    name: "Ada",
    ttlSeconds: 60,
  });
  const verified = await createTokenVerifier({ secret }).verify(token);
  expect(verified.speaker).toEqual({
    subject: "user-1",
    sessionSlug: "standup",
    identity: "host",
    name: "Ada",
  });
  // In whole seconds.
  expect(verified.expiresAt.getTime()).toBeGreaterThan(beforeMs + 59_000);
  expect(verified.expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + 60_000);
});

test("names a speaker without a name by the identity", async () => {
  const verifier = createTokenVerifier({ secret });
  expect((await verifier.verify(await sign({}))).speaker.name).toBe("host");
  expect((await verifier.verify(await sign({ name: "" }))).speaker.name).toBe("host");
});

test("tells a missing token from an invalid one", async () => {
  const verifier = createTokenVerifier({ secret });
  expect((await refusal(verifier, undefined)).code).toBe("token-missing");
  expect((await refusal(verifier, "")).code).toBe("token-missing");
});

test("tells an expired token from an invalid one, to the second", async () => {
  const verifier = createTokenVerifier({ secret });
  for (const agoSeconds of [0, 1, 3600]) {
    const token = await sign({ exp: nowSeconds() - agoSeconds });
    expect((await refusal(verifier, token)).code).toBe("token-expired");
  }
});

test("excuses a not-before time by the clock tolerance and no further", async () => {
  const verifier = createTokenVerifier({ secret });
  await verifier.verify(await sign({ nbf: nowSeconds() + 4 }));
  const error = await refusal(verifier, await sign({ nbf: nowSeconds() + 60 }));
  expect(error.code).toBe("token-invalid");
  expect(error.message).toContain('"nbf"');
});

test("refuses a token without a signature", async () => {
  const unsecured = new UnsecuredJWT(validClaims()).setExpirationTime("1h").encode();
  const body = encoded({ ...validClaims(), exp: nowSeconds() + 60 });
  const verifier = createTokenVerifier({ secret });
  for (const alg of ["none", "None", "NONE", "nOnE", ""]) {
    expect((await refusal(verifier, `${encoded({ alg })}.${body}.`)).code).toBe("token-invalid");
  }
  expect((await refusal(verifier, unsecured)).code).toBe("token-invalid");
});

test("refuses a token signed with another secret", async () => {
  const token = await sign({}, { key: "another-secret-that-is-long-enough!!" });
  expect((await refusal(createTokenVerifier({ secret }), token)).code).toBe("token-invalid");
});

test("refuses a token whose claims were changed after signing", async () => {
  const [header, , signature] = (await sign({})).split(".");
  const forged = encoded({ ...validClaims(), sessionSlug: "board", exp: nowSeconds() + 60 });
  const error = await refusal(createTokenVerifier({ secret }), `${header}.${forged}.${signature}`);
  expect(error.code).toBe("token-invalid");
});

test("refuses a stronger algorithm that the secret would fit too", async () => {
  for (const algorithm of ["HS384", "HS512"]) {
    const token = await sign({}, { algorithm, key: secret.repeat(2) });
    const verifier = createTokenVerifier({ secret: secret.repeat(2) });
    expect((await refusal(verifier, token)).code).toBe("token-invalid");
  }
});

test("refuses a key that the token brings along in its header", async () => {
  const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = await crypto.subtle.exportKey("jwk", publicKey);
  const token = await new SignJWT(validClaims())
    .setProtectedHeader({ alg: "RS256", jwk: { kty: "RSA", n: jwk.n ?? "", e: jwk.e ?? "" } })
    .setExpirationTime("1h")
    .sign(privateKey);
  expect((await refusal(createTokenVerifier({ secret }), token)).code).toBe("token-invalid");
});

test("refuses a token signed with a public key as if it were the secret", async () => {
  const { publicKey } = await generateKeyPair("RS256", { extractable: true });
  const token = await sign({}, { key: await exportSPKI(publicKey) });
  expect((await refusal(createTokenVerifier({ secret }), token)).code).toBe("token-invalid");
});

test("refuses garbage, whatever its shape", async () => {
  const verifier = createTokenVerifier({ secret });
  const token = await sign({});
  const shapes = ["x", "..", "a.b.c", "{}", "é".repeat(80), `${token}.${token}`, `${token}x`, "\0"];
  for (const garbage of shapes) {
    expect((await refusal(verifier, garbage)).code).toBe("token-invalid");
  }
});

test("refuses an oversized token before looking into it", async () => {
  const error = await refusal(createTokenVerifier({ secret }), "x".repeat(TOKEN_BYTES_MAX + 1));
  expect(error.code).toBe("token-invalid");
  expect(error.message).toContain(`at most ${TOKEN_BYTES_MAX} bytes`);
});

test("refuses a critical header that nobody here understands", async () => {
  const header = encoded({ alg: "HS256", crit: ["strict"], strict: true });
  const [, body, signature] = (await sign({})).split(".");
  const error = await refusal(createTokenVerifier({ secret }), `${header}.${body}.${signature}`);
  expect(error.code).toBe("token-invalid");
});

test("does not start without a key or with a short one", () => {
  expect(() => createTokenVerifier({})).toThrow("got neither");
  expect(() => createTokenVerifier({ secret: "x".repeat(31) })).toThrow(
    "at least 32 bytes, got 31",
  );
});

test("ends with the clock: a token accepted before is expired after", async () => {
  const verifier = createTokenVerifier({ secret });
  const token = await sign({ exp: nowSeconds() + 60 });
  await verifier.verify(token);
  setSystemTime(Date.now() + 61_000);
  try {
    expect(await refusal(verifier, token)).toBeInstanceOf(AuthError);
  } finally {
    setSystemTime();
  }
});
