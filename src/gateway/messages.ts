/**
 * The JSON text messages of the transcription socket, in both directions. The README's protocol section and the browser
 * client are written against these types.
 */
import * as v from "valibot";
import type { FailureCode } from "../kernel/errors.ts";
import { accepted, refused, type Parsed } from "../kernel/result.ts";

/**
 * A partial replaces the earlier text of its `utterance_id`; the final has the same id and is the last word. A final without
 * text takes the partials back: what they said comes under another id, or was nothing.
 */
export interface TranscriptionMessage {
  readonly type: "transcription";
  /** Counts this socket's transcription and translation messages from 1. */
  readonly seq: number;
  readonly text: string;
  readonly is_final: boolean;
  /** Opaque; unique over all speakers, sessions and time. */
  readonly utterance_id: string;
  /** ISO 8601, UTC. */
  readonly started_at: string;
  readonly ended_at: string;
  readonly language?: string;
  /** 0 to 1. */
  readonly confidence?: number;
}

/** A final in another language. Comes after the final; partials are not translated. */
export interface TranslationMessage {
  readonly type: "translation";
  readonly seq: number;
  /** Of the transcription that it translates. */
  readonly utterance_id: string;
  readonly text: string;
  /** One of those asked for by `translate`. */
  readonly language: string;
  /** ISO 8601, UTC: when the original was said. */
  readonly started_at: string;
  readonly ended_at: string;
}

/** Speech is heard from now on. Audio sent before it was kept and is heard too. */
export interface ReadyMessage {
  readonly type: "ready";
  /** This connection's id, as the server's log lines name it. */
  readonly connection_id: string;
  readonly encoding: string;
  readonly sample_rate: number;
}

/**
 * - `draining`: the server goes away; last finals are still coming.
 * - `queued`: every place of the provider's account is taken.
 * - `reconnecting`: the speech provider is away; what is said is kept and comes late. `live`: it is back.
 * - `gap`: audio was dropped before the provider could hear it.
 * - `unjournaled`: finals wait in memory alone and would be lost with the process. `journaled`: that is over.
 */
export type StatusState =
  | "queued"
  | "draining"
  | "reconnecting"
  | "live"
  | "gap"
  | "unjournaled"
  | "journaled";

export interface StatusMessage {
  readonly type: "status";
  readonly state: StatusState;
  /** With `queued`: how many wait, up to and including this client. */
  readonly position?: number;
  /** With `gap`: audio between these ISO times was dropped before the provider could hear it. */
  readonly from?: string;
  readonly to?: string;
}

/** Comes before every abnormal close. */
export interface ErrorMessage {
  readonly type: "error";
  readonly message: string;
  readonly code: FailureCode;
  /** Whether connecting again may help without changing anything. */
  readonly retryable: boolean;
  /** Wait this long before connecting again; jittered, so that a crowd does not come back together. */
  readonly retry_after_ms?: number;
}

export type ServerMessage =
  | TranscriptionMessage
  | TranslationMessage
  | ReadyMessage
  | StatusMessage
  | ErrorMessage;

/** The client will send no more audio; it gets the last finals, then close 1000. */
export interface StopMessage {
  readonly type: "stop";
}

/** A fresh token of the same subject and session, before the old one ends. */
export interface RefreshMessage {
  readonly type: "refresh";
  readonly token: string;
}

export type ClientMessage = StopMessage | RefreshMessage;

/** A control message holds at most a token; 16 KiB is four times the largest one that `auth` accepts. */
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
