import * as v from "valibot";
import { accepted, refused, type Parsed } from "../kernel/result.ts";
import type { Speaker } from "../relay/ports.ts";
import {
  CHOICE_NAMES,
  parseRecognitionChoices,
  type RecognitionChoices,
} from "../relay/recognition/recognition-choices.ts";

export interface VerifiedToken {
  readonly speaker: Speaker;
  /** What the issuer has decided by the claim `stt`; it wins over what the client asks for. */
  readonly recognitionChoices: RecognitionChoices;
  /** The token's `exp`. The session ends here unless the token is refreshed (R23). */
  readonly expiresAt: Date;
}

/** Long enough for a UUID, an e-mail address or a URN; short enough for a log line and an index entry. */
const CLAIM_CHARACTERS_MAX = 256;

/** The last second that a Date can hold: ECMA-262, section 21.4.1.1. */
const EPOCH_SECONDS_MAX = 8_640_000_000_000;

// Claims reach log lines, file names and subtitles: a line break there would forge one. Half a surrogate pair has no
// UTF-8, so that two different identities would meet in the database.
const printable = v.pipe(
  v.string(),
  v.maxLength(CLAIM_CHARACTERS_MAX),
  v.regex(/^[^\p{Cc}\p{Cs}]*$/u),
);
const printableNonEmpty = v.pipe(printable, v.nonEmpty());

const claimsSchema = v.object({
  sub: printableNonEmpty,
  sessionSlug: v.pipe(printableNonEmpty, v.check(isNameable)),
  identity: printableNonEmpty,
  name: v.optional(printable),
  sessionId: v.optional(printable),
  // The verifier bounds the whole token, and with it this claim.
  stt: v.optional(v.custom<Readonly<Record<string, unknown>>>(isObject)),
  exp: v.pipe(v.number(), v.maxValue(EPOCH_SECONDS_MAX)),
});

const EXPECTED_TEXT = `a text of at most ${CLAIM_CHARACTERS_MAX} characters without control characters`;
/** Of a call's slug, beside that. */
export const EXPECTED_SLUG = 'neither "." nor "..", which no URL can name';
const EXPECTED: Record<keyof typeof claimsSchema.entries, string> = {
  sub: `${EXPECTED_TEXT}, not empty`,
  sessionSlug: `${EXPECTED_TEXT}, not empty, ${EXPECTED_SLUG}`,
  identity: `${EXPECTED_TEXT}, not empty`,
  name: `absent or ${EXPECTED_TEXT}`,
  sessionId: `absent or ${EXPECTED_TEXT}`,
  stt: "absent or an object of recognition options",
  exp: `a number of seconds up to ${EPOCH_SECONDS_MAX}`,
};

/**
 * Whether a URL can name the call. Every client takes these two out of a path, encoded or not (RFC 3986, 5.2.4, and the URL
 * standard), so that what was said in such a call could be stored and never be read.
 */
export function isNameable(slug: string): boolean {
  return slug !== "." && slug !== "..";
}

/** Names what a verified payload says. The problem tells the first claim that does not fit, never its value. */
export function parseClaims(payload: unknown): Parsed<VerifiedToken> {
  const parsed = v.safeParse(claimsSchema, payload, { abortEarly: true });
  if (!parsed.success) return refused(describeIssue(parsed.issues[0]));
  const { sub, sessionSlug, identity, name, stt, exp } = parsed.output;
  const choices = parseDecisions(stt ?? {});
  if (!choices.ok) return choices;
  // An issuer that knows no name often sends an empty one.
  const shownName = name === undefined || name === "" ? identity : name;
  return accepted({
    speaker: { subject: sub, sessionSlug, identity, name: shownName },
    recognitionChoices: choices.value,
    expiresAt: new Date(exp * 1000),
  });
}

/** The issuer's word is followed or refused, never passed over: a name that nobody knows is a misspelt one. */
function parseDecisions(stt: Readonly<Record<string, unknown>>): Parsed<RecognitionChoices> {
  if (!Object.keys(stt).every((name) => CHOICE_NAMES.includes(name))) {
    const known = CHOICE_NAMES.join(", ");
    return refused(`expected the claim "stt" to have members of ${known}, got another`);
  }
  const parsed = parseRecognitionChoices(stt);
  return parsed.ok ? parsed : refused(`claim "stt": ${parsed.problem}`);
}

function describeIssue(issue: v.InferIssue<typeof claimsSchema>): string {
  const claim = v.getDotPath(issue);
  if (claim === null || !isClaim(claim)) return "expected an object of claims";
  const { input } = issue;
  const got = typeof input === "string" ? `${input.length} characters` : typeof input;
  return `expected the claim "${claim}" to be ${EXPECTED[claim]}, got ${got}`;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isClaim(claim: string): claim is keyof typeof EXPECTED {
  return Object.hasOwn(EXPECTED, claim);
}
