import { expect, test } from "bun:test";
import { exportJWK } from "jose";
import { createTokenVerifier } from "../../src/auth/token-verifier.ts";
import { refusal, sign } from "../support/actors/clients/tokens.ts";
import {
  createKey,
  startKeyServer,
  type SigningKey,
} from "../support/actors/networks/key-server.ts";
import { stoppedClocks } from "../support/probes/fake-time.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Everything that is no key set, with what the refusal says of it. */
const FAILURES: readonly (readonly [said: string, answer: () => Response | Promise<Response>])[] = [
  ["status 500", () => new Response("busy", { status: 500 })],
  ["status 503", () => Response.json({ keys: [] }, { status: 503 })],
  ["status 404", () => new Response("", { status: 404 })],
  ["status 204", () => new Response(null, { status: 204 })],
  ["no usable key", () => new Response("")],
  ["no usable key", () => new Response("<html>")],
  ["no usable key", () => new Response('{"keys":[')],
  ["no usable key", () => Response.json(null)],
  ["no usable key", () => Response.json([])],
  ["no usable key", () => Response.json({ error: "none" })],
  ["no usable key", () => Response.json({ keys: {} })],
  ["no usable key", () => Response.json({ keys: [] })],
  ["no usable key", () => Response.json({ keys: [null, 7, "key", {}] })],
  ["no usable key", () => Response.json({ keys: [{ kty: "RSA", kid: "only", alg: "RS256" }] })],
  ["no usable key", () => Response.json({ keys: [{ kty: "oct", k: "c2VjcmV0", kid: "only" }] })],
  ["no usable key", () => new Response(new Uint8Array(1000).fill(0xff))],
  ["more than 262144 bytes", () => new Response(`{"keys":[],"x":"${"x".repeat(300_000)}"}`)],
  ["more than 262144 bytes", () => new Response(endless())],
];

/** A body without an end, as fast as it is read. */
function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(0x20)),
  });
}

test("[R23] says that the keys are unreachable, not that the token is wrong, and recovers", async () => {
  using server = startKeyServer();
  using clock = stoppedClocks();
  const key = await createKey("only");
  const token = await sign({}, key);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  for (const [said, answer] of FAILURES) {
    server.answer = answer;
    const error = await refusal(verifier, token);
    expect(error.code).toBe("keys-unreachable");
    expect(error.retryable).toBe(true);
    expect(error.message).toBe(`expected the published key set, got: ${said}`);
    clock.by(1500);
  }
  await server.publish(key);
  await verifier.verify(token);
});

test("[R23] uses good keys on when the key server answers nonsense, and counts their tokens", async () => {
  using server = startKeyServer();
  using clock = stoppedClocks();
  const tallies = { keys_stale: 0 };
  const key = await createKey("only");
  await server.publish(key);
  const token = await sign({ exp: Date.now() / 1000 + 86_400 }, key);
  const verifier = createTokenVerifier({ jwksUrl: server.url, tallies });
  await verifier.verify(token);
  clock.by(11 * MINUTE);
  for (const [index, [, answer]] of FAILURES.entries()) {
    server.answer = answer;
    await verifier.verify(token);
    expect(tallies.keys_stale).toBe(index + 1);
    expect(server.requestCount).toBe(index + 2);
    clock.by(11_000);
  }
  await server.publish(key);
  await verifier.verify(token);
  expect(tallies.keys_stale).toBe(FAILURES.length);
});

test("asks a key server in trouble once in ten seconds, and keeps nobody waiting in between", async () => {
  using server = startKeyServer();
  using clock = stoppedClocks();
  const key = await createKey("only");
  await server.publish(key);
  const token = await sign({}, key);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  await verifier.verify(token);
  server.answer = () => new Response("busy", { status: 500 });
  clock.by(11 * MINUTE);
  for (let attempt = 0; attempt < 20; attempt += 1) await verifier.verify(token);
  expect(server.requestCount).toBe(2);
  clock.by(11_000);
  await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token)));
  expect(server.requestCount).toBe(3);
});

test("asks once a second while it has no keys at all", async () => {
  using server = startKeyServer();
  using clock = stoppedClocks();
  const token = await sign({}, await createKey("only"));
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  for (let second = 1; second <= 3; second += 1) {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect((await refusal(verifier, token)).code).toBe("keys-unreachable");
    }
    expect(server.requestCount).toBe(second);
    clock.by(1000);
  }
});

test("[R23] forgets good keys a day after they were last seen", async () => {
  using server = startKeyServer();
  using clock = stoppedClocks();
  const key = await createKey("only");
  await server.publish(key);
  const token = await sign({ exp: Date.now() / 1000 + 7 * 86_400 }, key);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  await verifier.verify(token);
  server.answer = () => new Response("busy", { status: 500 });
  clock.by(24 * HOUR - MINUTE);
  await verifier.verify(token);
  clock.by(2 * MINUTE);
  const error = await refusal(verifier, token);
  expect(error.code).toBe("keys-unreachable");
  expect(error.retryable).toBe(true);
});

test("[R23] ends its trust in a withdrawn key with the first good answer after an outage", async () => {
  using server = startKeyServer();
  using clock = stoppedClocks();
  const [withdrawn, kept] = [await createKey("withdrawn"), await createKey("kept")];
  await server.publish(withdrawn, kept);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  const token = await sign({ exp: Date.now() / 1000 + 86_400 }, withdrawn);
  await verifier.verify(token);
  server.answer = () => new Response("busy", { status: 500 });
  clock.by(8 * HOUR);
  await verifier.verify(token);
  await server.publish(kept);
  clock.by(11_000);
  expect((await refusal(verifier, token)).code).toBe("token-invalid");
});

test("[R23] cannot judge a key id that is new while the key server is away", async () => {
  using server = startKeyServer();
  using clock = stoppedClocks();
  const [first, second] = [await createKey("first"), await createKey("second")];
  await server.publish(first);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  await verifier.verify(await sign({}, first));
  server.answer = () => new Response("busy", { status: 500 });
  clock.by(11_000);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const error = await refusal(verifier, await sign({}, second));
    expect(error.code).toBe("keys-unreachable");
    await verifier.verify(await sign({}, first));
  }
  expect(server.requestCount).toBe(2);
});

test("keeps the keys of a set that it can use, and passes the others over", async () => {
  using server = startKeyServer();
  const key = await createKey("only");
  const jwk = { ...(await exportJWK(key.publicKey)), kid: "only" };
  const keys = [
    { kty: "RSA", kid: "broken" },
    { kty: "oct", kid: "secret", k: "c2VjcmV0" },
    { ...jwk, kid: "for another use", use: "enc" },
    { ...(await exportJWK(key.key)), kid: "private" },
    jwk,
  ];
  server.answer = () => Response.json({ keys });
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  await verifier.verify(await sign({}, key));
  for (const keyId of ["broken", "secret", "for another use", "private"]) {
    expect((await refusal(verifier, await sign({}, { ...key, keyId }))).code).toBe("token-invalid");
  }
});

test("[R23] follows no redirect to a key set", async () => {
  using server = startKeyServer();
  using other = startKeyServer();
  using clock = stoppedClocks();
  const key = await createKey("only");
  await other.publish(key);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  for (const status of [301, 302, 303, 307, 308]) {
    server.answer = () => Response.redirect(other.url.href, status);
    const error = await refusal(verifier, await sign({}, key));
    expect(error.message).toContain(`status ${status}`);
    clock.by(1500);
  }
  expect(other.requestCount).toBe(0);
});

test("reads no compressed set, because a small one may hold gigabytes", async () => {
  using server = startKeyServer();
  const key = await createKey("only");
  const jwk = { ...(await exportJWK(key.publicKey)), kid: "only" };
  const body = Bun.gzipSync(JSON.stringify({ keys: [jwk] }));
  server.answer = () => new Response(body, { headers: { "content-encoding": "gzip" } });
  const error = await refusal(createTokenVerifier({ jwksUrl: server.url }), await sign({}, key));
  expect(error.code).toBe("keys-unreachable");
});

test("survives a set that is nested as deep as its bound allows", async () => {
  using server = startKeyServer();
  using clock = stoppedClocks();
  const key = await createKey("only");
  const token = await sign({}, key);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  const nested = "[".repeat(125_000) + "]".repeat(125_000);
  server.answer = () => new Response(`{"keys":[{"kty":"RSA","x":${nested}}]}`);
  expect((await refusal(verifier, token)).code).toBe("keys-unreachable");
  clock.by(1500);
  await server.publish(key);
  await verifier.verify(token);
});

test("[R23] names neither the key server's address nor its answer", async () => {
  using server = startKeyServer();
  const key = await createKey("only");
  const token = await sign({}, key);
  server.answer = () => new Response("an internal matter", { status: 500 });
  const url = new URL("/keys?credential=hidden", server.url);
  expectNoAddress(await refusal(createTokenVerifier({ jwksUrl: url }), token), url);
  server[Symbol.dispose]();
  expectNoAddress(await refusal(createTokenVerifier({ jwksUrl: url }), token), url);
});

function expectNoAddress(error: Error, url: URL): void {
  const shown = Bun.inspect(error, { depth: 10 });
  for (const secret of [url.host, "credential", "hidden", "internal matter"]) {
    expect(shown).not.toContain(secret);
  }
}

test("gives up on a key server that never answers, or never ends its answer", async () => {
  const { promise: never, resolve } = Promise.withResolvers<Response>();
  const key = await createKey("only");
  const begun = () => new Response(new ReadableStream({ start: (body) => body.enqueue("{") }));
  const outcomes = [() => never, begun].map(async (answer) => {
    using silent = startKeyServer();
    silent.answer = answer;
    return await refusal(createTokenVerifier({ jwksUrl: silent.url }), await sign({}, key));
  });
  for (const error of await Promise.all(outcomes)) {
    expect(error.code).toBe("keys-unreachable");
    expect(error.message).toContain("TimeoutError");
  }
  resolve(new Response());
});

test("uses good keys on when the key server hangs", async () => {
  using server = startKeyServer();
  using clock = stoppedClocks();
  const { promise: never, resolve } = Promise.withResolvers<Response>();
  const key: SigningKey = await createKey("only");
  await server.publish(key);
  const token = await sign({}, key);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  await verifier.verify(token);
  server.answer = () => never;
  clock.by(11 * MINUTE);
  await Promise.all([verifier.verify(token), verifier.verify(token)]);
  expect(server.requestCount).toBe(2);
  resolve(new Response());
});
