import { exportJWK, generateKeyPair } from "jose";

export interface KeyServer extends Disposable {
  readonly url: URL;
  readonly requestCount: number;
  /** What is answered from now on. */
  answer: () => Response | Promise<Response>;
  publish(...keys: readonly SigningKey[]): Promise<void>;
}

export interface SigningKey {
  readonly algorithm: string;
  readonly keyId: string;
  readonly key: CryptoKey;
  readonly publicKey: CryptoKey;
}

export async function createKey(keyId: string, algorithm = "RS256"): Promise<SigningKey> {
  const pair = await generateKeyPair(algorithm, { extractable: true });
  return { algorithm, keyId, key: pair.privateKey, publicKey: pair.publicKey };
}

/** A real server of key sets. It counts what it is asked, and publishes an empty set at first. */
export function startKeyServer(): KeyServer {
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
    /** What is answered from now on. */
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
