import { createLocalJWKSet } from "jose";
import type { CryptoKey, JSONWebKeySet, JWK, JWSHeaderParameters } from "jose";
import * as v from "valibot";
import { readBody } from "../kernel/bounded-body.ts";
import { accepted, refused, type Parsed } from "../kernel/result.ts";

/** The key for a token's header. Rejects with jose's error when there is none, or more than one. */
export type KeyLookup = (header: JWSHeaderParameters) => Promise<CryptoKey>;

/** What the published keys are for. All of these are asymmetric: nothing in a set is ever taken for a secret. */
export const PUBLISHED_KEY_ALGORITHMS: readonly string[] = ["RS256", "ES256", "EdDSA"];

/** A key server answers in milliseconds; a client that waits to be let in is told after this long to come back. */
const FETCH_MS_MAX = 3000;

/** A key with its certificates takes some 5 KiB: room for fifty, where sets hold three. */
const BODY_BYTES_MAX = 262_144;

const keySetSchema = v.object({ keys: v.array(v.looseObject({ kty: v.string() })) });

/**
 * Fetches the set at `url`, once, and keeps of it what can check a token.
 *
 * Never rejects. A set without a single such key is a problem like a server that is away: whoever publishes one by
 * mistake would otherwise lock everybody out. The problem names neither the address nor anything that was answered.
 */
export async function fetchKeySet(url: URL): Promise<Parsed<KeyLookup>> {
  try {
    const response = await fetch(url, {
      headers: {
        accept: "application/jwk-set+json, application/json",
        "accept-encoding": "identity",
      },
      // Keys come from the address that was configured: who can redirect must not choose them.
      redirect: "manual",
      // A small compressed body may hold gigabytes; one that comes compressed nonetheless is no JSON.
      decompress: false,
      signal: AbortSignal.timeout(FETCH_MS_MAX),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      return refused(`status ${response.status}`);
    }
    const text = await readBody(response, BODY_BYTES_MAX);
    if (text === undefined) return refused(`more than ${BODY_BYTES_MAX} bytes`);
    const usable = await keepUsable(parseKeys(text));
    if (usable.length === 0) return refused("no usable key");
    return accepted(createLocalJWKSet({ keys: usable }));
  } catch (error) {
    return refused(nameFailure(error));
  }
}

/** A code such as ECONNREFUSED. The message would name the host, or everybody whom its certificate is for. */
function nameFailure(error: unknown): string {
  if (!(error instanceof Error)) return `a thrown ${typeof error}`;
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

function parseKeys(text: string): JSONWebKeySet["keys"] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return [];
  }
  const parsed = v.safeParse(keySetSchema, json);
  return parsed.success ? parsed.output.keys : [];
}

/** A set may hold keys for other uses, and RFC 7517, section 5, has those passed over that are not understood. */
async function keepUsable(keys: readonly JWK[]): Promise<JWK[]> {
  const usable: JWK[] = [];
  for (const key of keys) if (await isUsable(key)) usable.push(key);
  return usable;
}

async function isUsable(key: JWK): Promise<boolean> {
  const lookUp = createLocalJWKSet({ keys: [key] });
  const imports = PUBLISHED_KEY_ALGORITHMS.map((alg) => lookUp({ alg }));
  const outcomes = await Promise.allSettled(imports);
  return outcomes.some(({ status }) => status === "fulfilled");
}
