import { unreachable } from "../../kernel/assert.ts";
import { monotonicMs } from "../../kernel/timers.ts";
import type { SessionFault } from "../faults/fault.ts";
import type { Overlap } from "../faults/overlap.ts";
import type { Poison } from "../faults/poison.ts";
import type { Recording } from "../hearing/recording.ts";
import { TranscriptFeed, type TranscriptFeedOptions } from "../hearing/transcript-feed.ts";
import { parseClientFrame } from "../wire/client-frames.ts";
import type { TranscriptionResult } from "../wire/messages.ts";
import type { SessionRequest } from "../wire/session-request.ts";
import { AudioIntake, type AudioIntakeOptions, type ReceivedAudio } from "./audio-intake.ts";
import { MessageChannel, type Outlet } from "./message-channel.ts";

/** Everything was said. A client that closes with it has thereby asked to stop. */
const CLOSE_DONE = 1000;
/** The server stops. */
const CLOSE_GOING = 1001;
/**
 * No audio for long. The provider's own code is not known; this one lets every client come back to
 * the same URL.
 */
const CLOSE_IDLE = 1011;
/** The session was over when the socket came. */
const CLOSE_ENDED = 4403;
/**
 * A newer socket has taken the session over. Not known of the provider; mirrors HTTP 409 as its
 * 4403 mirrors 403.
 */
const CLOSE_REPLACED = 4409;

export interface SimulatedSessionDeps {
  readonly recording: Recording;
  readonly poison: Poison;
  readonly overlap: Overlap;
  /** Comes once, before the last socket is closed. Not after `stop`. */
  onEnded(): void;
}

export interface SimulatedSessionOptions extends AudioIntakeOptions, TranscriptFeedOptions {}

/** How long a session goes on; see `SimulatorOptions`. */
export interface SessionLimits {
  readonly idleMs: number;
  readonly resumeMs: number;
  readonly sessionMs: number;
  readonly sessionEndCode: number;
}

/**
 * One session of the provider, which outlives its sockets.
 *
 * Modes: queued (no socket yet) → processing → finishing (no more audio, trailing finals due) →
 * ended. A socket that is lost may be replaced by another one in every mode but the last; byte
 * counts and positions go on. What is said without a socket is found in `messages` only. An action
 * that the mode does not allow is refused by its acknowledgment.
 */
export class SimulatedSession {
  readonly id = crypto.randomUUID();
  readonly token = crypto.randomUUID();
  readonly createdAt = new Date();
  readonly #createdAtMs = monotonicMs();
  readonly request: SessionRequest;
  readonly #deps: SimulatedSessionDeps;
  readonly #channel: MessageChannel;
  readonly #feed: TranscriptFeed;
  readonly #intake: AudioIntake;
  #mode: "queued" | "processing" | "finishing" | "ended" = "queued";
  #connectionCount = 0;
  #endedAt: Date | undefined;
  #endCode = CLOSE_DONE;
  /** The last audio, or the last change of socket. */
  #activeAtMs = monotonicMs();

  constructor(deps: SimulatedSessionDeps, options: SimulatedSessionOptions) {
    const { recording, poison, overlap } = deps;
    const { request } = options;
    this.request = request;
    this.#deps = deps;
    this.#intake = new AudioIntake(options, request);
    this.#channel = new MessageChannel(this.id, request.messages_config);
    this.#feed = new TranscriptFeed(
      { recording, poison, overlap, emit: (message) => this.#channel.emit(message) },
      options,
    );
    this.#channel.emit({ type: "start_session" });
  }

  get status(): "queued" | "processing" | "done" {
    if (this.#mode === "ended") return "done";
    return this.#mode === "queued" ? "queued" : "processing";
  }

  get isConnected(): boolean {
    return this.outlet !== undefined;
  }

  /** The socket that is attached. */
  get outlet(): Outlet | undefined {
    return this.#channel.outlet;
  }

  /** Sockets that it has had. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  /** Audio received over all sockets. */
  get byteCount(): number {
    return this.#intake.byteCount;
  }

  /** Undefined unless audio is recorded. */
  get received(): ReceivedAudio | undefined {
    return this.#intake.received;
  }

  /** Defined from the end on. */
  get endedAt(): Date | undefined {
    return this.#endedAt;
  }

  /** See `MessageChannel.messages`. */
  get messages(): readonly string[] {
    return this.#channel.messages;
  }

  get result(): TranscriptionResult {
    const { seconds } = this.#intake;
    const { channels } = this.request;
    return {
      metadata: {
        audio_duration: seconds,
        number_of_distinct_channels: channels,
        billing_time: seconds * channels,
        transcription_time: 0,
      },
      transcription: this.#feed.transcription,
    };
  }

  /**
   * A socket to the session's URL has opened. An ended session closes it; an open one takes it and
   * closes the one before.
   */
  attach(outlet: Outlet): void {
    if (this.#mode === "ended") {
      outlet.close(CLOSE_ENDED, "session has ended");
      return;
    }
    this.#channel.close(CLOSE_REPLACED, "replaced by a newer connection");
    this.#channel.outlet = outlet;
    this.#connectionCount += 1;
    this.#intake.beginSocket();
    this.#activeAtMs = monotonicMs();
    if (this.#mode !== "queued") return;
    this.#mode = "processing";
    this.#channel.emit({ type: "start_recording" });
  }

  /** A socket has closed. One that another has replaced changes nothing. */
  detach(outlet: Outlet, code: number): void {
    if (outlet !== this.#channel.outlet) return;
    this.#channel.outlet = undefined;
    this.#activeAtMs = monotonicMs();
    if (code === CLOSE_DONE) this.finish();
  }

  /** Concerns only a session that has not ended. */
  suffer(fault: SessionFault): void {
    if (this.#mode === "ended") return;
    this.#activeAtMs = monotonicMs();
    switch (fault.kind) {
      case "close":
        if (!this.isConnected) return;
        this.#channel.close(fault.code, "closed on demand");
        if (isPermanent(fault.code)) this.finish();
        return;
      case "end":
        this.finish(fault.code);
        return;
      case "vanish":
        this.outlet?.suffer({ kind: "terminate" });
        this.#channel.outlet = undefined;
        this.finish();
        return;
      default:
        unreachable(fault);
    }
  }

  /** An empty chunk is audio too: it keeps a quiet socket open. */
  hearAudio(audio: Uint8Array): void {
    if (this.#mode !== "processing") {
      this.#channel.refuse("audio_chunk", "expected no audio after stop_recording");
      return;
    }
    this.#activeAtMs = monotonicMs();
    this.#channel.emit(this.#intake.take(audio));
    this.#feed.hear(audio);
  }

  hearText(text: string): void {
    const parsed = parseClientFrame(text);
    // The provider has no message about a frame that is nothing; most such frames were meant to be
    // audio.
    if (!parsed.ok) this.#channel.refuse("audio_chunk", parsed.problem);
    else if (parsed.value.kind === "audio") this.hearAudio(parsed.value.bytes);
    else this.#stopRecording();
  }

  /**
   * Drops a socket without audio for `idleMs`, and finishes a session without a socket for
   * `resumeMs` and one that has lasted for `sessionMs`.
   */
  sweep(nowMs: number, limits: SessionLimits): void {
    if (this.#mode === "finishing" || this.#mode === "ended") return;
    if (nowMs - this.#createdAtMs >= limits.sessionMs) {
      this.finish(limits.sessionEndCode);
      return;
    }
    const quietMs = nowMs - this.#activeAtMs;
    if (!this.isConnected) {
      if (quietMs >= limits.resumeMs) this.finish();
    } else if (quietMs >= limits.idleMs) {
      this.#activeAtMs = nowMs;
      this.#channel.close(CLOSE_IDLE, `no audio for ${limits.idleMs} ms`);
    }
  }

  /** No more audio: the trailing final comes, then the end with `code`. Repetition is harmless. */
  finish(code = CLOSE_DONE): void {
    if (this.#mode === "finishing" || this.#mode === "ended") return;
    this.#mode = "finishing";
    this.#endCode = code;
    this.#feed.finish(() => this.#end());
  }

  /** Lets go at once: no message and no `onEnded` comes afterwards. */
  stop(): void {
    this.#mode = "ended";
    this.#endedAt ??= new Date();
    this.#feed.stop();
    this.#channel.close(CLOSE_GOING, "going away");
  }

  #stopRecording(): void {
    if (this.#mode !== "processing") {
      this.#channel.refuse("stop_recording", "expected one stop_recording, got another");
      return;
    }
    this.#channel.emit({
      type: "stop_recording",
      acknowledged: true,
      error: null,
      data: {
        recording_duration: this.#intake.seconds,
        recording_left_to_process: 0,
      },
    });
    this.finish();
  }

  #end(): void {
    const { result } = this;
    this.#mode = "ended";
    this.#endedAt = new Date();
    this.#channel.emit({
      type: "end_recording",
      data: { recording_duration: result.metadata.audio_duration },
    });
    this.#channel.emit({ type: "post_transcript", data: result.transcription });
    this.#channel.emit({ type: "post_final_transcript", data: result });
    this.#channel.emit({ type: "end_session" });
    this.#deps.onEnded();
    this.#channel.close(this.#endCode, "");
  }
}

/** Codes after which nobody comes back: done, and what mirrors HTTP's 400 to 499. */
function isPermanent(code: number): boolean {
  return code === CLOSE_DONE || (code >= 4400 && code <= 4499);
}
