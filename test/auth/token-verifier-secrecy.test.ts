/** R23: whatever fails, nobody but its owner gets to read a token, or what stands in it. */
import { expect, test } from "bun:test";
import { createTokenVerifier, TOKEN_BYTES_MAX } from "../../src/auth/token-verifier.ts";
import {
  closeFrame,
  errorMessage,
  toClientFailure,
} from "../../src/gateway/protocol/client-failure.ts";
import type { SocketClient } from "../support/actors/clients/socket-client.ts";
import {
  encoded,
  nowSeconds,
  secret,
  sign,
  signHeader,
  signRaw,
} from "../support/actors/clients/tokens.ts";
import { createKey, startKeyServer } from "../support/actors/networks/key-server.ts";
import { stoppedClocks } from "../support/probes/fake-time.ts";
import { recordedLog } from "../support/probes/recorded-log.ts";
import { until } from "../support/probes/until.ts";
import { GatewayStage } from "../support/stages/gateway-stage.ts";

/** Every claim has a value that stands nowhere else. */
const CLAIMS = {
  sub: "subject-of-mallory",
  sessionSlug: "slug-of-mallory",
  identity: "identity-of-mallory",
  name: "name-of-mallory",
  sessionId: "session-of-mallory",
  email: "mallory@example.org",
  jti: "token-id-of-mallory",
  aud: "audience-of-mallory",
  iss: "issuer-of-mallory",
  account: 867_530_912_345,
  stt: { vocabulary: ["phrase-of-mallory"] },
};

/** A token for each way in which a verifier with the secret refuses one, by the name of that way. */
async function badTokens(): Promise<Readonly<Record<string, string>>> {
  const stranger = "another secret of thirty-two bytes, or more";
  const good = await sign(CLAIMS);
  const [header, body = "", signature] = good.split(".");
  const unnamed = { ...CLAIMS, exp: nowSeconds() + 3600 };
  return {
    "wrong key": await sign(CLAIMS, { key: stranger }),
    "no signature": `${encoded({ alg: "none", kid: "key-id-of-mallory" })}.${body}.`,
    "unknown algorithm": await signHeader({ alg: "algorithm-of-mallory" }, secret),
    "published key": await signHeader({ alg: "RS256", kid: "key-id-of-mallory" }, stranger),
    "critical header": await signHeader({ alg: "HS256", crit: ["crit-of-mallory"] }, secret),
    "cut short": good.slice(0, -5),
    "extra part": `${good}.${body}`,
    "parts exchanged": `${header}.${signature}.${body}`,
    expired: await sign({ ...CLAIMS, exp: nowSeconds() - 7777 }),
    "not yet": await sign({ ...CLAIMS, nbf: nowSeconds() + 7777 }),
    "end of text": await signRaw(
      '{"alg":"HS256"}',
      JSON.stringify({ ...unnamed, exp: "end-text" }),
    ),
    "no subject": await sign({ ...CLAIMS, sub: "" }),
    "long identity": await sign({ ...CLAIMS, identity: "long-identity".repeat(30) }),
    "forged line": await sign({ ...CLAIMS, name: 'name-of-mallory\n{"level":"error"}' }),
    "misspelt choice": await sign({ ...CLAIMS, stt: { "choice-of-mallory": "value-of-mallory" } }),
    "wrong choice": await sign({ ...CLAIMS, stt: { preset: "preset-of-mallory" } }),
    "no object": await signRaw('{"alg":"HS256"}', '"payload-of-mallory"'),
    "no JSON": await signRaw('{"alg":"HS256"}', "payload-of-mallory {"),
    oversized: await sign({ ...CLAIMS, padding: "x".repeat(TOKEN_BYTES_MAX) }),
    "no token": "text-of-mallory-that-is-no-token",
  };
}

/** The token in pieces, and all that its parts say: a quotation of 32 characters holds one of the pieces. */
function secretsOf(token: string): readonly string[] {
  const pieces = token.match(/[^.]{16}/g) ?? [];
  const said = token.split(".").flatMap((part) => {
    const text = Buffer.from(part, "base64url").toString();
    return text.match(/[\w@.-]*mallory[\w.-]*|867530912345|long-identity|end-text/g) ?? [];
  });
  return [...pieces, ...said];
}

function expectSilence(place: string, token: string, heard: unknown): void {
  const text = typeof heard === "string" ? heard : JSON.stringify(heard);
  // A filler of one letter is no secret.
  const found = secretsOf(token).filter(
    (piece) => !/^(.{1,4})\1*$/.test(piece) && text.includes(piece),
  );
  expect(found, place).toEqual([]);
  expect(text, place).not.toContain("mallory");
}

/** Waits for the session's last log line. */
async function endSession({ provider, log }: GatewayStage, client: SocketClient): Promise<void> {
  const { stream } = provider;
  client.send({ type: "stop" });
  await until(() => stream.finishCount === 1);
  stream.end();
  await client.closed;
  await until(() => log.linesOf("Session ended").length === 1);
}

test("the search of these tests finds what it looks for", async () => {
  const token = await sign(CLAIMS);
  const [, body = ""] = token.split(".");
  for (const leak of [token, body, body.slice(7, 39), ...Object.values(CLAIMS).map(String)]) {
    if (leak === "[object Object]") continue;
    expect(() => expectSilence("a leak", token, [`before ${leak} after`])).toThrow();
  }
});

test("[R23] no answer, log line or figure of the gateway quotes a token that it refuses", async () => {
  for (const [way, token] of Object.entries(await badTokens())) {
    await using stage = new GatewayStage();
    const heard: unknown[] = [];
    // Beyond what Bun reads of a request only a text frame carries it.
    const fits = token.length < 15_000;
    const authorization = `Bearer ${token}`;
    const places = [
      { query: `?token=${token}`, options: {} },
      { query: `?token=${token}&token=${await sign({})}`, options: {} },
      { query: "", options: { headers: { authorization } } },
      { query: "", options: { protocols: ["stenogate", `access_token.${token}`] } },
    ];
    for (const { query, options } of fits ? places : []) {
      await using client = await stage.connectWith(query, options);
      const { code, reason } = await client.closed;
      expect(code).toBeOneOf([4001, 1013]);
      heard.push(reason, ...client.messages);
    }
    const paths = [
      "/api/sessions/standup/transcript",
      "/api/realtime/transcribe",
      "/metrics",
      "/nowhere",
    ];
    for (const path of fits ? paths : []) {
      for (const response of [
        await stage.get(path, { headers: { authorization } }),
        await stage.get(`${path}?token=${token}`),
      ]) {
        heard.push([...response.headers], await response.text());
      }
    }
    await using client = await stage.connect();
    await client.message("ready");
    client.send({ type: "refresh", token });
    const refused = await Promise.race([client.message("error"), client.closed]);
    heard.push(refused);
    await endSession(stage, client);
    heard.push(stage.log.lines, await stage.metrics.exposition());
    expectSilence(way, token, heard);
  }
});

test("[R23] no log line, message or figure of a whole session quotes the token it was opened by", async () => {
  await using stage = new GatewayStage();
  const [token, renewed] = [
    await sign(CLAIMS),
    await sign({ ...CLAIMS, jti: "second-of-mallory" }),
  ];
  await using client = await stage.connectWith("", {
    protocols: [`access_token.${token}`, "stenogate"],
  });
  await client.message("ready");
  expect(client.protocol).toBe("stenogate");
  client.send({ type: "refresh", token: renewed });
  await endSession(stage, client);
  const heard = [client.messages, stage.log.lines, await stage.metrics.exposition()];
  for (const each of [token, renewed]) expectSilence("a session", each, heard);
});

test("[R23] no failure of published keys, audience or issuer quotes the token", async () => {
  using server = startKeyServer();
  using clock = stoppedClocks();
  const [key, stranger] = [await createKey("key-of-mallory"), await createKey("other-of-mallory")];
  const tokens = await Promise.all([
    sign({ ...CLAIMS, jti: "first" }, key),
    sign(CLAIMS, stranger),
    sign(CLAIMS, { algorithm: key.algorithm, key: key.key }),
    signHeader({ alg: "RS256", kid: ["key-of-mallory"] }, key.key),
    sign({ ...CLAIMS, aud: [] }, key),
    sign({ ...CLAIMS, aud: "audience" }, key),
  ]);
  const verifier = createTokenVerifier({
    jwksUrl: server.url,
    audience: "audience",
    issuer: "issuer",
  });
  const answers = [
    () => new Response("mallory", { status: 500 }),
    () => new Response("mallory"),
    () => Response.redirect("http://mallory.example/", 302),
  ];
  const judge = async () => {
    for (const token of tokens) {
      const log = recordedLog();
      const error: unknown = await verifier.verify(token).catch((failure: unknown) => failure);
      const failure = toClientFailure(error, log);
      const heard = [errorMessage(failure), closeFrame(failure).reason, log.lines];
      expectSilence(failure.message, token, heard);
      expectSilence(failure.message, token, Bun.inspect(error, { depth: 10 }));
      expect(failure.code).toBeOneOf(["token-invalid", "keys-unreachable"]);
    }
  };
  for (const answer of answers) {
    server.answer = answer;
    await judge();
    clock.by(1500);
  }
  await server.publish(key);
  await judge();
});
