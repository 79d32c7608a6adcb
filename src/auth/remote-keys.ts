import { createRemoteJWKSet, errors } from "jose";
import type { JWTVerifyGetKey } from "jose";
import { describeError } from "../kernel/errors.ts";
import { AuthError } from "./auth-error.ts";

/** A key server answers in milliseconds; a client that waits to be let in is told after this long to come back. */
const FETCH_MS_MAX = 3000;

/** Tokens with invented key ids cost the key server one request in this time; a new key is seen no later than it. */
const REFETCH_MS_MIN = 10_000;

/** A key that was withdrawn is trusted for this long at most; fetching oftener gains nothing against tokens of an hour. */
const KEYS_AGE_MS_MAX = 600_000;

/**
 * Looks keys up in the set published at `url`, which is fetched on first use.
 *
 * A set that cannot be fetched or read says nothing about the token: that is `keys-unreachable`, and retryable.
 */
export function createRemoteKeys(url: URL): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(url, {
    timeoutDuration: FETCH_MS_MAX,
    cooldownDuration: REFETCH_MS_MIN,
    cacheMaxAge: KEYS_AGE_MS_MAX,
  });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (isAboutToken(error)) throw error;
      throw new AuthError(
        "keys-unreachable",
        `expected a key set from ${url.host}, got: ${describeError(error)}`,
        { retryable: true, cause: error },
      );
    }
  };
}

function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys
  );
}
