import { traceError } from "../../kernel/error-trace.ts";
import { AppError, createInternalFailure } from "../../kernel/errors.ts";
import type { Log } from "../../observe/log.ts";
import type { Tallies } from "../../observe/metrics.ts";
import type {
  ClientLink,
  LiveSessionRecord,
  RecognitionOptions,
  Speaker,
  SpeechProvider,
  SpeechStream,
  TranslatedUtterance,
  Transcript,
  TranscriptSink,
  Utterance,
} from "../ports.ts";
import { LiveSessionRecorder } from "../recovery/provider-session-recorder.ts";
import { toTranscript, toTranslation } from "../timed-transcript.ts";
import { Timeline } from "../timeline.ts";
import {
  transition,
  type SessionAction,
  type SessionEvent,
  type SessionState,
} from "./session-state.ts";
import { SilenceFiller, type SilenceLimits } from "./silence-filler.ts";

/** Why the session was asked to finish; the cause in its closing log line and metric. */
export type StopCause = "client-stop" | "client-gone" | "gateway-close" | "drain";

export interface SessionDeps {
  readonly provider: SpeechProvider;
  readonly sink: TranscriptSink;
  readonly record: LiveSessionRecord;
  readonly client: ClientLink;
  readonly log: Log;
  readonly tallies: Tallies;
  /** Called once, last. `cause` is a stop cause, a failure code, or "provider-end". */
  readonly onEnded: (session: Session, cause: string) => void;
}

export interface SessionOptions {
  readonly speaker: Speaker;
  readonly recognition: RecognitionOptions;
  readonly limits: SessionLimits;
}

/** All in milliseconds. */
export interface SessionLimits {
  /** Trailing finals are awaited this long after a stop. */
  readonly finishMs: number;
  readonly silence: SilenceLimits;
}

/** Whole samples of every format, and far below the provider's limit of 1 MiB (R11). */
const FRAME_BYTES_MAX = 65_536;

/**
 * One speaker's live use: audio up to the provider, transcripts down to the owner and to the sink.
 *
 * A final reaches the sink before the client sees it (R1). Its states are those of `session-state.ts`; after "ended" every call
 * is ignored. Deadlines are data: the registry's sweep calls `sweep`.
 */
export class Session {
  readonly speaker: Speaker;
  readonly #deps: SessionDeps;
  readonly #options: SessionOptions;
  readonly #timeline: Timeline;
  readonly #silence: SilenceFiller;
  readonly #recorder: LiveSessionRecorder;
  readonly #startedAtMs = Date.now();
  #state: SessionState = "opening";
  /** Only "finishing" has one: the stream itself sees to the provider's being ready in time. */
  #deadlineAtMs = Number.POSITIVE_INFINITY;
  /** A stop with a limit ends the session by then, whatever its states still allow. */
  #latestEndAtMs = Number.POSITIVE_INFINITY;
  #stream: SpeechStream | undefined;
  #failure: AppError | undefined;
  #stopCause: StopCause | undefined;
  #providerSessionId = "";
  #audioBytes = 0;
  #finals = 0;
  /** Finals that came and are not kept yet. */
  #keepingCount = 0;
  #whenKept: (() => void) | undefined;

  constructor(deps: SessionDeps, options: SessionOptions) {
    this.#deps = deps;
    this.#options = options;
    this.speaker = options.speaker;
    this.#timeline = new Timeline(options.recognition.audio);
    this.#recorder = new LiveSessionRecorder(
      { record: deps.record, timeline: this.#timeline },
      options.speaker,
    );
    this.#silence = new SilenceFiller(options.recognition, options.limits.silence);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Asks the provider for a stream. Called once. */
  start(): void {
    this.#deps.tallies.sessions_started += 1;
    const { client } = this.#deps;
    this.#guard(() => {
      this.#stream = this.#deps.provider.open(this.#options.recognition, {
        onReady: (providerSessionId) =>
          this.#guard(() => {
            this.#providerSessionId = providerSessionId;
            this.#apply("stream-ready");
          }),
        onQueued: (position) => this.#guard(() => client.showQueued(position)),
        onInterrupted: () => this.#guard(() => client.showInterrupted()),
        onResumed: () => this.#guard(() => client.showResumed()),
        onGap: (fromSeconds, toSeconds) =>
          this.#guard(() =>
            client.showGap(this.#timeline.timeAt(fromSeconds), this.#timeline.timeAt(toSeconds)),
          ),
        onUtterance: (utterance) => this.#guard(() => this.#relayUtterance(utterance)),
        onTranslation: (translated) => this.#guard(() => this.#relayTranslation(translated)),
        onUnheard: (id) => this.#guard(() => this.#recorder.keep(id)),
        onPlaced: (place) => this.#guard(() => this.#recorder.notePlace(place)),
        onEnded: (failure) => this.#guard(() => this.#streamEnded(failure)),
        onFailed: (error) => this.#crash(error),
      });
      // A callback before the return may have ended the session: nobody else would let the stream go.
      if (this.#state === "ended") this.#stream.abort();
    });
  }

  /** Takes one frame of the agreed format. The frame is not copied and must not change afterwards. */
  acceptAudio(frame: Uint8Array): void {
    if (this.#state !== "live" && this.#state !== "opening") return;
    this.#audioBytes += frame.byteLength;
    const nowMs = Date.now();
    this.#silence.noteAudio(nowMs);
    this.#handOver(frame, nowMs);
  }

  /**
   * No more audio: trailing finals are awaited, for at most the session's own limit. Repetition only shortens the wait.
   *
   * With `limitMs` the session ends within it, whether the provider is ready by then or not.
   */
  requestStop(cause: StopCause, limitMs = Number.POSITIVE_INFINITY): void {
    if (this.#state === "ended") return;
    this.#stopCause ??= cause;
    const nowMs = Date.now();
    this.#latestEndAtMs = Math.min(this.#latestEndAtMs, nowMs + limitMs);
    const finishAtMs = nowMs + this.#options.limits.finishMs;
    const ownLimitMs = this.#state === "finishing" ? this.#deadlineAtMs : finishAtMs;
    this.#deadlineAtMs = Math.min(ownLimitMs, this.#latestEndAtMs);
    this.#apply("stop-requested");
  }

  /** Ends now, without waiting for finals. */
  abort(failure: AppError): void {
    if (this.#state === "ended") return;
    this.#failure ??= failure;
    this.#apply("aborted");
  }

  /** Called by the registry a few times a second. */
  sweep(nowMs: number): void {
    this.#guard(() => {
      this.#stream?.sweep(nowMs);
      if (this.#state === "live") this.#fillSilence(nowMs);
      else if (this.#state !== "ended" && nowMs >= this.#deadlineAtMs) this.#missDeadline();
    });
  }

  #handOver(frame: Uint8Array, nowMs: number): void {
    const fromSeconds = this.#timeline.positionSeconds;
    const hasMoved = this.#timeline.advance(frame.byteLength, nowMs);
    this.#send(frame);
    if (hasMoved) this.#stream?.locate(fromSeconds);
  }

  /** Silence may be long: what is sent at once is no larger than a client's largest frame. */
  #send(frame: Uint8Array): void {
    if (frame.byteLength <= FRAME_BYTES_MAX) {
      this.#stream?.send(frame);
      return;
    }
    for (let from = 0; from < frame.byteLength; from += FRAME_BYTES_MAX) {
      this.#stream?.send(frame.subarray(from, from + FRAME_BYTES_MAX));
    }
  }

  #fillSilence(nowMs: number): void {
    const frame = this.#silence.frameDueAt(nowMs);
    if (frame !== undefined) this.#handOver(frame, nowMs);
  }

  #missDeadline(): void {
    this.#failure ??= new AppError(
      "provider-timeout",
      "the provider took too long for its last finals",
      { retryable: true },
    );
    this.#apply("deadline-passed");
  }

  /** R24: a bug met on behalf of this session ends this session, and nothing else. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#crash(error);
    }
  }

  #crash(error: unknown): void {
    this.#deps.log.error("A session failed on our side", traceError(error));
    this.abort(createInternalFailure(error));
  }

  #apply(event: SessionEvent): void {
    const { next, actions } = transition(this.#state, event);
    this.#state = next;
    // Each on its own: an action that fails does not keep the last one, "end", from happening.
    for (const action of actions) this.#guard(() => this.#perform(action));
  }

  #perform(action: SessionAction): void {
    switch (action) {
      case "tell-ready":
        return this.#deps.client.showReady();
      case "finish-stream":
        return this.#stream?.finish();
      case "abort-stream":
        return this.#stream?.abort();
      case "end":
        return this.#end();
    }
  }

  #relayUtterance(utterance: Utterance): void {
    if (this.#state === "ended") return;
    const transcript = toTranscript(utterance, this.#timeline);
    if (!utterance.isFinal) {
      this.#deps.client.showTranscript(transcript);
      return;
    }
    this.#timeline.settle(utterance.startSeconds);
    this.#finals += 1;
    this.#deps.tallies.finals_received += 1;
    this.#keepAndShow(transcript, () => this.#deps.client.showTranscript(transcript));
  }

  #relayTranslation(translated: TranslatedUtterance): void {
    if (this.#state === "ended") return;
    const translation = toTranslation(translated, this.#timeline);
    this.#keepAndShow(translation, () => this.#deps.client.showTranslation(translation));
  }

  /** R1: whoever keeps finals has it before anybody sees it. */
  #keepAndShow(final: Transcript, show: () => void): void {
    this.#keepingCount += 1;
    this.#deps.sink.append(this.speaker, final, () =>
      this.#guard(() => {
        this.#keepingCount -= 1;
        show();
        if (this.#keepingCount === 0) this.#whenKept?.();
      }),
    );
  }

  #streamEnded(failure: AppError | undefined): void {
    if (this.#keepingCount > 0) {
      // The last finals are shown before the end is.
      this.#whenKept = () => this.#streamEnded(failure);
      return;
    }
    this.#failure ??= failure;
    // After a failure there may be finals that nobody has heard: the next start asks for them.
    if (this.#failure === undefined) this.#recorder.close();
    this.#apply(this.#failure === undefined ? "stream-finished" : "stream-failed");
  }

  #end(): void {
    const cause = this.#failure?.code ?? this.#stopCause ?? "provider-end";
    try {
      this.#deps.client.end(this.#failure);
    } catch (error) {
      // R24: a client that cannot be told must not keep its session alive.
      this.#deps.log.error("Could not tell the client that its session ended", traceError(error));
    }
    this.#deps.log.info("Session ended", {
      cause,
      providerSession: this.#providerSessionId,
      durationMs: Date.now() - this.#startedAtMs,
      audioBytes: this.#audioBytes,
      finals: this.#finals,
    });
    this.#deps.onEnded(this, cause);
  }
}
