import { AppError, describeError } from "../kernel/errors.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { ClientLink, Transcript, Translation } from "../relay/ports.ts";
import type { SessionLimit, SessionRegistry } from "../relay/session-registry.ts";
import type { Session } from "../relay/session.ts";
import type { Admitted, Authenticator } from "./admission.ts";
import { AudioMeter } from "./audio-meter.ts";
import { closeReason, errorMessage, toClientFailure } from "./client-failure.ts";
import { CLOSINGS, type CloseCode } from "./close-codes.ts";
import { parseClientMessage, type ServerMessage } from "./messages.ts";

/** The one socket this connection owns, as narrow as the use. */
export interface ClientSocket {
  send(text: string): number;
  close(code: number, reason: string): void;
  getBufferedAmount(): number;
}

export interface ClientConnectionDeps {
  readonly sessions: SessionRegistry;
  readonly authenticator: Authenticator;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Unsent bytes beyond which partials are left out: about 200 of them, seconds of captions (R22). */
const PARTIALS_BUFFER_MAX = 65_536;

/** Unsent bytes beyond which the reader counts as gone: hours of finals (R22). */
const READER_BUFFER_MAX = 1_048_576;

/** A token is refreshed every few minutes; each refresh costs a signature check (R23). */
const REFRESH_SPACING_MS = 1000;

const LIMIT_MESSAGES: Readonly<Record<SessionLimit, string>> = {
  "capacity-exhausted": "expected a free session of the gateway, got none",
  "subject-limit": "expected a free session of this subject, got none",
  draining: "the server restarts: connect again",
};

/**
 * One client socket and the session that belongs to it. Transcripts go to this socket and to no other (R20).
 *
 * Modes: created → open → closed. The socket may close before the session has ended: the session then goes on until its
 * trailing finals are stored. The session may end first: then the socket is closed with the code of `close-codes.ts`, after
 * an error message unless the end was regular.
 */
export class ClientConnection implements ClientLink {
  readonly id: string;
  readonly #deps: ClientConnectionDeps;
  readonly #admitted: Admitted;
  readonly #meter: AudioMeter;
  #expiresAtMs: number;
  #refreshableAtMs = 0;
  #socket: ClientSocket | undefined;
  #session: Session | undefined;
  #sequence = 0;
  #isDraining = false;

  constructor(id: string, admitted: Admitted, deps: ClientConnectionDeps) {
    this.id = id;
    this.#deps = { ...deps, log: deps.log.child({ connection: id }) };
    this.#admitted = admitted;
    this.#expiresAtMs = admitted.expiresAt.getTime();
    this.#meter = new AudioMeter(admitted.recognition.audio, Date.now());
  }

  /** The socket is open: starts the session, or refuses when a limit is reached. */
  open(socket: ClientSocket): void {
    this.#socket = socket;
    const { speaker, recognition } = this.#admitted;
    const limit = this.#deps.sessions.limitReachedBy(speaker.subject);
    if (limit !== undefined) {
      this.#deps.metrics.count("refusals", limit);
      this.#close(new AppError(limit, LIMIT_MESSAGES[limit]));
      return;
    }
    this.#session = this.#deps.sessions.open(speaker, recognition, this, this.#deps.log);
  }

  /** A frame came. Audio goes up as it is; the session keeps the frame, so nobody may change it. */
  receive(message: string | Uint8Array): void {
    if (this.#socket === undefined || this.#session === undefined) return;
    if (typeof message === "string") {
      this.#receiveControl(message);
      return;
    }
    const problem = this.#meter.judge(message.byteLength, Date.now());
    if (problem !== undefined) {
      this.#fail(problem);
      return;
    }
    const { tallies } = this.#deps.metrics;
    tallies.audio_frames += 1;
    tallies.audio_bytes += message.byteLength;
    this.#session.acceptAudio(message);
  }

  /** The socket has closed, by whichever side. */
  closed(): void {
    this.#socket = undefined;
    this.#session?.requestStop("client-gone");
  }

  /** R23: ends the connection when its token has. Called by the server's sweep. */
  checkExpiry(nowMs: number): void {
    if (nowMs < this.#expiresAtMs || this.#socket === undefined) return;
    this.#fail(new AppError("token-expired", "the token has expired and was not refreshed"));
  }

  /** R30: tells the client that the server goes away; the close follows when its finals are out. */
  drain(): void {
    this.#isDraining = true;
    this.#send({ type: "status", state: "draining" });
  }

  /** R6: tells the client whether finals survive the process at present. */
  tellJournaling(isUnjournaled: boolean): void {
    this.#send({ type: "status", state: isUnjournaled ? "unjournaled" : "journaled" });
  }

  /** R24: a bug met on behalf of this connection ends this connection, and nothing else. */
  crash(error: unknown): void {
    this.#deps.log.error("A connection failed on our side", { problem: describeError(error) });
    this.#fail(new AppError("internal", "the gateway failed on its side", { cause: error }));
  }

  showReady(): void {
    const { encoding, sampleRate } = this.#admitted.recognition.audio;
    this.#send({ type: "ready", connection_id: this.id, encoding, sample_rate: sampleRate });
  }

  showTranscript(transcript: Transcript): void {
    const { tallies } = this.#deps.metrics;
    const bufferedBytes = this.#socket?.getBufferedAmount() ?? 0;
    if (!transcript.isFinal && bufferedBytes > PARTIALS_BUFFER_MAX) {
      tallies.partials_dropped += 1;
      return;
    }
    if (!this.#isRead()) return;
    this.#sequence += 1;
    this.#send({
      type: "transcription",
      seq: this.#sequence,
      text: transcript.text,
      is_final: transcript.isFinal,
      utterance_id: transcript.utteranceKey,
      started_at: transcript.startedAt.toISOString(),
      ended_at: transcript.endedAt.toISOString(),
      ...(transcript.language !== undefined && { language: transcript.language }),
      ...(transcript.confidence !== undefined && { confidence: transcript.confidence }),
    });
    if (transcript.isFinal) tallies.finals_sent += 1;
    else tallies.partials_sent += 1;
  }

  showTranslation(translation: Translation): void {
    if (!this.#isRead()) return;
    this.#sequence += 1;
    this.#send({
      type: "translation",
      seq: this.#sequence,
      utterance_id: translation.translationOf,
      text: translation.text,
      language: translation.language,
      started_at: translation.startedAt.toISOString(),
      ended_at: translation.endedAt.toISOString(),
    });
  }

  showQueued(position: number): void {
    this.#send({ type: "status", state: "queued", position });
  }

  showInterrupted(): void {
    this.#send({ type: "status", state: "reconnecting" });
  }

  showResumed(): void {
    this.#send({ type: "status", state: "live" });
  }

  showGap(from: Date, to: Date): void {
    this.#send({ type: "status", state: "gap", from: from.toISOString(), to: to.toISOString() });
  }

  end(failure: AppError | undefined): void {
    const drained = this.#isDraining
      ? new AppError("draining", "the server restarts: connect again")
      : undefined;
    this.#close(failure ?? drained);
  }

  /** R22: false when the socket is gone, or has to go now because nobody reads it. */
  #isRead(): boolean {
    if (this.#socket === undefined) return false;
    const bufferedBytes = this.#socket.getBufferedAmount();
    if (bufferedBytes <= READER_BUFFER_MAX) return true;
    this.#fail(new AppError("reader-too-slow", `expected a reader, ${bufferedBytes} bytes wait`));
    return false;
  }

  #receiveControl(text: string): void {
    const parsed = parseClientMessage(text);
    if (!parsed.ok) {
      this.#fail(new AppError("frame-invalid", parsed.problem));
      return;
    }
    if (parsed.value.type === "stop") {
      this.#session?.requestStop("client-stop");
    } else if (Date.now() < this.#refreshableAtMs) {
      this.#fail(new AppError("rate-exceeded", "expected at most one refresh a second"));
    } else {
      this.#refreshableAtMs = Date.now() + REFRESH_SPACING_MS;
      void this.#refresh(parsed.value.token);
    }
  }

  /** Never rejects. A token that does not fit leaves the old one in force: it may still have minutes to go. */
  async #refresh(token: string): Promise<void> {
    const { speaker } = this.#admitted;
    try {
      const renewed = await this.#deps.authenticator.identifyToken(token);
      const isSame =
        renewed.speaker.subject === speaker.subject &&
        renewed.speaker.sessionSlug === speaker.sessionSlug;
      if (isSame) this.#expiresAtMs = renewed.expiresAt.getTime();
      else this.#sendError(new AppError("token-invalid", "expected the same subject and session"));
    } catch (error) {
      this.#sendError(toClientFailure(error, this.#deps.log));
    }
  }

  /** Closes the socket for a failure of the client's; what it said before is still transcribed and stored. */
  #fail(failure: AppError): void {
    this.#close(failure);
    this.#session?.requestStop("gateway-close");
  }

  #close(failure: AppError | undefined): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const closeCode: CloseCode = failure === undefined ? 1000 : CLOSINGS[failure.code].closeCode;
    if (failure !== undefined) this.#sendError(failure);
    this.#deps.metrics.count("closes", String(closeCode));
    this.#socket = undefined;
    socket.close(closeCode, failure === undefined ? "done" : closeReason(failure));
  }

  #sendError(failure: AppError): void {
    this.#send(errorMessage(failure));
  }

  #send(message: ServerMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }
}
