import { accepted, refused, type Parsed } from "../../kernel/result.ts";

/** What a client that was cut off asks for. */
export interface ResumeRequest {
  /** Of the session that it was in. Secret: whoever has it and a fitting token hears that session. */
  readonly id: string;
  /** The highest `seq` that it has got; 0 when none. */
  readonly after: number;
}

/** 192 random bits in base64url. */
const ID = /^[\w-]{32}$/;

/** Fifteen digits are exact in a double. */
const AFTER = /^\d{1,15}$/;

/** Reads `resume` and `after` of a URL; undefined where the client begins anew. A problem never quotes the id. */
export function parseResumeRequest(query: URLSearchParams): Parsed<ResumeRequest | undefined> {
  const id = query.get("resume");
  const after = query.get("after") ?? "0";
  if (!AFTER.test(after)) return refused("expected after to be a whole number of 1 to 15 digits");
  if (id === null) return accepted(undefined);
  if (!ID.test(id)) return refused("expected resume to be 32 letters, digits, - or _");
  return accepted({ id, after: Number(after) });
}
