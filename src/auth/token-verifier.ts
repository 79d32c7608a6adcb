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
import type { Tallies } from "../observe/metrics.ts";
import { AuthError } from "./auth-error.ts";
import { PUBLISHED_KEY_ALGORITHMS } from "./fetch-key-set.ts";
import { RemoteKeys } from "./remote-keys.ts";
import { parseClaims, type VerifiedToken } from "./token-claims.ts";

export interface TokenVerifierOptions {
  /** Key of HS256 tokens, at least `SECRET_BYTES_MIN` bytes of UTF-8. */
  readonly secret?: string | undefined;
  /** Where the keys of RS256, ES256 and EdDSA tokens are published. One of the two is needed; both may be set. */
  readonly jwksUrl?: URL | undefined;
  /** What the claim `aud` must be or contain; not asked for when absent. */
  readonly audience?: string | undefined;
  /** What the claim `iss` must be; not asked for when absent. */
  readonly issuer?: string | undefined;
  /** Where a token is counted that was checked by an old key set; nowhere when absent. */
  readonly tallies?: Pick<Tallies, "keys_stale"> | undefined;
}

export interface TokenVerifier {
  /** Rejects with an `AuthError` whose message quotes neither the token nor a claim's value. */
  verify(token: string | undefined): Promise<VerifiedToken>;
}

/** RFC 7518, section 3.2: a key of HS256 is no shorter than its hash. */
export const SECRET_BYTES_MIN = 32;

/**
 * Bun reads 16 KiB of a request before its body, URL and headers together, and answers 431 beyond; a quarter of it is left
 * to the other headers. A hundred phrases of the claim `stt` fit, of 70 letters beside claims at their longest.
 *
 * NOTE: proxies often give a header or a URL 8 KiB (nginx: `large_client_header_buffers`).
 */
export const TOKEN_BYTES_MAX = 12_288;

/**
 * How far an issuer's clock may run ahead: servers that keep time by NTP differ by less.
 *
 * It excuses `nbf` only. A token whose `exp` has passed by this clock is refused: its session would end at once.
 */
const CLOCK_TOLERANCE_SECONDS = 5;

/** RFC 7515, section 7.1: three parts without padding. jose would pass over white space in them, and RFC 7516 has five. */
const TOKEN_SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** What each claim that jose judges has to be; the others are times. */
const CLAIM_EXPECTED = new Map([
  ["aud", "to name this gateway"],
  ["iss", "to name the expected issuer"],
]);

type ExpectedClaims = Pick<TokenVerifierOptions, "audience" | "issuer">;

export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const keys = createKeysByAlgorithm(options);
  assert(keys.size > 0, "expected a secret, a key set URL or both, got neither");
  return { verify: (token) => verifyToken(token, keys, options) };
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
    const { jwksUrl, tallies } = options;
    const remoteKeys = new RemoteKeys(jwksUrl, () => {
      if (tallies !== undefined) tallies.keys_stale += 1;
    });
    for (const algorithm of PUBLISHED_KEY_ALGORITHMS) {
      keys.set(algorithm, (header) => remoteKeys.find(header));
    }
  }
  return keys;
}

async function verifyToken(
  token: string | undefined,
  keys: ReadonlyMap<string, JWTVerifyGetKey>,
  expected: ExpectedClaims,
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
  const claims = parseClaims(await readPayload(token, key, { algorithm, ...expected }));
  if (!claims.ok) throw new AuthError("token-invalid", claims.problem);
  if (claims.value.expiresAt.getTime() <= Date.now()) throw createExpiredError();
  return claims.value;
}

function readAlgorithm(token: string): string {
  try {
    if (TOKEN_SHAPE.test(token)) return decodeProtectedHeader(token).alg ?? "";
  } catch {
    // Falls through: jose's own error may quote the header.
  }
  throw new AuthError("token-invalid", "expected a JSON Web Token, got something else");
}

async function readPayload(
  token: string,
  key: JWTVerifyGetKey,
  { algorithm, audience, issuer }: ExpectedClaims & { readonly algorithm: string },
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      ...(audience !== undefined && { audience }),
      ...(issuer !== undefined && { issuer }),
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
    const expected =
      error.reason === "missing"
        ? "to be present"
        : (CLAIM_EXPECTED.get(error.claim) ?? "to be a time that fits now");
    return new AuthError("token-invalid", `expected the claim "${error.claim}" ${expected}`);
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return new AuthError(
      "token-invalid",
      "expected a key id of the published key set, got another",
    );
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return new AuthError(
      "token-invalid",
      "expected a key id that names one published key, got none or one of several",
    );
  }
  return new AuthError(
    "token-invalid",
    "expected a well-formed, validly signed token, got another",
  );
}

function createExpiredError(): AuthError {
  return new AuthError("token-expired", "expected a token that has not expired");
}
