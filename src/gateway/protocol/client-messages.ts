/** What a client may say in a text frame of the transcription socket; audio comes in binary frames. */
import * as v from "valibot";
import { accepted, refused, type Parsed } from "../../kernel/result.ts";

/** The client will send no more audio; it gets the last finals, then close 1000. */
export interface StopMessage {
  readonly type: "stop";
}

/** A fresh token of the same subject, call and identity, before the old one ends. */
export interface RefreshMessage {
  readonly type: "refresh";
  readonly token: string;
}

export type ClientMessage = StopMessage | RefreshMessage;

/** A control message holds at most a token, and `auth` accepts none above 12 KiB. */
export const CONTROL_MESSAGE_BYTES_MAX = 16_384;

const clientMessageSchema = v.variant("type", [
  v.object({ type: v.literal("stop") }),
  v.object({ type: v.literal("refresh"), token: v.pipe(v.string(), v.nonEmpty()) }),
]);

/** Reads a text frame. The problem never quotes the frame, because it may hold a token. */
export function parseClientMessage(text: string): Parsed<ClientMessage> {
  if (text.length > CONTROL_MESSAGE_BYTES_MAX) {
    return refused(
      `expected a control message of at most ${CONTROL_MESSAGE_BYTES_MAX} characters, got ${text.length}`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may hold a token.
    return refused(
      "expected a text frame with JSON, got something else; audio goes in binary frames",
    );
  }
  const parsed = v.safeParse(clientMessageSchema, json);
  if (parsed.success) return accepted(parsed.output);
  return refused('expected {"type":"stop"} or {"type":"refresh","token":"…"}');
}
