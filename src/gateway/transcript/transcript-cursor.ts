import * as v from "valibot";
import { accepted, refused, type Parsed } from "../../kernel/result.ts";
import type { PageCursor, TranscriptPlace } from "../../relay/stored-transcript.ts";

/** Goes up when the content changes its meaning: a cursor of another version is refused. */
const VERSION = 1;

/** Twice the longest cursor with ids of 128 characters. */
const CURSOR_CHARACTERS_MAX = 1024;

const atUs = v.pipe(v.number(), v.safeInteger());
const id = v.pipe(v.string(), v.regex(/^[\x20-\x7e]{0,128}$/));

/** Mostly the two places are one, which is then written once. */
const contentSchema = v.union([
  v.strictTuple([v.literal(VERSION), atUs, id]),
  v.strictTuple([v.literal(VERSION), atUs, id, atUs, id]),
]);

/** A text for `?after=`, opaque to clients. Equal cursors are equal texts. */
export function encodeCursor({ place, settled }: PageCursor): string {
  const isOnePlace = place.atUs === settled.atUs && place.id === settled.id;
  const content = [VERSION, ...toList(place), ...(isOnePlace ? [] : toList(settled))];
  return Buffer.from(JSON.stringify(content)).toString("base64url");
}

export function parseCursor(text: string): Parsed<PageCursor> {
  const parsed = v.safeParse(contentSchema, decode(text));
  if (!parsed.success) {
    return refused(
      `expected "after" to be the "next" of an earlier answer, got another text of ${text.length} characters`,
    );
  }
  const [, placeAtUs, placeId, settledAtUs = placeAtUs, settledId = placeId] = parsed.output;
  return accepted({
    place: { atUs: placeAtUs, id: placeId },
    settled: { atUs: settledAtUs, id: settledId },
  });
}

function toList(place: TranscriptPlace): readonly unknown[] {
  return [place.atUs, place.id];
}

/** Nothing when it is no base64url of JSON. */
function decode(text: string): unknown {
  if (text.length > CURSOR_CHARACTERS_MAX || !/^[\w-]+$/.test(text)) return undefined;
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString());
  } catch {
    // Whoever made it up hears the same as for any other wrong text.
    return undefined;
  }
}
