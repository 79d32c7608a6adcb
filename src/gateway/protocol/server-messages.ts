/**
 * What the transcription socket tells a client: JSON text messages, and how they come about from what was said. The README's
 * protocol section and the browser client are written against these types.
 *
 * Every message has a `seq`. It grows over the whole session, across its sockets (R21); numbers may be left out. A client that
 * comes back names the highest one that it has seen. In `session`, and in what is about the connection alone while missed
 * messages are still being sent, it counts nothing: it repeats what the client named, or is 0.
 */
import type { FailureCode } from "../../kernel/errors.ts";
import type { Transcript, Translation } from "../../relay/ports.ts";

/**
 * A partial replaces the earlier text of its `utterance_id`; the final has the same id and is the last word. A final without
 * text takes the partials back: what they said comes under another id, or was nothing.
 */
export interface TranscriptionMessage {
  readonly type: "transcription";
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

/** The first message of a connection that is let in: what to keep for the case that it is cut off (R21). */
export interface SessionMessage {
  readonly type: "session";
  readonly seq: number;
  /** This connection's id, as the server's log lines name it. */
  readonly connection_id: string;
  /** Names the session in `?resume=`; a secret of its owner. */
  readonly resume: string;
  /** True when an earlier connection's session goes on here; what was missed comes next. */
  readonly resumed: boolean;
  /**
   * Audio of the session that has arrived, over all its connections; send what follows it. Times the bytes of a millisecond
   * it gives a whole number of bytes, once rounded.
   */
  readonly audio_received_ms: number;
  /** How long after a cut the session waits. */
  readonly grace_ms: number;
}

/** Speech is heard from now on. Audio sent before it was kept and is heard too. Comes again after a resume. */
export interface ReadyMessage {
  readonly type: "ready";
  readonly seq: number;
  /** As in `session`. */
  readonly resume: string;
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
 * - `missed`: finals that cannot be sent again after a resume; they stand in the stored transcript.
 * - `too-fast`: audio comes faster than it can be spoken; going on like this ends in a close with 4008.
 * - `token-expiring`: send a fresh token, or the connection is closed with 4001. `token-refreshed`: it was taken.
 */
export type StatusState =
  | "queued"
  | "draining"
  | "reconnecting"
  | "live"
  | "gap"
  | "unjournaled"
  | "journaled"
  | "missed"
  | "too-fast"
  | "token-expiring"
  | "token-refreshed";

export interface StatusMessage {
  readonly type: "status";
  readonly seq: number;
  readonly state: StatusState;
  /** With `queued`: how many wait, up to and including this client. */
  readonly position?: number;
  /** With `gap`: audio between these ISO times was dropped before the provider could hear it. */
  readonly from?: string;
  readonly to?: string;
  /** With `missed`: how many. */
  readonly count?: number;
  /** With `too-fast`: audio that may still come at once before the close. */
  readonly allowance_ms?: number;
  /** With `token-expiring` and `token-refreshed`: when the token in force ends, ISO 8601. */
  readonly expires_at?: string;
}

/** Comes before every abnormal close. */
export interface ErrorMessage {
  readonly type: "error";
  readonly seq: number;
  readonly message: string;
  readonly code: FailureCode;
  /** Whether connecting again may help without changing anything. */
  readonly retryable: boolean;
  /** Wait this long before connecting again; jittered, so that a crowd does not come back together. */
  readonly retry_after_ms?: number;
  /** The session goes on, or its last messages can still be had: come back to it by `?resume=`. */
  readonly resume?: string;
}

export type ServerMessage =
  | TranscriptionMessage
  | TranslationMessage
  | SessionMessage
  | ReadyMessage
  | StatusMessage
  | ErrorMessage;

/** A message before it is numbered. Spread over the union, because `Omit` would merge its members. */
export type Unnumbered<Message> = Message extends ServerMessage ? Omit<Message, "seq"> : never;

/** The text of a numbered message. One spread and one pass: this is the hot path down. */
export function serialise(seq: number, message: Unnumbered<ServerMessage>): string {
  return JSON.stringify({ seq, ...message });
}

export function transcriptionMessage(transcript: Transcript): Unnumbered<TranscriptionMessage> {
  return {
    type: "transcription",
    text: transcript.text,
    is_final: transcript.isFinal,
    utterance_id: transcript.utteranceKey,
    started_at: transcript.startedAt.toISOString(),
    ended_at: transcript.endedAt.toISOString(),
    ...(transcript.language !== undefined && { language: transcript.language }),
    ...(transcript.confidence !== undefined && { confidence: transcript.confidence }),
  };
}

export function translationMessage(translation: Translation): Unnumbered<TranslationMessage> {
  return {
    type: "translation",
    utterance_id: translation.translationOf,
    text: translation.text,
    language: translation.language,
    started_at: translation.startedAt.toISOString(),
    ended_at: translation.endedAt.toISOString(),
  };
}

/** A kept final, whichever of the two it is. */
export function finalMessage(
  final: Transcript,
): Unnumbered<TranscriptionMessage> | Unnumbered<TranslationMessage> {
  return isTranslation(final) ? translationMessage(final) : transcriptionMessage(final);
}

function isTranslation(transcript: Transcript): transcript is Translation {
  return transcript.translationOf !== undefined && transcript.language !== undefined;
}
