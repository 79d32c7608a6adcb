import { expect, test } from "bun:test";
import { exportJWK, exportSPKI } from "jose";
import { createTokenVerifier } from "../../src/auth/token-verifier.ts";
import { encoded, refusal, secret, sign, signHeader } from "../support/actors/clients/tokens.ts";
import { createKey, startKeyServer } from "../support/actors/networks/key-server.ts";
import { stoppedClocks, WALL_CLOCK_STEPS_MS } from "../support/probes/fake-time.ts";

test("accepts RS256, ES256 and EdDSA by published keys, fetched once", async () => {
  using server = startKeyServer();
  const keys = await Promise.all(["RS256", "ES256", "EdDSA"].map((alg) => createKey(alg, alg)));
  await server.publish(...keys);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  for (const key of keys) {
    expect((await verifier.verify(await sign({}, key))).speaker.identity).toBe("host");
  }
  expect(server.requestCount).toBe(1);
});

test("[R23] sees a rotated key after the cooldown, and asks only once within it", async () => {
  using server = startKeyServer();
  using clock = stoppedClocks();
  const [first, second] = [await createKey("first"), await createKey("second")];
  await server.publish(first);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  await verifier.verify(await sign({}, first));
  await server.publish(second);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    expect((await refusal(verifier, await sign({}, second))).code).toBe("token-invalid");
  }
  expect(server.requestCount).toBe(1);
  clock.by(11_000);
  await verifier.verify(await sign({}, second));
  expect((await refusal(verifier, await sign({}, first))).code).toBe("token-invalid");
  expect(server.requestCount).toBe(2);
});

test("asks once in ten seconds for invented key ids, whatever their number", async () => {
  using server = startKeyServer();
  using clock = stoppedClocks();
  const [known, stranger] = [await createKey("known"), await createKey("stranger")];
  await server.publish(known);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  for (let round = 1; round <= 3; round += 1) {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const token = await sign({}, { ...stranger, keyId: crypto.randomUUID() });
      expect((await refusal(verifier, token)).code).toBe("token-invalid");
    }
    await verifier.verify(await sign({}, known));
    expect(server.requestCount).toBe(round);
    clock.by(11_000);
  }
});

test("makes one request for all tokens that wait for it", async () => {
  using server = startKeyServer();
  using clock = stoppedClocks();
  const [first, second] = [await createKey("first"), await createKey("second")];
  await server.publish(first);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  const [tokens, later] = [[first], [first, second]].map((keys) =>
    Promise.all(Array.from({ length: 20 }, (_, at) => sign({}, keys[at % keys.length]))),
  );
  await Promise.all((await tokens!).map((token) => verifier.verify(token)));
  expect(server.requestCount).toBe(1);
  await server.publish(first, second);
  const waiting = await later!;
  clock.by(11_000);
  await Promise.all(waiting.map((token) => verifier.verify(token)));
  expect(server.requestCount).toBe(2);
});

test("[R23] forgets a withdrawn key when the set has aged", async () => {
  using server = startKeyServer();
  using clock = stoppedClocks();
  const [withdrawn, kept] = [await createKey("withdrawn"), await createKey("kept")];
  await server.publish(withdrawn, kept);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  const token = await sign({}, withdrawn);
  await verifier.verify(token);
  await server.publish(kept);
  clock.by(599_000);
  await verifier.verify(token);
  expect(server.requestCount).toBe(1);
  clock.by(1_500);
  expect((await refusal(verifier, token)).code).toBe("token-invalid");
  expect(server.requestCount).toBe(2);
});

test.each(WALL_CLOCK_STEPS_MS)(
  "[R23] neither trusts keys longer nor asks for them sooner when the wall clock is set by %d ms",
  async (stepMs) => {
    using server = startKeyServer();
    using clock = stoppedClocks();
    const [first, second] = [await createKey("first"), await createKey("second")];
    await server.publish(first);
    const verifier = createTokenVerifier({ jwksUrl: server.url });
    await verifier.verify(await sign({}, first));
    await server.publish(second);
    clock.stepWallClock(stepMs);
    expect((await refusal(verifier, await sign({}, second))).code).toBe("token-invalid");
    await verifier.verify(await sign({}, first));
    expect(server.requestCount).toBe(1);
    clock.by(11_000);
    await verifier.verify(await sign({}, second));
    expect(server.requestCount).toBe(2);
  },
);

test("[R23] refuses a published key used as an HS256 secret, whatever is configured", async () => {
  using server = startKeyServer();
  for (const algorithm of ["RS256", "ES256", "EdDSA"]) {
    const key = await createKey("only", algorithm);
    await server.publish(key);
    const jwk = await exportJWK(key.publicKey);
    const pem = await exportSPKI(key.publicKey);
    const secrets = [
      pem,
      pem.trim(),
      pem.replaceAll("\n", "\r\n"),
      JSON.stringify(jwk),
      JSON.stringify({ keys: [jwk] }),
      String(jwk.n ?? jwk.x).padEnd(32),
    ];
    for (const options of [{ jwksUrl: server.url }, { jwksUrl: server.url, secret }]) {
      const verifier = createTokenVerifier(options);
      await verifier.verify(await sign({}, key));
      for (const forged of secrets) {
        const token = await sign({}, { key: forged, keyId: "only" });
        expect((await refusal(verifier, token)).code).toBe("token-invalid");
      }
    }
  }
});

test("[R23] never takes a secret from the published set", async () => {
  using server = startKeyServer();
  const key = await createKey("only");
  const forger = "a secret that somebody has published";
  const k = Buffer.from(forger).toString("base64url");
  const published = { ...(await exportJWK(key.publicKey)), kid: "only" };
  const oct = { kty: "oct", k, kid: "oct", alg: "HS256" };
  server.answer = () => Response.json({ keys: [published, oct] });
  for (const options of [{ jwksUrl: server.url }, { jwksUrl: server.url, secret }]) {
    const token = await sign({}, { key: forger, keyId: "oct" });
    const error = await refusal(createTokenVerifier(options), token);
    expect(error.code).toBe("token-invalid");
  }
});

test("[R23] refuses a token that names another algorithm than it was signed by", async () => {
  using server = startKeyServer();
  const [rsa, ec] = [await createKey("rsa"), await createKey("ec", "ES256")];
  await server.publish(rsa, ec);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  const names = ["RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "HS256", "rs256", "RS256 "];
  for (const key of [rsa, ec]) {
    const [, body, signature] = (await sign({}, key)).split(".");
    for (const alg of names.filter((name) => name !== key.algorithm)) {
      const token = `${encoded({ alg, kid: key.keyId })}.${body}.${signature}`;
      expect((await refusal(verifier, token)).code).toBe("token-invalid");
    }
  }
});

test("chooses the key by the algorithm when both are configured, and never tries the other", async () => {
  using server = startKeyServer();
  const key = await createKey("only");
  await server.publish(key);
  const verifier = createTokenVerifier({ secret, jwksUrl: server.url });
  await verifier.verify(await sign({}));
  expect(server.requestCount).toBe(0);
  await verifier.verify(await sign({}, key));
  const onlyKeys = createTokenVerifier({ jwksUrl: server.url });
  expect((await refusal(onlyKeys, await sign({}))).code).toBe("token-invalid");
  const onlySecret = createTokenVerifier({ secret });
  expect((await refusal(onlySecret, await sign({}, key))).code).toBe("token-invalid");
});

test("[R23] refuses an unknown key id, and ids that are tricks", async () => {
  using server = startKeyServer();
  const [published, stranger] = [await createKey("known"), await createKey("unknown")];
  await server.publish(published);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  const tricks: readonly unknown[] = [
    "unknown",
    "known",
    "KNOWN",
    "",
    "../../dev/null",
    "/proc/self/environ",
    "__proto__",
    "constructor",
    "' OR 1=1 --",
    "\0",
    "known\0",
    "http://x/",
    "k".repeat(8000),
    ["known"],
    { known: true },
    0,
    true,
    null,
    undefined,
  ];
  for (const kid of tricks) {
    const token = await signHeader({ alg: "RS256", kid }, stranger.key);
    expect((await refusal(verifier, token)).code).toBe("token-invalid");
  }
  expect(server.requestCount).toBe(1);
});

test("[R23] passes a key id by that is no text, even with the right key", async () => {
  using server = startKeyServer();
  const published = await createKey("known");
  await server.publish(published);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  for (const kid of [["known"], { known: true }, 0, null]) {
    const token = await signHeader({ alg: "RS256", kid }, published.key);
    expect((await refusal(verifier, token)).code).toBe("token-invalid");
  }
  await verifier.verify(await signHeader({ alg: "RS256" }, published.key));
});

test("[R23] follows nothing in the header to a key: jwk, jku, x5u and x5c", async () => {
  using server = startKeyServer();
  using attacker = startKeyServer();
  const [published, stranger] = [await createKey("known"), await createKey("known")];
  await server.publish(published);
  await attacker.publish(stranger);
  const verifier = createTokenVerifier({ jwksUrl: server.url, secret });
  const jwk = { ...(await exportJWK(stranger.publicKey)), kid: "known" };
  const tricks = [
    { jwk },
    { jku: attacker.url.href },
    { x5u: attacker.url.href },
    { x5c: ["MIIB"], x5t: "known" },
  ];
  for (const trick of tricks) {
    const token = await signHeader({ alg: "RS256", kid: "known", ...trick }, stranger.key);
    expect((await refusal(verifier, token)).code).toBe("token-invalid");
    // The right key counts, whatever stands beside it.
    await verifier.verify(
      await signHeader({ alg: "RS256", kid: "known", ...trick }, published.key),
    );
  }
  expect(attacker.requestCount).toBe(0);
});

test("[R23] refuses a key id that several published keys have", async () => {
  using server = startKeyServer();
  const [one, other] = [await createKey("same"), await createKey("same")];
  await server.publish(one, other);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  for (const key of [one, other]) {
    const error = await refusal(verifier, await sign({}, key));
    expect(error.code).toBe("token-invalid");
    expect(error.message).toContain("one of several");
  }
});

test("knows keys of one id apart by their algorithm", async () => {
  using server = startKeyServer();
  const keys = [await createKey("same"), await createKey("same", "ES256")];
  await server.publish(...keys);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  for (const key of keys) await verifier.verify(await sign({}, key));
});

test("refuses a token without key id when several keys would fit", async () => {
  using server = startKeyServer();
  const keys = [await createKey("first"), await createKey("second")] as const;
  await server.publish(...keys);
  const { algorithm, key } = keys[0];
  const error = await refusal(
    createTokenVerifier({ jwksUrl: server.url }),
    await sign({}, { algorithm, key }),
  );
  expect(error.message).toBe(
    "expected a key id that names one published key, got none or one of several",
  );
});

test("refuses another asymmetric algorithm than the pinned ones", async () => {
  using server = startKeyServer();
  const keys = await Promise.all(["PS256", "RS512", "ES384"].map((alg) => createKey(alg, alg)));
  await server.publish(...keys);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  for (const key of keys) {
    expect((await refusal(verifier, await sign({}, key))).code).toBe("token-invalid");
  }
  expect(server.requestCount).toBe(0);
});
