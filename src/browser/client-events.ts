import type {
  ErrorMessage,
  ReadyMessage,
  ServerMessage,
  SessionMessage,
  StatusMessage,
  TranscriptionMessage,
  TranslationMessage,
} from "../gateway/protocol/server-messages.ts";

/** What a `TranscriptionClient` tells; the messages are handed on as the gateway sent them. */
export interface ClientEvents {
  readonly session: SessionMessage;
  readonly ready: ReadyMessage;
  readonly transcription: TranscriptionMessage;
  readonly translation: TranslationMessage;
  readonly status: StatusMessage;
  /** Comes before an abnormal close. */
  readonly error: ErrorMessage;
  /** Exactly once and last; code 1000 after a regular end, 1006 when the gateway was not reached or vanished. */
  readonly close: { readonly code: number; readonly reason: string };
}

export type ClientListener<Type extends keyof ClientEvents> = (event: ClientEvents[Type]) => void;

/**
 * Reads a text frame of the gateway; undefined when it is none of its messages.
 *
 * It looks at `type` only, and leaves a message of a newer gateway alone: both ends are built from the same types.
 */
export function parseServerMessage(frame: unknown): ServerMessage | undefined {
  if (typeof frame !== "string") return undefined;
  try {
    const json: unknown = JSON.parse(frame);
    return isServerMessage(json) ? json : undefined;
  } catch {
    // A proxy that answers in the gateway's place may send anything; the close that follows tells the user.
    return undefined;
  }
}

const KNOWN_TYPES: Record<ServerMessage["type"], true> = {
  session: true,
  ready: true,
  transcription: true,
  translation: true,
  status: true,
  error: true,
};

function isServerMessage(json: unknown): json is ServerMessage {
  if (typeof json !== "object" || json === null || !("type" in json)) return false;
  return typeof json.type === "string" && Object.hasOwn(KNOWN_TYPES, json.type);
}
