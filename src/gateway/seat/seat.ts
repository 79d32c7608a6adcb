import { createInternalFailure, type AppError } from "../../kernel/errors.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { Speaker } from "../../relay/ports.ts";
import type { RecognitionOptions } from "../../relay/recognition/recognition-options.ts";
import type { Session, StopCause } from "../../relay/session/session.ts";
import { serialise } from "../protocol/server-messages.ts";
import { AudioMeter, type AudioVerdict } from "./audio-meter.ts";
import { ControlMeter } from "./control-meter.ts";
import type { AttachedClient, MessageFeed } from "./message-feed.ts";

/** Why a client is not attached any more: only one that was cut off is waited for, others have departed or were sent away. */
export type Parting = "cut-off" | "departed" | "sent-away";

export interface SeatDeps {
  readonly session: Session;
  /** What the session tells. */
  readonly feed: MessageFeed;
  readonly metrics: Pick<Metrics, "tallies">;
}

export interface SeatOptions {
  readonly resumeId: string;
  readonly speaker: Speaker;
  readonly recognition: RecognitionOptions;
  /** How long a client that was cut off is waited for; 0 waits for nobody. */
  readonly graceMs: number;
}

type Attendance =
  /** Nobody is attached: not yet, or not any more. Since then somebody is waited for. */
  | { readonly kind: "new" | "detached"; readonly sinceMs: number }
  | { readonly kind: "taken" }
  /** Nobody is waited for. */
  | { readonly kind: "abandoned" };

/**
 * A network may have been dead for so long before anybody noticed: twice what the server waits for an answer to its pings. Who
 * sent nothing for longer had nothing to say.
 */
const UNNOTICED_MS_MAX = 60_000;

/**
 * The gateway's end of one session, over the sockets of its owner.
 *
 * It outlives them (R21): a session whose client was cut off goes on, and is abandoned when nobody has come back within the
 * grace. After the session's end the seat stays for as long, because nobody can know whether its client has read the last
 * messages. What comes from a client is judged here, over all of its sockets (R23); what the session tells goes out by `feed`.
 *
 * Modes: new → taken ⇄ detached → abandoned. To an abandoned session nobody comes back; what was said is still transcribed.
 */
export class Seat {
  readonly resumeId: string;
  readonly speaker: Speaker;
  readonly recognition: RecognitionOptions;
  readonly feed: MessageFeed;
  readonly #deps: SeatDeps;
  readonly #graceMs: number;
  readonly #audioMeter: AudioMeter;
  readonly #controlMeter = new ControlMeter();
  #attendance: Attendance;

  constructor(deps: SeatDeps, options: SeatOptions, nowMs: number) {
    this.#deps = deps;
    this.#graceMs = options.graceMs;
    this.resumeId = options.resumeId;
    this.speaker = options.speaker;
    this.recognition = options.recognition;
    this.feed = deps.feed;
    this.#audioMeter = new AudioMeter(options.recognition.audio, nowMs);
    this.#attendance = { kind: "new", sinceMs: nowMs };
  }

  /** Whether somebody may come back to it. */
  get isResumable(): boolean {
    return this.#attendance.kind !== "abandoned";
  }

  /** Whether it waits for somebody to come back. */
  get isDetached(): boolean {
    return "sinceMs" in this.#attendance;
  }

  /** Whether its session goes on and takes a place meanwhile; one that has ended takes nobody's. */
  get isWaiting(): boolean {
    return this.isDetached && !this.feed.hasEnded;
  }

  /** Nothing is to be expected of it any more. */
  get isOver(): boolean {
    return this.feed.hasEnded && !this.isResumable;
  }

  /** When audio came last; before any, when the seat was made. */
  get lastAudioAtMs(): number {
    return this.#audioMeter.lastAudioAtMs;
  }

  /** Gives the session to this client. `after` is the last message that it has seen; the first client has seen none. */
  attach(client: AttachedClient, after: number, nowMs: number): void {
    const isResumed = this.#attendance.kind !== "new";
    if (isResumed) {
      this.#deps.metrics.tallies.sessions_resumed += 1;
      this.#excuseSilence(nowMs);
    }
    // Numbers that were never given would hide what comes.
    const seen = isResumed ? Math.min(after, this.feed.sequence) : 0;
    client.send(
      serialise(seen, {
        type: "session",
        connection_id: client.id,
        resume: this.resumeId,
        resumed: isResumed,
        audio_received_ms: this.#audioMeter.receivedMs,
        grace_ms: this.#graceMs,
      }),
    );
    // R24: a client that cannot even be told this has not taken the seat, which is waited for no longer than any other.
    this.#attendance = { kind: "taken" };
    this.feed.attach(client, seen);
  }

  /** The client's socket is gone, or as good as gone. Of a client that was replaced this says nothing. */
  detach(client: AttachedClient, parting: Parting, nowMs: number): void {
    if (!this.feed.detach(client)) return;
    if (this.isResumable) this.#attendance = { kind: "detached", sinceMs: nowMs };
    if (parting === "sent-away") this.abandon("gateway-close");
    else if (parting === "departed" || this.#graceMs === 0) this.abandon("client-gone");
  }

  /** Judges a frame, and hands it to the session unless it is refused. It is not copied and must not change. */
  acceptAudio(frame: Uint8Array, nowMs: number): AudioVerdict {
    const verdict = this.#audioMeter.judge(frame.byteLength, nowMs);
    if (verdict.kind === "refused") return verdict;
    const { tallies } = this.#deps.metrics;
    tallies.audio_frames += 1;
    tallies.audio_bytes += frame.byteLength;
    this.#deps.session.acceptAudio(frame);
    return verdict;
  }

  /** What is wrong with a control message at this moment, if anything. Called once for each, before it is parsed. */
  judgeControl(text: string, nowMs: number): AppError | undefined {
    return this.#controlMeter.judge(text, nowMs);
  }

  /** The same for a ping, which counts like an empty control message: Bun answers it, and a flood would go unseen. */
  judgePing(nowMs: number): AppError | undefined {
    return this.#controlMeter.judge("", nowMs);
  }

  /** The client has said everything. */
  stop(): void {
    this.#deps.session.requestStop("client-stop");
  }

  /** Nobody comes back: what was said is still transcribed and stored. */
  abandon(cause: StopCause): void {
    this.#attendance = { kind: "abandoned" };
    this.#deps.session.requestStop(cause);
  }

  /** The process paused for so long, until this moment: nobody is idle or late by it, nor hasty with what was said meanwhile. */
  forgivePause(pausedMs: number, nowMs: number): void {
    this.#audioMeter.forgivePause(pausedMs, nowMs);
    if (!("sinceMs" in this.#attendance)) return;
    const sinceMs = Math.min(this.#attendance.sinceMs + pausedMs, nowMs);
    this.#attendance = { ...this.#attendance, sinceMs };
  }

  /** Ends the grace when it is over. Called about once a second. */
  sweep(nowMs: number): void {
    if (!("sinceMs" in this.#attendance)) return;
    if (nowMs - this.#attendance.sinceMs >= this.#graceMs) this.abandon("client-gone");
  }

  /** R21: the client sends what has not arrived, which is at most what was said since its last frame. */
  #excuseSilence(nowMs: number): void {
    const awayMs = "sinceMs" in this.#attendance ? nowMs - this.#attendance.sinceMs : 0;
    const silentMs = nowMs - this.#audioMeter.lastAudioAtMs;
    this.#audioMeter.excuse(Math.min(silentMs, awayMs + UNNOTICED_MS_MAX), nowMs);
  }

  /** R24: a bug met on behalf of this session ends it, and nothing else. */
  crash(error: unknown): void {
    this.#attendance = { kind: "abandoned" };
    this.feed.client?.crash(error);
    this.#deps.session.abort(createInternalFailure(error));
  }
}
