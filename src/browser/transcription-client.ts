import type { StopMessage } from "../gateway/protocol/client-messages.ts";
import { parseServerMessage, type ClientEvents, type ClientListener } from "./client-events.ts";

/** What the gateway selects when it is offered beside the token, so that the token is not sent back. */
const PLAIN_PROTOCOL = "stenogate";

/** Ten seconds of PCM16 at 16 kHz: longer than any connection that still succeeds takes to open. */
const AUDIO_BYTES_MAX = 320_000;

/**
 * One microphone's way to the gateway and back.
 *
 * Audio may come before the socket is open: it is kept, and sent first. Beyond `AUDIO_BYTES_MAX` the oldest is dropped
 * before opening, and the frame at hand while a slow network holds the earlier ones; both are counted.
 *
 * Modes: idle → opening → open → finishing → closed. `stop()` while opening finishes once what was kept is sent.
 * A closed client is not used again.
 */
export class TranscriptionClient {
  readonly #listeners: { [Type in keyof ClientEvents]: Set<ClientListener<Type>> } = {
    session: new Set(),
    ready: new Set(),
    transcription: new Set(),
    translation: new Set(),
    status: new Set(),
    error: new Set(),
    close: new Set(),
  };
  #socket: WebSocket | undefined;
  #mode: "idle" | "opening" | "open" | "finishing" | "closed" = "idle";
  #waiting: ArrayBuffer[] = [];
  #waitingBytes = 0;
  #droppedBytes = 0;
  #stopWanted = false;

  /** Audio that could not be kept and will never be heard. */
  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  /** Returns what takes the listener away again. */
  on<Type extends keyof ClientEvents>(type: Type, listener: ClientListener<Type>): () => void {
    this.#listeners[type].add(listener);
    return () => void this.#listeners[type].delete(listener);
  }

  /** `url` is the gateway's `wss://…/api/realtime/transcribe`. The token travels as a sub-protocol: URLs are logged. */
  connect(url: string | URL, token: string): void {
    if (this.#mode !== "idle") {
      throw new Error(`expected an idle client, got one that is ${this.#mode}`);
    }
    const socket = new WebSocket(url, [PLAIN_PROTOCOL, `access_token.${token}`]);
    this.#socket = socket;
    this.#mode = "opening";
    socket.addEventListener("open", () => this.#sendWaiting(socket));
    socket.addEventListener("message", ({ data }) => this.#tell(data));
    socket.addEventListener("close", ({ code, reason }) => {
      this.#mode = "closed";
      this.#waiting = [];
      this.#waitingBytes = 0;
      this.#emit("close", { code, reason });
    });
  }

  /** One frame of raw audio in the format that the URL names. Its buffer must not change afterwards. */
  sendAudio(frame: ArrayBuffer): void {
    if (this.#stopWanted || this.#mode === "closed") return;
    if (this.#mode !== "open" || this.#socket === undefined) {
      this.#keep(frame);
    } else if (this.#socket.bufferedAmount + frame.byteLength > AUDIO_BYTES_MAX) {
      this.#droppedBytes += frame.byteLength;
    } else {
      this.#socket.send(frame);
    }
  }

  /** No more audio. The gateway sends the last finals and closes; repetition is harmless. */
  stop(): void {
    this.#stopWanted = true;
    if (this.#mode !== "open" || this.#socket === undefined) return;
    this.#mode = "finishing";
    const message: StopMessage = { type: "stop" };
    this.#socket.send(JSON.stringify(message));
  }

  #sendWaiting(socket: WebSocket): void {
    this.#mode = "open";
    for (const frame of this.#waiting) socket.send(frame);
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (this.#stopWanted) this.stop();
  }

  #keep(frame: ArrayBuffer): void {
    this.#waiting.push(frame);
    this.#waitingBytes += frame.byteLength;
    while (this.#waitingBytes > AUDIO_BYTES_MAX) {
      const bytes = this.#waiting.shift()?.byteLength ?? 0;
      this.#waitingBytes -= bytes;
      this.#droppedBytes += bytes;
    }
  }

  #tell(frame: unknown): void {
    const message = parseServerMessage(frame);
    if (message === undefined) return;
    // The switch tells the compiler which message belongs to which listener.
    switch (message.type) {
      case "session":
        return this.#emit("session", message);
      case "ready":
        return this.#emit("ready", message);
      case "transcription":
        return this.#emit("transcription", message);
      case "translation":
        return this.#emit("translation", message);
      case "status":
        return this.#emit("status", message);
      case "error":
        return this.#emit("error", message);
    }
  }

  #emit<Type extends keyof ClientEvents>(type: Type, event: ClientEvents[Type]): void {
    for (const listener of this.#listeners[type]) listener(event);
  }
}
