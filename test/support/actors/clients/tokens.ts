import { expect } from "bun:test";
import { SignJWT, type JWTPayload } from "jose";
import { AuthError } from "../../../../src/auth/auth-error.ts";
import type { TokenVerifier } from "../../../../src/auth/token-verifier.ts";

export const secret = "a secret of thirty-two bytes, or more";

const ALGORITHMS = new Set(["HS256", "RS256", "ES256", "EdDSA"]);

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

export function validClaims(): JWTPayload {
  return { sub: "user-1", sessionSlug: "standup", identity: "host" };
}

interface Signing {
  readonly algorithm?: string;
  readonly key?: string | CryptoKey;
  readonly keyId?: string;
}

/** Signs the valid claims with `changes`; a change to `undefined` leaves the claim out. */
export function sign(changes: JWTPayload, signing: Signing = {}): Promise<string> {
  const { algorithm = "HS256", key = secret, keyId } = signing;
  const claims = { ...validClaims(), exp: nowSeconds() + 3600, ...changes };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: algorithm, ...(keyId !== undefined && { kid: keyId }) })
    .sign(typeof key === "string" ? Buffer.from(key) : key);
}

/** One part of a token. */
export const encoded = (value: object): string =>
  Buffer.from(JSON.stringify(value)).toString("base64url");

/** Signs the valid claims under any header at all, as a library with rules would not. */
export async function signHeader(header: object, key: string | CryptoKey): Promise<string> {
  const payload = JSON.stringify({ ...validClaims(), exp: nowSeconds() + 3600 });
  return signRaw(JSON.stringify(header), payload, key);
}

/** Signs two texts as they are; the secret when no other key is given. */
export async function signRaw(
  header: string,
  payload: string | Buffer,
  key: string | CryptoKey = secret,
): Promise<string> {
  const parts = [header, payload].map((part) => Buffer.from(part).toString("base64url"));
  return `${parts.join(".")}.${await signatureOf(parts.join("."), key)}`;
}

/** HS256 by a text; RS256, ES256 or EdDSA by a private key, as its kind is. */
export async function signatureOf(input: string, key: string | CryptoKey): Promise<string> {
  if (typeof key === "string") {
    return new Bun.CryptoHasher("sha256", key).update(input).digest("base64url");
  }
  const { name } = key.algorithm;
  const algorithm = { name, hash: "SHA-256" };
  const bytes = await crypto.subtle.sign(algorithm, key, Buffer.from(input));
  return Buffer.from(bytes).toString("base64url");
}

/** The error of a refused token, after checking that nothing in it quotes the token. */
export async function refusal(
  verifier: TokenVerifier,
  token: string | undefined,
): Promise<AuthError> {
  const error: unknown = await verifier.verify(token).then(
    () => "the token was accepted",
    (reason: unknown) => reason,
  );
  if (!(error instanceof AuthError)) throw new Error(`expected an AuthError, got ${String(error)}`);
  expect(error.name).toBe("AuthError");
  expectNoQuote(error, token ?? "");
  return error;
}

function expectNoQuote(error: AuthError, token: string): void {
  const shown = Bun.inspect(error, { depth: 10 }).replaceAll(import.meta.dir, "");
  for (const part of token.split(".")) {
    if (part.length < 8) continue;
    expect(shown).not.toContain(part.slice(0, 32));
    const decoded = Buffer.from(part, "base64url").toString();
    for (const [, value = ""] of decoded.matchAll(/:"([^"]{5,})"/g)) {
      // The algorithms that are accepted are told to everybody.
      if (!ALGORITHMS.has(value)) expect(error.message).not.toContain(value);
    }
  }
}
