/** Entity tags and the condition `If-None-Match`: RFC 9110, sections 8.8.3 and 13.1.2. */

const TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/;

/** Empty members are allowed in a list: section 5.6.1. */
const TAG_LIST = new RegExp(`^[ \\t,]*(?:${TAG.source}[ \\t]*(?:,[ \\t,]*|$))+$`);

/** Bytes of the digest that are kept: far more than needed for two versions of one transcript to differ. */
const DIGEST_BYTES = 16;

/** Strong: equal tags mean equal bodies. */
export function createEntityTag(body: string): string {
  const digest = new Bun.CryptoHasher("sha256").update(body).digest();
  return `"${digest.subarray(0, DIGEST_BYTES).toString("base64url")}"`;
}

/** Whether the client has this version already, by the value of its `If-None-Match`. A malformed value names none. */
export function hasVersion(ifNoneMatch: string | null, tag: string): boolean {
  if (ifNoneMatch === null) return false;
  if (ifNoneMatch.trim() === "*") return true;
  if (!TAG_LIST.test(ifNoneMatch)) return false;
  // The weak comparison: a proxy that has compressed the body has made the tag weak.
  const named = ifNoneMatch.match(new RegExp(TAG, "g")) ?? [];
  return named.some((member) => member.replace(/^W\//, "") === tag);
}
