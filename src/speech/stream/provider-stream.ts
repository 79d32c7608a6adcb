import type { Log } from "../../observe/log.ts";
import type { MemoryBudget } from "../../relay/memory-budget.ts";
import type { SpeechStream } from "../../relay/ports.ts";
import { LinkProgress } from "../audio/link-progress.ts";
import { SourceAudio } from "../audio/source-audio.ts";
import { HeardFinals, type HeardFinalsDeps } from "../finals/heard-finals.ts";
import { classifyClose } from "../gladia/close-classes.ts";
import type { LiveSession } from "../gladia/gladia-api.ts";
import { GladiaError } from "../provider-error.ts";
import { LiveLink } from "./provider-session.ts";
import { SessionRollover } from "./rollover.ts";
import { SessionRequests, type SessionRequestsDeps } from "./session-requests.ts";
import type { GladiaStreamLimits, GladiaStreamOptions } from "./stream-limits.ts";
import { nextState, type StreamEvent, type StreamState } from "./stream-state.ts";

type Requesting = Pick<SessionRequestsDeps, "request" | "processBudget" | "slots">;

export interface GladiaStreamDeps extends Requesting, HeardFinalsDeps {
  readonly onReleased: () => void;
  readonly memory: MemoryBudget;
  readonly log: Log;
}

/** After so many handshakes in a row that failed, the URL counts as dead. */
const HANDSHAKES_MAX = 3;

/** What a socket that was given up is counted as (RFC 6455: closed without a close frame). */
const CLOSE_ABNORMAL = 1006;

/**
 * A stream to Gladia that outlives its sockets and its sessions (R11, R13).
 *
 * Audio is kept from its first frame until it is acknowledged and its utterance is final. A lost socket is opened again on the
 * same URL and gets what was not acknowledged; a session that is over is replaced by a new one, which gets what has no final
 * yet. What the provider says again because of that is left out, and what it said unheard is fetched at the end. Its states
 * are those of `stream-state.ts`; deadlines are data, looked at in `sweep`.
 */
export class GladiaStream implements SpeechStream {
  readonly #deps: GladiaStreamDeps;
  readonly #limits: GladiaStreamLimits;
  readonly #source: SourceAudio;
  readonly #finals: HeardFinals;
  readonly #requests: SessionRequests;
  readonly #rollover: SessionRollover;
  readonly #links: LinkProgress;
  readonly #ending = new AbortController();
  #state: StreamState = "opening";
  #isReady = false;
  #isFinishing = false;
  #failedHandshakes = 0;
  #interruptedAtMs = 0;

  constructor(deps: GladiaStreamDeps, options: GladiaStreamOptions) {
    this.#deps = deps;
    this.#limits = options.limits;
    const { audio, limits } = options;
    this.#source = new SourceAudio(deps.memory, { audio, keptMs: limits.backlogMs });
    this.#finals = new HeardFinals(deps);
    this.#links = new LinkProgress({ source: this.#source, finals: this.#finals });
    this.#requests = new SessionRequests({
      ...deps,
      onAsked: () => {
        this.#interruptedAtMs = Date.now();
      },
      onQueued: (position) => deps.listener.onQueued(position),
      onSession: (session) => this.#begin(session),
      onRefused: (failure) => this.#giveUp(failure),
      onFailed: deps.listener.onFailed,
    });
    this.#rollover = new SessionRollover(
      {
        request: () => this.#requests.requestAside(),
        createLink: (session) => this.#createLink(session, this.#source.end),
        onFailed: deps.listener.onFailed,
      },
      options.limits,
    );
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Waits for a place of the account. Called once. */
  start(): void {
    this.#requests.start();
  }

  send(frame: Uint8Array): void {
    if (this.#isFinishing || this.#state === "ended") return;
    const from = this.#source.end;
    this.#source.backlog.append(frame);
    // Whoever has caught up gets the frame at once; otherwise it follows with the rest.
    if (this.#state === "live" && this.#links.link?.cursor === from) this.#links.link.send(frame);
  }

  finish(): void {
    this.#isFinishing = true;
    if (this.#state === "live") this.#sendRest();
  }

  abort(): void {
    this.#end("given-up");
  }

  sweep(nowMs: number): void {
    switch (this.#state) {
      case "opening":
      case "resuming":
      case "replacing":
        return this.#reconnect(nowMs);
      case "live":
        this.#sendRest();
        this.#rollOver(nowMs);
        return this.#watch(nowMs);
      case "stopping":
        return this.#watch(nowMs);
      case "recovering":
      case "ended":
        return undefined;
    }
  }

  locate(sourceSeconds: number): void {
    this.#links.link?.locate(sourceSeconds * this.#source.bytesPerSecond);
  }

  #apply(event: StreamEvent): void {
    const from = this.#state;
    this.#state = nextState(from, event);
    if (from === this.#state) return;
    if (this.#state === "recovering") this.#recover().catch(this.#deps.listener.onFailed);
    const wasHeard = from === "live" || from === "stopping";
    if (!wasHeard || (this.#state !== "resuming" && this.#state !== "replacing")) return;
    this.#interruptedAtMs = Date.now();
    this.#deps.listener.onInterrupted();
  }

  #reconnect(nowMs: number): void {
    if (!this.#requests.hasPlace) return undefined;
    const limitMs = this.#isReady ? this.#limits.outageMs : this.#limits.readyMs;
    if (this.#requests.hasAsked && nowMs - this.#interruptedAtMs >= limitMs) {
      const problem = `the provider was away for ${limitMs} ms`;
      return this.#giveUp(new GladiaError("provider-timeout", problem, { retryable: true }));
    }
    const link = this.#links.link;
    if (link?.isConnected === true) {
      if (nowMs - link.connectedAtMs < this.#limits.openMs) return undefined;
      return this.#drop(link);
    }
    if (link === undefined) this.#requests.requestDue(nowMs);
    else if (this.#requests.schedule.isDue(nowMs)) link.connect();
    return undefined;
  }

  /** A provider session is there: it gets all audio that has no final yet. */
  #begin(session: LiveSession): void {
    this.#failedHandshakes = 0;
    const link = this.#createLink(session, this.#links.replayStart);
    this.#links.change(link);
    link.connect();
  }

  #createLink(session: LiveSession, sourceStart: number): LiveLink {
    const { bytesPerSecond, bytesPerSample } = this.#source;
    const { log, tallies, listener } = this.#deps;
    const link: LiveLink = new LiveLink(
      {
        log,
        onOpen: () => this.#opened(link),
        onLost: (code, wasOpen) => this.#lose(link, code, wasOpen),
        onFailed: listener.onFailed,
        onAcknowledged: () => this.#source.release(this.#links.progress),
        onTranscript: (transcript) => {
          this.#finals.hear(link, transcript);
          if (transcript.isFinal) this.#source.release(this.#links.progress);
        },
        onPlaced: (place) => listener.onPlaced(place),
        onTranslation: (event) => this.#finals.hearTranslation(link, event),
        onDrift: (bytes) => {
          tallies.audio_drift_bytes += bytes;
        },
      },
      { session, bytesPerSecond, bytesPerSample, sourceStart },
    );
    return link;
  }

  #opened(link: LiveLink): void {
    if (link !== this.#links.link) return;
    this.#failedHandshakes = 0;
    this.#apply("opened");
    this.#sendRest();
    if (this.#isReady) this.#deps.listener.onResumed();
    else this.#deps.listener.onReady(link.id);
    this.#isReady = true;
  }

  #lose(link: LiveLink, code: number, wasOpen: boolean): void {
    if (this.#rollover.lose(link) || this.#finals.retire(link) || link !== this.#links.link) return;
    const hasEverything = link.acknowledged >= this.#source.end;
    const closeClass = classifyClose(code);
    // While audio is out, even 1000 is no answer to our stop: the provider has ended the session by itself.
    if (this.#state === "stopping" && hasEverything && closeClass === "replace") {
      return this.#leave(link, "finished");
    }
    const nowMs = Date.now();
    if (!wasOpen) this.#failedHandshakes += 1;
    else if (nowMs - link.connectedAtMs >= this.#limits.stableMs) this.#requests.schedule.forget();
    this.#requests.schedule.noteFailure(nowMs);
    if (closeClass === "resume" && this.#failedHandshakes < HANDSHAKES_MAX) {
      if (wasOpen) this.#deps.tallies.provider_resumes += 1;
      return this.#apply("lost");
    }
    this.#deps.tallies.provider_replacements += 1;
    return this.#leave(link, "expired");
  }

  #leave(link: LiveLink, event: "finished" | "expired"): void {
    this.#links.leave(link);
    this.#finals.setAside(link);
    this.#apply(event);
  }

  /** A socket that does not answer is as good as closed. */
  #drop(link: LiveLink): void {
    const wasOpen = link.isOpen;
    link.detach();
    this.#lose(link, CLOSE_ABNORMAL, wasOpen);
  }

  #sendRest(): void {
    const link = this.#links.link;
    if (link === undefined) return;
    this.#tellLoss();
    const sentBytes = link.sendFrom(this.#source.backlog);
    this.#deps.tallies.audio_replayed_bytes += sentBytes;
    if (!this.#isFinishing || this.#state !== "live" || link.cursor < this.#source.end) return;
    link.requestStop();
    this.#apply("all-sent");
  }

  #tellLoss(): void {
    const lost = this.#links.findLoss();
    if (lost === undefined) return;
    this.#deps.tallies.audio_dropped_bytes += lost.to - lost.from;
    const { bytesPerSecond } = this.#source;
    this.#deps.listener.onGap(lost.from / bytesPerSecond, lost.to / bytesPerSecond);
  }

  #watch(nowMs: number): void {
    this.#finals.sweep(nowMs);
    const link = this.#links.link;
    if (link === undefined || link.waitingMs(nowMs) < this.#limits.stalledMs) return;
    this.#deps.tallies.provider_stalls += 1;
    this.#drop(link);
  }

  /** Changes to a new provider session before the old one ends, between two utterances where there is such a moment. */
  #rollOver(nowMs: number): void {
    const old = this.#links.link;
    if (old === undefined || this.#isFinishing) return;
    const isQuiet = old.utterances.oldest === undefined && old.cursor === this.#source.end;
    const next = this.#rollover.takeDue(old, isQuiet, nowMs);
    if (next === undefined) return;
    // Somebody may have begun to speak without a partial yet: also a quiet moment begins where the last final ends.
    const cut = this.#source.replayStart(this.#links.progress);
    this.#deps.tallies.provider_rollovers += 1;
    this.#finals.cutOver(old, cut / this.#source.bytesPerSecond, nowMs);
    next.startAt(cut);
    this.#links.change(next);
    this.#sendRest();
  }

  /** Rejects only for a bug. */
  async #recover(): Promise<void> {
    const limit = AbortSignal.timeout(this.#limits.recoverMs);
    await this.#finals.recover(AbortSignal.any([this.#ending.signal, limit]));
    if (this.#end("recovered")) this.#deps.listener.onEnded(undefined);
  }

  #giveUp(failure: GladiaError): void {
    this.#deps.tallies.audio_dropped_bytes += this.#source.end - this.#links.acknowledged;
    if (this.#end("given-up")) this.#deps.listener.onEnded(failure);
  }

  /** Lets go of everything; false when that was done before. */
  #end(event: "recovered" | "given-up"): boolean {
    if (this.#ending.signal.aborted) return false;
    this.#ending.abort();
    this.#apply(event);
    this.#links.link?.release();
    this.#rollover.stop();
    this.#finals.stop();
    this.#source.backlog.clear();
    this.#requests.stop();
    this.#deps.onReleased();
    return true;
  }
}
