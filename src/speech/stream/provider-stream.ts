import { monotonicMs } from "../../kernel/timers.ts";
import type { Log } from "../../observe/log.ts";
import type { MemoryBudget } from "../../relay/memory-budget.ts";
import type { SpeechStream, Utterance } from "../../relay/ports.ts";
import type { AudioFormat } from "../../relay/recognition/audio-format.ts";
import { SourceAudio } from "../audio/source-audio.ts";
import { HeardFinals, type HeardFinalsDeps } from "../finals/heard-finals.ts";
import type { ProviderAdapter, SessionGrant } from "../provider-adapter.ts";
import { ProviderError } from "../provider-error.ts";
import type { ProviderStreamLimits } from "../stream-limits.ts";
import { tellLost } from "./lost-audio.ts";
import { Outage } from "./outage.ts";
import { ProviderSession } from "./provider-session.ts";
import { CLOSE_ABNORMAL } from "./provider-socket.ts";
import { Rollover } from "./rollover.ts";
import { SessionRequests, type SessionRequestsDeps } from "./session-requests.ts";
import { nextState, type StreamEvent, type StreamState } from "./stream-state.ts";

type Requesting = Pick<SessionRequestsDeps, "request" | "processBudget" | "places">;

export interface ProviderStreamDeps extends Requesting, Omit<HeardFinalsDeps, "askForFinals"> {
  readonly adapter: ProviderAdapter;
  readonly onReleased: () => void;
  readonly memory: MemoryBudget;
  readonly log: Log;
}

export interface ProviderStreamOptions {
  readonly audio: AudioFormat;
  readonly limits: ProviderStreamLimits;
}

/** After so many handshakes in a row that failed, the URL counts as dead. */
const HANDSHAKES_MAX = 3;

/**
 * A session's way to a provider, over as many sockets and provider sessions as it takes (R11, R13).
 *
 * Audio is kept from its first frame until it is acknowledged and its utterance is final. A lost socket is opened again on the
 * same URL and gets what was not acknowledged; a provider session that is over is replaced by a new one, which gets what has no
 * final yet. What the provider says again because of that is left out, and what it said unheard is fetched at the end.
 * Its states are those of `stream-state.ts`; deadlines are data, looked at in `sweep`.
 */
export class ProviderStream implements SpeechStream {
  readonly #deps: ProviderStreamDeps;
  readonly #limits: ProviderStreamLimits;
  readonly #finals: HeardFinals;
  readonly #source: SourceAudio<ProviderSession>;
  readonly #requests: SessionRequests;
  readonly #rollover: Rollover;
  readonly #outage = new Outage();
  readonly #ending = new AbortController();
  #state: StreamState = "opening";
  #isReady = false;
  #isFinishing = false;
  #failedHandshakes = 0;

  constructor(deps: ProviderStreamDeps, { audio, limits }: ProviderStreamOptions) {
    this.#deps = deps;
    this.#limits = limits;
    this.#finals = new HeardFinals({ ...deps, askForFinals: deps.adapter.askForFinals });
    this.#source = new SourceAudio(
      { memory: deps.memory, finals: this.#finals },
      { audio, keptMs: limits.backlogMs },
    );
    this.#requests = new SessionRequests({
      ...deps,
      onAsked: () => this.#outage.beginAnew(monotonicMs()),
      onQueued: (position) => deps.listener.onQueued(position),
      onGranted: (grant) => this.#begin(grant),
      onRefused: (failure) => this.#giveUp(failure),
      onFailed: deps.listener.onFailed,
    });
    this.#rollover = new Rollover(
      {
        request: () => this.#requests.requestAside(),
        createSession: (grant) => this.#createSession(grant, this.#source.end),
        source: this.#source,
        finals: this.#finals,
        tallies: deps.tallies,
        onFailed: deps.listener.onFailed,
      },
      limits,
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
    // A session that has caught up gets the frame at once; otherwise it follows with the rest.
    const { hearing } = this.#source;
    if (this.#state === "live" && hearing?.cursor === from) hearing.send(frame);
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
        if (!this.#isFinishing && this.#rollover.advance(nowMs)) this.#sendRest();
        return this.#watch(nowMs);
      case "stopping":
        return this.#watch(nowMs);
      case "recovering":
      case "ended":
        return undefined;
    }
  }

  locate(sourceSeconds: number): void {
    this.#source.hearing?.locate(sourceSeconds * this.#source.bytesPerSecond);
  }

  #apply(event: StreamEvent): void {
    const from = this.#state;
    this.#state = nextState(from, event);
    if (from === this.#state) return;
    if (this.#state === "recovering") this.#recover().catch(this.#deps.listener.onFailed);
    const wasHeard = from === "live" || from === "stopping";
    const isAway = this.#state === "resuming" || this.#state === "replacing";
    if (wasHeard && isAway && this.#outage.begin(monotonicMs()))
      this.#deps.listener.onInterrupted();
  }

  #reconnect(nowMs: number): void {
    if (!this.#requests.hasPlace) return undefined;
    const limitMs = this.#isReady ? this.#limits.outageMs : this.#limits.readyMs;
    if (this.#requests.hasAsked && this.#outage.durationMs(nowMs) >= limitMs) {
      const problem = `the provider was away for ${limitMs} ms`;
      return this.#giveUp(new ProviderError("provider-timeout", problem, { retryable: true }));
    }
    const { hearing } = this.#source;
    if (hearing?.isConnected === true) {
      if (nowMs - hearing.connectedAtMs < this.#limits.openMs) return undefined;
      return this.#drop(hearing);
    }
    if (hearing === undefined) this.#requests.requestDue(nowMs);
    else if (this.#requests.schedule.isDue(nowMs)) hearing.connect();
    return undefined;
  }

  /** A provider session is there: it gets all audio that has no final yet. */
  #begin(grant: SessionGrant): void {
    this.#failedHandshakes = 0;
    const session = this.#createSession(grant, this.#source.replayStart);
    this.#source.changeTo(session);
    session.connect();
  }

  #createSession(grant: SessionGrant, sourceStart: number): ProviderSession {
    const { bytesPerSecond, bytesPerSample } = this.#source;
    const { adapter, log, tallies, listener, omissions } = this.#deps;
    const session: ProviderSession = new ProviderSession(
      {
        adapter,
        log,
        onOpen: () => this.#opened(session),
        onLost: (code, wasOpen) => this.#lose(session, code, wasOpen),
        onFailed: listener.onFailed,
        onAcknowledged: () => this.#source.release(),
        onProgress: () => this.#advance(session),
        onUtterance: (utterance, lap) => this.#hear(session, utterance, lap),
        omissions,
        onTranslation: (translated) => this.#finals.hearTranslation(translated),
        onAligned: (alignment) => listener.onAligned(alignment),
        onDrift: (bytes) => {
          tallies.audio_drift_bytes += bytes;
        },
      },
      { grant, bytesPerSecond, bytesPerSample, sourceStart },
    );
    return session;
  }

  #hear(session: ProviderSession, utterance: Utterance, lap: string): void {
    if (this.#rollover.counts(session, utterance)) this.#finals.hear(utterance, lap);
    else this.#deps.omissions.noteBehindCut(utterance);
    if (utterance.isFinal) this.#source.release();
  }

  #opened(session: ProviderSession): void {
    if (session !== this.#source.hearing) return;
    this.#failedHandshakes = 0;
    this.#apply("opened");
    this.#sendRest();
    // Many a client does not speak before it is ready: there is nothing to acknowledge yet.
    if (this.#isReady) return;
    this.#isReady = true;
    this.#outage.end();
    this.#deps.listener.onReady(session.id);
  }

  #advance(session: ProviderSession): void {
    if (session === this.#source.hearing && this.#outage.end()) this.#deps.listener.onResumed();
  }

  #lose(session: ProviderSession, code: number, wasOpen: boolean): void {
    if (this.#rollover.lose(session) || session !== this.#source.hearing) return;
    const hasEverything = session.acknowledged >= this.#source.end;
    const closeClass = this.#deps.adapter.classifyClose(code);
    // While audio is out, even an orderly close is no answer to our stop: the provider has ended the session by itself.
    if (this.#state === "stopping" && hasEverything && closeClass === "replace") {
      return this.#endHearing(session, "finished");
    }
    const nowMs = monotonicMs();
    if (!wasOpen) this.#failedHandshakes += 1;
    else if (session.wasHealthyFor(this.#limits.stableMs, nowMs)) this.#requests.schedule.forget();
    this.#requests.schedule.noteFailure(nowMs);
    const isOver = closeClass === "replace" || this.#failedHandshakes >= HANDSHAKES_MAX;
    if (isOver) this.#deps.tallies.provider_replacements += 1;
    else if (wasOpen) this.#deps.tallies.provider_resumes += 1;
    return isOver ? this.#endHearing(session, "expired") : this.#apply("lost");
  }

  #endHearing(session: ProviderSession, event: "finished" | "expired"): void {
    this.#source.endHearing();
    this.#finals.setAside(session);
    this.#apply(event);
  }

  /** A socket that does not answer is as good as closed. */
  #drop(session: ProviderSession): void {
    const wasOpen = session.isOpen;
    session.detach();
    this.#lose(session, CLOSE_ABNORMAL, wasOpen);
  }

  #sendRest(): void {
    const { hearing } = this.#source;
    if (hearing === undefined) return;
    tellLost(this.#deps, this.#source.findLoss(), this.#source.bytesPerSecond);
    this.#deps.tallies.audio_replayed_bytes += hearing.sendFrom(this.#source.backlog);
    if (!this.#isFinishing || this.#state !== "live" || hearing.cursor < this.#source.end) return;
    hearing.requestStop();
    this.#apply("all-sent");
  }

  #watch(nowMs: number): void {
    this.#rollover.sweep(nowMs);
    const { hearing } = this.#source;
    if (hearing === undefined || hearing.waitingMs(nowMs) < this.#limits.stalledMs) return;
    this.#deps.tallies.provider_stalls += 1;
    this.#drop(hearing);
  }

  /** Rejects only for a bug. */
  async #recover(): Promise<void> {
    this.#rollover.retire();
    const limit = AbortSignal.timeout(this.#limits.recoverMs);
    await this.#finals.recover(AbortSignal.any([this.#ending.signal, limit]));
    if (this.#end("recovered")) this.#deps.listener.onEnded(undefined);
  }

  #giveUp(failure: ProviderError): void {
    if (this.#end("given-up")) this.#deps.listener.onEnded(failure);
  }

  /** Lets go of everything; false when that was done before. */
  #end(event: "recovered" | "given-up"): boolean {
    if (this.#ending.signal.aborted) return false;
    this.#ending.abort();
    const wasAway = ["opening", "resuming", "replacing"].includes(this.#state);
    this.#apply(event);
    // Its owner is still there to be told: what was said in vain is not lost in silence.
    if (wasAway) tellLost(this.#deps, this.#source.unheard, this.#source.bytesPerSecond);
    this.#source.hearing?.release();
    this.#rollover.stop();
    this.#finals.stop();
    this.#deps.omissions.tell();
    this.#source.backlog.clear();
    this.#requests.stop();
    this.#deps.onReleased();
    return true;
  }
}
