import { TEST_SECRET } from "../processes/gateway-process.ts";

/** HS256 over any text, at once: a library signs nothing but sets of claims, and makes everybody wait for it. */
export function signText(claims: string, secret = TEST_SECRET): string {
  const signed = ['{"alg":"HS256"}', claims]
    .map((part) => Buffer.from(part).toString("base64url"))
    .join(".");
  const signature = new Bun.CryptoHasher("sha256", secret).update(signed).digest("base64url");
  return `${signed}.${signature}`;
}
