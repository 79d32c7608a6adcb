import { AppError, createInternalFailure } from "../../kernel/errors.ts";
import type { ClientLink, Speaker, Transcript, Translation } from "../../relay/ports.ts";
import type { RecognitionOptions } from "../../relay/recognition/recognition-options.ts";
import type { Session, StopCause } from "../../relay/session/session.ts";
import { transcriptionMessage, translationMessage } from "../protocol/caption-messages.ts";
import { serialise } from "../protocol/messages.ts";
import { AudioMeter } from "./audio-meter.ts";
import { ControlMeter } from "./control-meter.ts";
import { MessageFeed, type AttachedClient, type MessageFeedDeps } from "./message-feed.ts";

/** Why a client is not attached any more; only one that was cut off is waited for. */
export type Parting = "cut-off" | "left" | "sent-away";

export interface SessionLinkOptions {
  readonly resumeId: string;
  readonly speaker: Speaker;
  readonly recognition: RecognitionOptions;
  /** How long a client that was cut off is waited for; 0 waits for nobody. */
  readonly graceMs: number;
  /** Opens the session that this is the end of. Called once, when the first client is attached. */
  readonly openSession: (link: ClientLink) => Session;
}

/**
 * The gateway's end of one session. It outlives the sockets of the session's owner (R21): a session whose client was cut off
 * goes on, and is asked to stop when nobody has come back within the grace. After the session's end the link stays for as
 * long, because nobody can know whether its client has read the last messages.
 */
export class SessionLink implements ClientLink {
  readonly resumeId: string;
  readonly speaker: Speaker;
  readonly recognition: RecognitionOptions;
  readonly meter: AudioMeter;
  readonly controlMeter: ControlMeter;
  readonly feed: MessageFeed;
  readonly #deps: MessageFeedDeps;
  readonly #options: SessionLinkOptions;
  #session: Session | undefined;
  /** Since when nobody is attached; undefined while somebody is. */
  #detachedSinceMs: number | undefined;
  #isLeft = false;
  #isDraining = false;

  constructor(deps: MessageFeedDeps, options: SessionLinkOptions, nowMs: number) {
    this.#deps = deps;
    this.#options = options;
    this.resumeId = options.resumeId;
    this.speaker = options.speaker;
    this.recognition = options.recognition;
    this.meter = new AudioMeter(options.recognition.audio, nowMs);
    this.controlMeter = new ControlMeter(nowMs);
    this.feed = new MessageFeed(deps, options.speaker.sessionSlug);
  }

  get detachedSinceMs(): number | undefined {
    return this.#detachedSinceMs;
  }

  /** Whether somebody may come back to it: after a regular leave there is nothing to come back to. */
  get isResumable(): boolean {
    return !this.#isLeft;
  }

  /** Nothing is to be expected of it any more. */
  get isOver(): boolean {
    return this.feed.hasEnded && this.#isLeft;
  }

  /** R24: a bug met on behalf of this session ends it, and nothing else. */
  crash(error: unknown): void {
    this.#isLeft = true;
    this.feed.client?.crash(error);
    this.#session?.abort(createInternalFailure(error));
  }

  /** Gives the session to this client. `after` is the last message that it has seen; the first client has seen none. */
  attach(client: AttachedClient, after: number): void {
    const isResumed = this.#session !== undefined;
    if (isResumed) this.#deps.metrics.tallies.sessions_resumed += 1;
    this.#detachedSinceMs = undefined;
    // Numbers that were never given would hide what comes.
    const seen = Math.min(after, this.feed.sequence);
    client.send(
      serialise(seen, {
        type: "session",
        connection_id: client.id,
        resume: this.resumeId,
        resumed: isResumed,
        audio_received_ms: this.meter.receivedMs,
        grace_ms: this.#options.graceMs,
      }),
    );
    this.feed.attach(client, seen);
    this.#session ??= this.#options.openSession(this);
  }

  /** The client's socket is gone, or as good as gone. Of a client that was replaced this says nothing. */
  detach(client: AttachedClient, parting: Parting, nowMs: number): void {
    if (!this.feed.detach(client)) return;
    this.#detachedSinceMs = nowMs;
    if (parting === "sent-away") this.leave("gateway-close");
    else if (parting === "left" || this.#options.graceMs === 0) this.leave("client-gone");
  }

  /** Nobody comes back: what was said is still transcribed and stored. */
  leave(cause: StopCause): void {
    this.#isLeft = true;
    this.#session?.requestStop(cause);
  }

  /** Takes a frame that the meter has let through. */
  acceptAudio(frame: Uint8Array): void {
    this.#session?.acceptAudio(frame);
  }

  /** The client has said everything. */
  stop(): void {
    this.#session?.requestStop("client-stop");
  }

  /** Ends the grace when it is over. Called about once a second. */
  sweep(nowMs: number): void {
    if (this.#detachedSinceMs === undefined || this.#isLeft) return;
    if (nowMs - this.#detachedSinceMs >= this.#options.graceMs) this.leave("client-gone");
  }

  /** R30: tells the client that the server goes away; the close follows when its finals are out. */
  drain(): void {
    this.#isDraining = true;
    this.feed.stand("process", () => ({ type: "status", state: "draining" }));
  }

  /** R6: tells the client whether finals survive the process at present. */
  tellJournaling(isUnjournaled: boolean): void {
    if (isUnjournaled) {
      this.feed.stand("journal", () => ({ type: "status", state: "unjournaled" }));
    } else {
      this.feed.pass("journal", { type: "status", state: "journaled" });
    }
  }

  showReady(): void {
    const { encoding, sampleRate } = this.recognition.audio;
    this.feed.stand("readiness", (connectionId) => ({
      type: "ready",
      resume: this.resumeId,
      connection_id: connectionId,
      encoding,
      sample_rate: sampleRate,
    }));
  }

  showTranscript(transcript: Transcript): void {
    this.feed.note(transcript);
    if (!transcript.isFinal) return;
    // A final without text takes partials back and is not stored.
    const key = transcript.text === "" ? undefined : transcript.utteranceKey;
    this.feed.show(transcriptionMessage(transcript), key);
  }

  showTranslation(translation: Translation): void {
    this.feed.show(translationMessage(translation), translation.utteranceKey);
  }

  showQueued(position: number): void {
    this.feed.stand("readiness", () => ({ type: "status", state: "queued", position }));
  }

  showInterrupted(): void {
    this.feed.stand("provider", () => ({ type: "status", state: "reconnecting" }));
  }

  showResumed(): void {
    this.feed.pass("provider", { type: "status", state: "live" });
  }

  showGap(from: Date, to: Date): void {
    const times = { from: from.toISOString(), to: to.toISOString() };
    this.feed.show({ type: "status", state: "gap", ...times });
  }

  end(failure: AppError | undefined): void {
    const drained = this.#isDraining
      ? new AppError("draining", "the server restarts: connect again")
      : undefined;
    // Whatever failed while the server went away: the next one may do better.
    this.feed.end(drained ?? failure);
  }
}
