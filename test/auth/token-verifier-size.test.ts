import { expect, test } from "bun:test";
import { connect } from "node:net";
import { createTokenVerifier, TOKEN_BYTES_MAX } from "../../src/auth/token-verifier.ts";
import { refusal, secret, sign } from "../support/actors/clients/tokens.ts";
import { createKey, startKeyServer } from "../support/actors/networks/key-server.ts";
import { GatewayStage } from "../support/stages/gateway-stage.ts";

/** What Bun reads of a request before its body. */
const REQUEST_HEAD_BYTES_MAX = 16_384;

/** A valid token of `bytes`, or up to two less: base64url cannot have every length. */
async function signLong(bytes: number): Promise<string> {
  let token = await sign({});
  // Three bytes of the payload are four of the token.
  for (let padding = Math.floor(((bytes - token.length) * 3) / 4) - 16; ; padding += 1) {
    const longer = await sign({ padding: "x".repeat(padding) });
    if (longer.length > bytes) return token;
    token = longer;
  }
}

test("[R23] accepts the largest token in each of its places, beside 3 KiB of other headers", async () => {
  await using stage = new GatewayStage();
  const token = await signLong(TOKEN_BYTES_MAX);
  expect(token.length).toBeGreaterThan(TOKEN_BYTES_MAX - 3);
  const cookie = `a=${"x".repeat(3070)}`;
  const places = [
    { query: `?token=${token}`, options: { headers: { cookie } } },
    { query: "", options: { headers: { cookie, authorization: `Bearer ${token}` } } },
    { query: "", options: { headers: { cookie }, protocols: [`access_token.${token}`] } },
  ];
  for (const { query, options } of places) {
    await using client = await stage.connectWith(query, options);
    await client.message("ready");
  }
});

test("says of a token that is somewhat too large what is wrong, in each of its places", async () => {
  await using stage = new GatewayStage();
  const token = await signLong(TOKEN_BYTES_MAX + 3);
  expect(token.length).toBeGreaterThan(TOKEN_BYTES_MAX);
  const places = [
    { query: `?token=${token}`, options: {} },
    { query: "", options: { headers: { authorization: `Bearer ${token}` } } },
    { query: "", options: { protocols: [`access_token.${token}`] } },
  ];
  for (const { query, options } of places) {
    await using client = await stage.connectWith(query, options);
    expect((await client.closed).code).toBe(4001);
    expect(client.errors[0]?.message).toContain(`at most ${TOKEN_BYTES_MAX} bytes`);
  }
});

test("the bound leaves a quarter of what Bun reads of a request to its other headers", async () => {
  expect(TOKEN_BYTES_MAX).toBe((REQUEST_HEAD_BYTES_MAX * 3) / 4);
  using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("read") });
  const head = (bytes: number) => {
    const [start, end] = [
      "GET /?token=",
      " HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n",
    ];
    return start + "x".repeat(bytes - start.length - end.length) + end;
  };
  expect(await answerTo(server, head(REQUEST_HEAD_BYTES_MAX))).toStartWith("HTTP/1.1 200 ");
  expect(await answerTo(server, head(REQUEST_HEAD_BYTES_MAX + 1))).toStartWith("HTTP/1.1 431 ");
});

/** What comes back for bytes that no client library would send. */
async function answerTo({ url }: { readonly url: URL }, request: string): Promise<string> {
  const { promise: answered, resolve } = Promise.withResolvers<string>();
  let answer = "";
  const socket = connect(Number(url.port), "127.0.0.1", () => socket.write(request));
  socket.setEncoding("utf8");
  socket.on("data", (text: string) => {
    answer += text;
    if (answer.includes("\r\n")) resolve(answer);
  });
  socket.on("close", () => resolve(answer));
  return answered.finally(() => socket.destroy());
}

test("accepts a full vocabulary beside claims at their longest, signed by an RSA key", async () => {
  using server = startKeyServer();
  const key = await createKey("a key id of thirty-six characters, 1");
  await server.publish(key);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  const claim = "x".repeat(256);
  const claims = { sub: claim, sessionSlug: claim, identity: claim, name: claim, sessionId: claim };
  const vocabularyOf = (length: number) =>
    Array.from({ length: 100 }, (_, at) => String(at).padEnd(length, "x"));
  const fitting = await sign({ ...claims, stt: { vocabulary: vocabularyOf(70) } }, key);
  const { recognitionChoices } = await verifier.verify(fitting);
  expect(recognitionChoices.vocabulary).toHaveLength(100);
  // The bounds of the vocabulary allow for more than a request's head can hold.
  const largest = await sign({ stt: { vocabulary: vocabularyOf(100) } }, key);
  expect((await refusal(verifier, largest)).message).toContain(`at most ${TOKEN_BYTES_MAX} bytes`);
});

test("counts the characters of a token that is not ASCII, and refuses it all the same", async () => {
  const verifier = createTokenVerifier({ secret });
  for (const length of [TOKEN_BYTES_MAX / 4, TOKEN_BYTES_MAX, TOKEN_BYTES_MAX + 1, 1_000_000]) {
    for (const text of ["x", ".", "é", "🎙️".slice(0, 1)]) {
      expect((await refusal(verifier, text.repeat(length))).code).toBe("token-invalid");
    }
  }
});
