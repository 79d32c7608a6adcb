import { traceError } from "../../kernel/error-trace.ts";
import { AppError, createInternalFailure } from "../../kernel/errors.ts";
import { monotonicMs } from "../../kernel/timers.ts";
import type { Log } from "../../observe/log.ts";
import type { Tallies } from "../../observe/metrics.ts";
import type {
  OwnerFeed,
  Speaker,
  SpeechProvider,
  SpeechStream,
  TranslatedUtterance,
  Transcript,
  TranscriptSink,
  Utterance,
} from "../ports.ts";
import { FRAME_BYTES_MAX } from "../recognition/audio-format.ts";
import type { RecognitionOptions } from "../recognition/recognition-options.ts";
import type { ProviderSessionRecord } from "../recovery/provider-session-record.ts";
import { ProviderSessionRecorder } from "../recovery/provider-session-recorder.ts";
import { toTranscript, toTranslation, Timeline } from "../timeline.ts";
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
  readonly record: ProviderSessionRecord;
  readonly client: OwnerFeed;
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

/** What was asked of a session that is to end. */
interface Stop {
  readonly cause: StopCause;
  /** Trailing finals are awaited until then. */
  readonly deadlineAtMs: number;
}

/**
 * One speaker's live use: audio up to the provider, transcripts down to the owner and to the sink.
 *
 * R1: a final reaches the sink before the client sees it, and it does so within the provider's callback, although work is
 * queued elsewhere before anybody acts on it: a queue before the journal would be one more place where a killed process loses
 * what the provider has told and may never tell again. Acting at once is safe here: what is called returns at once; the most that
 * it calls back is this session's stop or abort, which find the final noted, and change states alone; and `#guard` lets
 * nothing be thrown at the provider.
 *
 * Its states are those of `session-state.ts`; after "ended" every call is ignored. Deadlines are data: the registry's sweep
 * calls `sweep`.
 */
export class Session {
  readonly speaker: Speaker;
  readonly #deps: SessionDeps;
  readonly #options: SessionOptions;
  readonly #timeline: Timeline;
  readonly #silence: SilenceFiller;
  readonly #recorder: ProviderSessionRecorder;
  readonly #startedAtMs = monotonicMs();
  #state: SessionState = "opening";
  #stop: Stop | undefined;
  #stream: SpeechStream | undefined;
  /** The first one, which the client is told and the session's end is counted by. */
  #failure: AppError | undefined;
  #providerSessionId = "";
  #audioBytes = 0;
  #finals = 0;
  /** Finals that came and are not kept yet. */
  #keepingCount = 0;

  constructor(deps: SessionDeps, options: SessionOptions) {
    this.#deps = deps;
    this.#options = options;
    this.speaker = options.speaker;
    this.#timeline = new Timeline(options.recognition.audio);
    this.#recorder = new ProviderSessionRecorder(
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
        onUnheard: (id) => this.#guard(() => this.#recorder.leaveOnRecord(id)),
        onAligned: (alignment) => this.#guard(() => this.#recorder.align(alignment)),
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
    const nowMs = monotonicMs();
    this.#silence.noteAudio(nowMs);
    this.#handOver(frame, nowMs);
  }

  /**
   * No more audio: trailing finals are awaited, for at most the session's own limit and `limitMs`, whether the provider is
   * ready by then or not. Repetition only shortens the wait.
   */
  requestStop(cause: StopCause, limitMs = Number.POSITIVE_INFINITY): void {
    if (this.#state === "ended") return;
    const latestAtMs = monotonicMs() + Math.min(limitMs, this.#options.limits.finishMs);
    this.#stop = {
      cause: this.#stop?.cause ?? cause,
      deadlineAtMs: Math.min(latestAtMs, this.#stop?.deadlineAtMs ?? latestAtMs),
    };
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
    const { deadlineAtMs = Number.POSITIVE_INFINITY } = this.#stop ?? {};
    this.#guard(() => {
      this.#stream?.sweep(nowMs);
      const silence = this.#state === "live" ? this.#silence.frameDueAt(nowMs) : undefined;
      if (silence !== undefined) this.#handOver(silence, nowMs);
      if (this.#state !== "ended" && nowMs >= deadlineAtMs) this.#missDeadline();
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
    if (frame.byteLength <= FRAME_BYTES_MAX) return this.#stream?.send(frame);
    for (let from = 0; from < frame.byteLength; from += FRAME_BYTES_MAX) {
      this.#stream?.send(frame.subarray(from, from + FRAME_BYTES_MAX));
    }
  }

  #missDeadline(): void {
    const problem = "the provider took too long for its last finals";
    this.#failure ??= new AppError("provider-timeout", problem, { retryable: true });
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
    // Noted before the abort, which does nothing where the session is just ending.
    this.#failure ??= createInternalFailure(error);
    this.abort(this.#failure);
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
      case "await-finals":
        return this.#noteKept();
      case "close-record":
        // After a failure there may be finals that nobody has heard: the next start asks for them.
        return this.#failure === undefined ? this.#recorder.close() : undefined;
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
        this.#noteKept();
      }),
    );
  }

  #noteKept(): void {
    if (this.#keepingCount === 0) this.#apply("finals-kept");
  }

  #streamEnded(failure: AppError | undefined): void {
    this.#failure ??= failure;
    this.#apply("stream-ended");
  }

  #end(): void {
    const cause = this.#failure?.code ?? this.#stop?.cause ?? "provider-end";
    try {
      this.#deps.client.end(this.#failure);
    } catch (error) {
      // R24: a client that cannot be told must not keep its session alive.
      this.#deps.log.error("Could not tell the client that its session ended", traceError(error));
    }
    this.#deps.log.info("Session ended", {
      cause,
      providerSession: this.#providerSessionId,
      durationMs: monotonicMs() - this.#startedAtMs,
      audioBytes: this.#audioBytes,
      finals: this.#finals,
    });
    this.#deps.onEnded(this, cause);
  }
}
