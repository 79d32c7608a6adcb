/**
 * Tells who speaks, by a signed token.
 *
 * The token's `alg` chooses the key: HS256 the shared secret, RS256, ES256 and EdDSA the published key set. Only that
 * key is tried and only with that algorithm, so that a public key never serves as a secret and `none` never counts.
 * Nothing in the token's header leads to a key: `jwk`, `jku` and `x5u` are ignored, `kid` only selects within the set.
 * jose is known in this folder only; its errors are translated here, because some of them carry the claims.
 */
import { decodeProtectedHeader, errors, jwtVerify } from "jose";
import type { JWTPayload, JWTVerifyGetKey } from "jose";
import { assert } from "../kernel/assert.ts";
import { AuthError } from "./auth-error.ts";
import { createRemoteKeys } from "./remote-keys.ts";
import { parseClaims, type VerifiedToken } from "./token-claims.ts";

export interface TokenVerifierOptions {
  /** Key of HS256 tokens, at least `SECRET_BYTES_MIN` bytes of UTF-8. */
  readonly secret?: string | undefined;
  /** Where the keys of RS256, ES256 and EdDSA tokens are published. One of the two is needed; both may be set. */
  readonly jwksUrl?: URL | undefined;
}

export interface TokenVerifier {
  /** Rejects with an `AuthError` whose message quotes neither the token nor a claim's value. */
  verify(token: string | undefined): Promise<VerifiedToken>;
}

/** RFC 7518, section 3.2: a key of HS256 is no shorter than its hash. */
export const SECRET_BYTES_MIN = 32;

/** Room for five claims of 256 letters and an RSA signature; half of the 8 KiB that proxies give to a header. */
export const TOKEN_BYTES_MAX = 4096;

/**
 * How far an issuer's clock may run ahead: servers that keep time by NTP differ by less.
 *
 * It excuses `nbf` only. An `exp` that has passed here is over here, because the session would end at once.
 */
const CLOCK_TOLERANCE_SECONDS = 5;

const PUBLISHED_KEY_ALGORITHMS: readonly string[] = ["RS256", "ES256", "EdDSA"];

export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const keys = createKeysByAlgorithm(options);
  assert(keys.size > 0, "expected a secret, a key set URL or both, got neither");
  return { verify: (token) => verifyToken(token, keys) };
}

function createKeysByAlgorithm(
  options: TokenVerifierOptions,
): ReadonlyMap<string, JWTVerifyGetKey> {
  const keys = new Map<string, JWTVerifyGetKey>();
  if (options.secret !== undefined) {
    const secret = Buffer.from(options.secret);
    assert(
      secret.length >= SECRET_BYTES_MIN,
      `expected a secret of at least ${SECRET_BYTES_MIN} bytes, got ${secret.length}`,
    );
    keys.set("HS256", () => secret);
  }
  if (options.jwksUrl !== undefined) {
    const remoteKeys = createRemoteKeys(options.jwksUrl);
    for (const algorithm of PUBLISHED_KEY_ALGORITHMS) keys.set(algorithm, remoteKeys);
  }
  return keys;
}

async function verifyToken(
  token: string | undefined,
  keys: ReadonlyMap<string, JWTVerifyGetKey>,
): Promise<VerifiedToken> {
  if (token === undefined || token === "") {
    throw new AuthError("token-missing", "expected a token, got none");
  }
  // A valid token is ASCII, so that its characters are its bytes.
  if (token.length > TOKEN_BYTES_MAX) {
    throw new AuthError(
      "token-invalid",
      `expected a token of at most ${TOKEN_BYTES_MAX} bytes, got ${token.length}`,
    );
  }
  const algorithm = readAlgorithm(token);
  const key = keys.get(algorithm);
  if (key === undefined) {
    const known = [...keys.keys()].join(", ");
    throw new AuthError("token-invalid", `expected a token signed by ${known}, got another`);
  }
  const claims = parseClaims(await readPayload(token, key, algorithm));
  if (!claims.ok) throw new AuthError("token-invalid", claims.problem);
  if (claims.value.expiresAt.getTime() <= Date.now()) throw createExpiredError();
  return claims.value;
}

function readAlgorithm(token: string): string {
  try {
    return decodeProtectedHeader(token).alg ?? "";
  } catch {
    throw new AuthError("token-invalid", "expected a JSON Web Token, got something else");
  }
}

async function readPayload(
  token: string,
  key: JWTVerifyGetKey,
  algorithm: string,
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ["exp"],
    });
    return payload;
  } catch (error) {
    throw toAuthError(error);
  }
}

function toAuthError(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  if (error instanceof errors.JWTExpired) return createExpiredError();
  if (error instanceof errors.JWTClaimValidationFailed) {
    // NOTE: only the claims that the options above ask about come here, so that its name is one of ours.
    const expected = error.reason === "missing" ? "to be present" : "to be a time that fits now";
    return new AuthError("token-invalid", `expected the claim "${error.claim}" ${expected}`);
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return new AuthError(
      "token-invalid",
      "expected a key id of the published key set, got another",
    );
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return new AuthError("token-invalid", "expected a key id that names one key, got none");
  }
  return new AuthError(
    "token-invalid",
    "expected a well-formed, validly signed token, got another",
  );
}

function createExpiredError(): AuthError {
  return new AuthError("token-expired", "expected a token that has not expired");
}
