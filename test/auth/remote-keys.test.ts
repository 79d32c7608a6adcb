import { expect, setSystemTime, test } from "bun:test";
import { exportJWK, exportSPKI, generateKeyPair } from "jose";
import { createTokenVerifier } from "../../src/auth/token-verifier.ts";
import { refusal, secret, sign } from "./tokens.ts";

interface KeyServer extends Disposable {
  readonly url: URL;
  readonly requestCount: number;
  answer: () => Response | Promise<Response>;
  publish(...keys: readonly SigningKey[]): Promise<void>;
}

interface SigningKey {
  readonly algorithm: string;
  readonly keyId: string;
  readonly key: CryptoKey;
  readonly publicKey: CryptoKey;
}

async function createKey(keyId: string, algorithm = "RS256"): Promise<SigningKey> {
  const pair = await generateKeyPair(algorithm, { extractable: true });
  return { algorithm, keyId, key: pair.privateKey, publicKey: pair.publicKey };
}

function startKeyServer(): KeyServer {
  let requestCount = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => {
      requestCount += 1;
      return keyServer.answer();
    },
  });
  const keyServer: KeyServer = {
    url: new URL("/jwks.json", server.url),
    get requestCount() {
      return requestCount;
    },
    answer: () => Response.json({ keys: [] }),
    async publish(...keys) {
      const jwks = await Promise.all(
        keys.map(async ({ publicKey, keyId, algorithm }) =>
          Object.assign(await exportJWK(publicKey), { kid: keyId, alg: algorithm }),
        ),
      );
      this.answer = () => Response.json({ keys: jwks });
    },
    [Symbol.dispose]: () => void server.stop(true),
  };
  return keyServer;
}

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

test("sees a rotated key after the cooldown, and asks only once within it", async () => {
  using server = startKeyServer();
  const [first, second] = [await createKey("first"), await createKey("second")];
  await server.publish(first);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  await verifier.verify(await sign({}, first));
  await server.publish(second);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    expect((await refusal(verifier, await sign({}, second))).code).toBe("token-invalid");
  }
  expect(server.requestCount).toBe(1);
  setSystemTime(Date.now() + 11_000);
  try {
    await verifier.verify(await sign({}, second));
    expect((await refusal(verifier, await sign({}, first))).code).toBe("token-invalid");
    expect(server.requestCount).toBe(2);
  } finally {
    setSystemTime();
  }
});

test("forgets a withdrawn key when the set has aged", async () => {
  using server = startKeyServer();
  const key = await createKey("only");
  await server.publish(key);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  await verifier.verify(await sign({}, key));
  await server.publish();
  setSystemTime(Date.now() + 601_000);
  try {
    expect((await refusal(verifier, await sign({}, key))).code).toBe("token-invalid");
  } finally {
    setSystemTime();
  }
});

test("refuses a published RSA key used as an HS256 secret, whatever is configured", async () => {
  using server = startKeyServer();
  const key = await createKey("only");
  await server.publish(key);
  const pem = await exportSPKI(key.publicKey);
  const jwk = JSON.stringify(await exportJWK(key.publicKey));
  for (const options of [{ jwksUrl: server.url }, { jwksUrl: server.url, secret }]) {
    const verifier = createTokenVerifier(options);
    await verifier.verify(await sign({}, key));
    for (const forged of [pem, jwk]) {
      const token = await sign({}, { key: forged, keyId: "only" });
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

test("refuses an unknown key id, and ids that are tricks", async () => {
  using server = startKeyServer();
  const [published, stranger] = [await createKey("known"), await createKey("unknown")];
  await server.publish(published);
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  const tricks = [
    "unknown",
    "known",
    "",
    "../../dev/null",
    "__proto__",
    "' OR 1=1 --",
    "\0",
    "http://x/",
  ];
  for (const keyId of tricks) {
    const token = await sign({}, { ...stranger, keyId });
    expect((await refusal(verifier, token)).code).toBe("token-invalid");
  }
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
  expect(error.message).toBe("expected a key id that names one key, got none");
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

test("says that the keys are unreachable, not that the token is wrong, and recovers", async () => {
  using server = startKeyServer();
  const key = await createKey("only");
  const verifier = createTokenVerifier({ jwksUrl: server.url });
  const failures = [
    () => new Response("busy", { status: 503 }),
    () => new Response("<html>"),
    () => Response.json({ error: "none" }),
    () => Response.redirect("http://127.0.0.1:9/", 302),
  ];
  for (const answer of failures) {
    server.answer = answer;
    const error = await refusal(verifier, await sign({}, key));
    expect(error.code).toBe("keys-unreachable");
    expect(error.retryable).toBe(true);
  }
  await server.publish(key);
  await verifier.verify(await sign({}, key));
});

test("says that the keys are unreachable when nobody listens", async () => {
  const server = startKeyServer();
  const { url } = server;
  server[Symbol.dispose]();
  const key = await createKey("only");
  const error = await refusal(createTokenVerifier({ jwksUrl: url }), await sign({}, key));
  expect(error.code).toBe("keys-unreachable");
  expect(error.message).toContain(url.host);
});

test("gives up on a key server that never answers", async () => {
  using server = startKeyServer();
  const { promise: never, resolve } = Promise.withResolvers<Response>();
  server.answer = () => never;
  const key = await createKey("only");
  const error = await refusal(createTokenVerifier({ jwksUrl: server.url }), await sign({}, key));
  expect(error.code).toBe("keys-unreachable");
  resolve(new Response());
}, 10_000);
