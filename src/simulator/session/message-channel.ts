import type { SocketFault } from "../faults/fault.ts";
import { flagOf, type LiveMessage, type MessageBody } from "../wire/messages.ts";
import type { MessagesConfig } from "../wire/session-request.ts";

/**
 * How many messages a result repeats: those of three hours of lively speech. Beyond it the oldest
 * ones are dropped.
 */
const MESSAGES_MAX = 50_000;

/** The session's end of a socket. */
export interface Outlet {
  /** `text` is what goes out; `body` says what it is. */
  send(text: string, body: MessageBody): void;
  close(code: number, reason: string): void;
  suffer(fault: SocketFault): void;
}

/**
 * Lets through what the session's request asked for, to whichever socket there is, and keeps it for
 * the result.
 */
export class MessageChannel {
  readonly #sessionId: string;
  readonly #flags: MessagesConfig;
  readonly #messages: string[] = [];
  /** While there is none, messages are kept for the result alone: the next socket never gets them. */
  outlet: Outlet | undefined;

  constructor(sessionId: string, flags: MessagesConfig) {
    this.#sessionId = sessionId;
    this.#flags = flags;
  }

  /** As JSON, in order, without the acknowledgments of audio, which would outnumber all others. */
  get messages(): readonly string[] {
    return this.#messages;
  }

  emit(body: MessageBody): void {
    if (!this.#flags[flagOf(body)]) return;
    const message: LiveMessage = {
      session_id: this.#sessionId,
      created_at: new Date().toISOString(),
      ...body,
    };
    const text = JSON.stringify(message);
    this.outlet?.send(text, body);
    if (body.type === "audio_chunk") return;
    this.#messages.push(text);
    if (this.#messages.length > MESSAGES_MAX) this.#messages.shift();
  }

  refuse(type: "audio_chunk" | "stop_recording", problem: string): void {
    this.emit({ type, acknowledged: false, error: { message: problem }, data: null });
  }

  /**
   * Closes the socket, if there is one, and forgets it first: its close event then concerns nobody.
   */
  close(code: number, reason: string): void {
    const { outlet } = this;
    this.outlet = undefined;
    outlet?.close(code, reason);
  }
}
