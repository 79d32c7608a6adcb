/** Tokens: right ones, and every way in which one can be wrong. */
import type { Draw } from "../../speech/chaos/draw.ts";
import { signText } from "../../support/actors/clients/signed-token.ts";
import { nowSeconds } from "../../support/actors/clients/tokens.ts";
import { drawWeighted } from "./attack.ts";
import { drawOddText, mutate, ODD_NUMBERS } from "./odd-values.ts";

/** Few enough that some reach the limit of one subject. */
const SUBJECTS = 40;
const CALLS = 8;

/** Everybody's but the canary's: what strangers do must not be able to reach its call. */
export function drawValidToken(draw: Draw): string {
  return signText(JSON.stringify(drawClaims(draw)));
}

export function drawToken(draw: Draw): string {
  return drawWeighted<() => string>(draw, [
    [6, () => drawValidToken(draw)],
    [2, () => mutate(draw, drawValidToken(draw))],
    [2, () => signText(JSON.stringify({ ...drawClaims(draw), ...drawOddClaim(draw) }))],
    [
      1,
      () => signText(JSON.stringify(drawClaims(draw)).replace(/\d+(?=\})/, draw.pick(ODD_NUMBERS))),
    ],
    [1, () => signText(mutate(draw, JSON.stringify(drawClaims(draw))))],
    [1, () => signText(JSON.stringify({ ...drawClaims(draw), exp: nowSeconds() - 100 }))],
    [1, () => signText(JSON.stringify(drawClaims(draw)), "another secret, of another issuer")],
    [
      1,
      () =>
        signText(
          JSON.stringify({ ...drawClaims(draw), name: "x".repeat(draw.pick([257, 3000, 9000])) }),
        ),
    ],
    [1, () => unsign(draw, drawValidToken(draw))],
    [1, () => drawOddText(draw)],
  ])();
}

function drawClaims(draw: Draw) {
  return {
    sub: `stranger-${draw.whole(1, SUBJECTS)}`,
    sessionSlug: `strangers-${draw.whole(1, CALLS)}`,
    identity: `identity-${draw.whole(1, 3)}`,
    // Some end while they are used.
    exp: nowSeconds() + draw.pick([2, 3600, 1e6]),
  };
}

function drawOddClaim(draw: Draw): object {
  const name = draw.pick([
    "sub",
    "sessionSlug",
    "identity",
    "name",
    "sessionId",
    "exp",
    "nbf",
    "iat",
    "stt",
    "aud",
    "__proto__",
  ]);
  const value = draw.pick<() => unknown>([
    () => drawOddText(draw),
    () => Number(draw.pick(ODD_NUMBERS)),
    () => null,
    () => [drawOddText(draw)],
    () => ({ [drawOddText(draw)]: drawOddText(draw) }),
    () => ({
      preset: "meeting",
      language: [drawOddText(draw)],
      vocabulary: Array.from({ length: 120 }, () => ({})),
    }),
    () => true,
    () => "\uD800",
  ])();
  // A computed member is one, even where its name is `__proto__`.
  return { [name]: value };
}

/** The claims stay; the header's algorithm or the signature goes. */
function unsign(draw: Draw, token: string): string {
  const [, claims, signature] = token.split(".");
  const header = draw.pick([
    '{"alg":"none"}',
    '{"alg":"HS512"}',
    '{"alg":"RS256"}',
    '{"alg":["HS256"]}',
    '{"alg":"HS256","crit":["b64"],"b64":false}',
    '{"alg":"HS256","jwk":{"kty":"oct","k":"AA"}}',
    "[]",
    "{",
  ]);
  return [Buffer.from(header).toString("base64url"), claims, draw.pick(["", signature, "AA"])].join(
    ".",
  );
}
