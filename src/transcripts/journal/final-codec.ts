import type { SpeakerNames, Transcript } from "../../relay/ports.ts";
import type { Final } from "../final.ts";

/** A member of the text for each thing that a final says; that it is a final need not be said. */
type Member = keyof SpeakerNames | Exclude<keyof Transcript, "isFinal">;

/**
 * A final as the text that is kept of it: one flat object, whose form earlier and later builds read too. JSON writes every
 * character of a JavaScript string such that it comes back, also those that SQLite would end a text at (U+0000) or could not
 * store (half of a surrogate pair).
 */
export function encodeFinal({ speaker, transcript }: Final): string {
  const members: Record<Member, unknown> = {
    sessionSlug: speaker.sessionSlug,
    identity: speaker.identity,
    name: speaker.name,
    utteranceKey: transcript.utteranceKey,
    translationOf: transcript.translationOf,
    text: transcript.text,
    language: transcript.language,
    confidence: transcript.confidence,
    startedAt: transcript.startedAt.getTime(),
    endedAt: transcript.endedAt.getTime(),
  };
  return JSON.stringify(members);
}

/** The same final again; `undefined` when the text is damaged. Members that it does not know are ignored. */
export function decodeFinal(body: string): Final | undefined {
  const members = parseMembers(body);
  if (members === undefined) return undefined;
  const { sessionSlug, identity, name, utteranceKey, translationOf, text, language } = members;
  const confidence = members.confidence === undefined ? undefined : toNumber(members.confidence);
  const startedAtMs = toNumber(members.startedAt);
  const endedAtMs = toNumber(members.endedAt);
  if (
    typeof sessionSlug !== "string" ||
    typeof identity !== "string" ||
    typeof name !== "string" ||
    typeof utteranceKey !== "string" ||
    (translationOf !== undefined && typeof translationOf !== "string") ||
    typeof text !== "string" ||
    (language !== undefined && typeof language !== "string") ||
    (members.confidence !== undefined && confidence === undefined) ||
    startedAtMs === undefined ||
    endedAtMs === undefined
  ) {
    return undefined;
  }
  return {
    speaker: { sessionSlug, identity, name },
    transcript: {
      utteranceKey,
      translationOf,
      text,
      isFinal: true,
      startedAt: new Date(startedAtMs),
      endedAt: new Date(endedAtMs),
      language,
      confidence,
    },
  };
}

function parseMembers(body: string): Partial<Record<Member, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(body);
    // Any object can be read by name when every value stays unknown.
    return typeof json === "object" && json !== null ? json : undefined;
  } catch {
    // The parser's message quotes the text; that it is damaged is all that counts.
    return undefined;
  }
}

/** JSON writes NaN, an invalid time among others, as null. */
function toNumber(value: unknown): number | undefined {
  if (value === null) return Number.NaN;
  return typeof value === "number" ? value : undefined;
}
