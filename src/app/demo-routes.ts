import { mintToken, type TokenRequest } from "../auth/token-minter.ts";
import page from "../browser/page.html";
import { problem } from "../gateway/protocol/problem.ts";
import type { DemoRoutes } from "../gateway/server.ts";

/** The page asks for a new token with every start; an hour outlives any try-out. */
const TOKEN_TTL_SECONDS = 3600;

/** What a token's claim may be: anything visible. */
const CLAIM = /^\P{C}{1,256}$/u;

/** What the gateway's own tokens need to be accepted by it. */
type DemoSigning = Pick<TokenRequest, "secret" | "audience" | "issuer">;

/** The microphone page and the tokens it runs on. Whoever reaches the port gets one: for demos only. */
export function createDemoRoutes(signing: DemoSigning): DemoRoutes {
  return {
    page,
    answerToken: async (url) => {
      const session = url.searchParams.get("session") ?? "";
      const identity = url.searchParams.get("identity") ?? "";
      const name = url.searchParams.get("name") || identity;
      if (![session, identity, name].every((claim) => CLAIM.test(claim))) {
        return problem(
          400,
          "request-invalid",
          "expected session, identity and perhaps name, each of 1 to 256 visible characters",
        );
      }
      const token = await mintToken({
        ...signing,
        subject: `demo:${identity}`,
        sessionSlug: session,
        identity,
        name,
        ttlSeconds: TOKEN_TTL_SECONDS,
      });
      return Response.json({ token }, { headers: { "cache-control": "no-store" } });
    },
  };
}
