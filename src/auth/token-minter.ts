import { SignJWT } from "jose";
import { assert } from "../kernel/assert.ts";
import { SECRET_BYTES_MIN } from "./token-verifier.ts";

export interface TokenRequest {
  /** The verifier's HS256 secret. */
  readonly secret: string;
  readonly subject: string;
  readonly sessionSlug: string;
  readonly identity: string;
  /** What people read; the identity where absent. */
  readonly name?: string | undefined;
  /** Whole seconds from now. */
  readonly ttlSeconds: number;
  /** The verifier's own, where it has them. */
  readonly audience?: string | undefined;
  readonly issuer?: string | undefined;
}

/**
 * Signs a token that `TokenVerifier` accepts, for `stenogate token` and the demo.
 *
 * It signs what it is given: `token-claims.ts` is the one place that judges claims.
 */
export function mintToken(request: TokenRequest): Promise<string> {
  const { secret, subject, sessionSlug, identity, name, ttlSeconds, audience, issuer } = request;
  const key = Buffer.from(secret);
  assert(key.length >= SECRET_BYTES_MIN, `expected a secret of at least ${SECRET_BYTES_MIN} bytes`);
  assert(Number.isSafeInteger(ttlSeconds), `expected whole seconds, got ${ttlSeconds}`);
  const nowSeconds = Math.floor(Date.now() / 1000);
  const claims = {
    sessionSlug,
    identity,
    ...(name !== undefined && { name }),
    ...(audience !== undefined && { aud: audience }),
    ...(issuer !== undefined && { iss: issuer }),
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(subject)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + ttlSeconds)
    .sign(key);
}
