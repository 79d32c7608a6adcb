import { monotonicMs } from "../../kernel/timers.ts";
import type { Log } from "../../observe/log.ts";
import type {
  Alignment,
  SpokenTranslation,
  SpokenUtterance,
  TranslatedUtterance,
  Utterance,
} from "../../relay/ports.ts";
import type { AudioBacklog } from "../audio/audio-backlog.ts";
import { SentAudio } from "../audio/sent-audio.ts";
import { SessionPositions } from "../audio/session-positions.ts";
import type { Hearing } from "../audio/source-audio.ts";
import type { ReportingSession } from "../finals/heard-finals.ts";
import type { Omissions } from "../finals/omissions.ts";
import { isTorn, SessionUtterances } from "../finals/session-utterances.ts";
import type { ProviderAdapter, ProviderEvent, SessionGrant } from "../provider-adapter.ts";
import { Placing } from "./placing.ts";
import { ProviderSocket } from "./provider-socket.ts";

export interface ProviderSessionDeps {
  readonly adapter: ProviderAdapter;
  readonly log: Log;
  /** The socket is open; what is not acknowledged may be sent. */
  readonly onOpen: () => void;
  /** A socket is gone, or never opened. Not called for one that this side let go of. */
  readonly onLost: (code: number, wasOpen: boolean) => void;
  /** See `ProviderSocketDeps`. */
  readonly onFailed: (error: unknown) => void;
  readonly onAcknowledged: () => void;
  /** Audio was acknowledged that was not before, or something was said: the provider is at work. Before it is told. */
  readonly onProgress: () => void;
  /** `lap` as `ReportingSession` has it. */
  readonly onUtterance: (utterance: Utterance, lap: string) => void;
  readonly omissions: Pick<Omissions, "note" | "noteBeyond">;
  readonly onTranslation: (translated: TranslatedUtterance) => void;
  /** After a resume the provider turned out to hold this much audio twice, because acknowledgements were lost. */
  readonly onDrift: (bytes: number) => void;
  /** From this moment on, the session's seconds and the source's run side by side. */
  readonly onAligned: (alignment: Alignment) => void;
}

export interface ProviderSessionOptions {
  readonly grant: SessionGrant;
  readonly bytesPerSecond: number;
  readonly bytesPerSample: number;
  /** Position of the source where this session's audio begins. */
  readonly sourceStart: number;
}

/** Replayed audio a turn: five seconds of it, ten times a second, catch up at fifty times the speed of speech. */
const REPLAY_SECONDS = 5;

/** Audio handed to the socket and not sent yet, at which replaying pauses until the next turn. */
const BUFFERED_BYTES_MAX = 262_144;

/**
 * One provider session, over the sockets that it takes: what was sent, what was acknowledged, and where in the source its
 * utterances are.
 *
 * Modes: detached ⇄ connecting → open → detached …; `release` ends it.
 */
export class ProviderSession implements Hearing, ReportingSession {
  readonly id: string;
  /** When it was granted, by `monotonicMs`. */
  readonly createdAtMs = monotonicMs();
  /** What it has said so far. */
  readonly utterances = new SessionUtterances();
  readonly #deps: ProviderSessionDeps;
  readonly #options: ProviderSessionOptions;
  readonly #positions: SessionPositions;
  readonly #sent: SentAudio;
  readonly #placing: Placing;
  readonly #socket: ProviderSocket;
  #progressAtMs = 0;
  /** Position in the source of the next byte to send. */
  #cursor: number;
  #hasMissed = false;
  /** On this socket. */
  #hasProgressed = false;
  #isStopRequested = false;

  constructor(deps: ProviderSessionDeps, options: ProviderSessionOptions) {
    const { adapter } = deps;
    const { grant, bytesPerSecond, bytesPerSample } = options;
    this.id = grant.id;
    this.#deps = deps;
    this.#options = options;
    const naming = { providerSessionId: grant.id, bytesPerSecond };
    this.#positions = new SessionPositions(deps, naming);
    this.#cursor = options.sourceStart;
    this.#positions.align(0, options.sourceStart);
    this.#sent = new SentAudio(adapter.createAcknowledgements(bytesPerSample), bytesPerSample);
    this.#placing = new Placing({ positions: this.#positions, sent: this.#sent }, naming);
    this.#socket = new ProviderSocket(
      {
        onOpen: () => this.#opened(),
        onText: (text) => this.#receive(text),
        onLost: (code, wasOpen) => {
          // After an orderly end nothing more would have come, unless a final is owed.
          const isOrderly = code === adapter.closeDone && this.utterances.oldest === undefined;
          if (wasOpen && !isOrderly) this.#hasMissed = true;
          deps.onLost(code, wasOpen);
        },
        onFailed: deps.onFailed,
      },
      grant.url,
    );
  }

  get isOpen(): boolean {
    return this.#socket.isOpen;
  }

  /** Whether a socket is there, open or not yet. */
  get isConnected(): boolean {
    return this.#socket.isConnected;
  }

  /** When the socket was asked for, or has opened, by `monotonicMs`. */
  get connectedAtMs(): number {
    return this.#socket.connectedAtMs;
  }

  /** Whether its socket lived for so long, and the provider did something over it. */
  wasHealthyFor(durationMs: number, nowMs: number): boolean {
    return this.#hasProgressed && nowMs - this.connectedAtMs >= durationMs;
  }

  get acknowledged(): number {
    return this.#positions.toSource(this.#sent.acknowledgedBytes);
  }

  get cursor(): number {
    return this.#cursor;
  }

  get speechSeconds(): number | undefined {
    return this.utterances.oldest?.startSeconds;
  }

  get hasMissed(): boolean {
    return this.#hasMissed;
  }

  /** For how long an answer has been due: an acknowledgement, or, after a stop, anything at all. In milliseconds. */
  waitingMs(nowMs: number): number {
    const isDue = this.#isStopRequested || !this.#sent.isAcknowledged;
    return this.#socket.isOpen && isDue ? nowMs - this.#progressAtMs : 0;
  }

  /** Moves the beginning of this session's audio; only while nothing was sent. */
  startAt(source: number): void {
    this.#cursor = source;
    this.#positions.align(0, source);
  }

  /** Opens the session's URL, again with everything that was not acknowledged to follow. */
  connect(): void {
    this.#socket.connect();
  }

  /** Sends the frame that begins at the cursor. */
  send(frame: Uint8Array): void {
    if (this.#sent.isAcknowledged) this.#progressAtMs = monotonicMs();
    this.#socket.send(frame);
    this.#sent.note(frame.byteLength);
    this.#cursor += frame.byteLength;
  }

  /**
   * Sends what the backlog has from the cursor on, as much as a turn may and no more than the socket takes. What the backlog
   * has lost is left out. Returns the bytes that were sent.
   */
  sendFrom(backlog: AudioBacklog): number {
    const bytesMax = REPLAY_SECONDS * this.#options.bytesPerSecond;
    if (this.#cursor < backlog.start) {
      this.#cursor = backlog.start;
      this.#positions.align(this.#sent.sentBytes, this.#cursor);
    }
    let sentBytes = 0;
    while (sentBytes < bytesMax && this.#socket.bufferedBytes < BUFFERED_BYTES_MAX) {
      const frame = backlog.readAt(this.#cursor);
      if (frame === undefined) break;
      this.send(frame);
      sentBytes += frame.byteLength;
    }
    return sentBytes;
  }

  /** Tells where this moment of the source is in the session, or will be when everything is sent. */
  locate(source: number): void {
    this.#positions.tell(this.#sent.sentBytes + source - this.#cursor, source);
  }

  /** No more audio: the provider sends its trailing finals and closes. */
  requestStop(): void {
    this.#isStopRequested = true;
    this.#progressAtMs = monotonicMs();
    this.#socket.send(this.#deps.adapter.stopMessage);
  }

  /** Lets the socket go and keeps the session. */
  detach(): void {
    this.#close(this.#deps.adapter.closeKeeping);
  }

  /** Ends session and socket; the account's place is free at once. */
  release(): void {
    this.#close(this.#deps.adapter.closeDone);
  }

  place(spoken: SpokenUtterance): Utterance {
    return this.#placing.place(spoken);
  }

  placeTranslation(spoken: SpokenTranslation): TranslatedUtterance {
    return this.#placing.placeTranslation(spoken);
  }

  lapOf(spoken: SpokenUtterance): string {
    return this.#placing.lapOf(spoken);
  }

  #opened(): void {
    this.#hasProgressed = false;
    this.#isStopRequested = false;
    this.#progressAtMs = monotonicMs();
    this.#cursor = this.acknowledged;
    this.#sent.resume();
    this.#deps.onOpen();
  }

  #receive(text: string): void {
    if (this.#isStopRequested) this.#progressAtMs = monotonicMs();
    const parsed = this.#deps.adapter.parseMessage(text);
    if (parsed.ok) this.#act(parsed.value);
    else this.#deps.log.warn("Skipped a message of the provider", { problem: parsed.problem });
  }

  #act(event: ProviderEvent): void {
    switch (event.kind) {
      case "acknowledgement":
        return this.#acknowledge(event.from, event.to);
      case "utterance":
        return this.#hear(event);
      case "translation":
        return this.#hearTranslation(this.placeTranslation(event));
      case "refusal":
        return this.#deps.log.warn("The provider refused a message", {
          of: event.of,
          reason: event.reason,
        });
      case "other":
        return undefined;
    }
  }

  #acknowledge(from: number, to: number): void {
    const before = this.#sent.acknowledgedBytes;
    const drift = this.#sent.acknowledge(from, to);
    if (drift !== undefined) {
      // It counts on from there.
      this.#positions.align(drift.at, this.#positions.toSource(drift.at - drift.bytes));
      this.#deps.onDrift(drift.bytes);
    }
    if (this.#sent.acknowledgedBytes > before) {
      this.#progressAtMs = monotonicMs();
      this.#progress();
    }
    this.#deps.onAcknowledged();
  }

  #progress(): void {
    this.#hasProgressed = true;
    this.#deps.onProgress();
  }

  #hear(spoken: SpokenUtterance): void {
    const { omissions } = this.#deps;
    this.#progress();
    omissions.noteBeyond(this.#placing.beyondSeconds(spoken));
    const utterance = this.place(spoken);
    const told = this.utterances.note(utterance);
    if (told === undefined) return;
    if (told.isFinal && isTorn(utterance)) omissions.note("torn", utterance);
    this.#deps.onUtterance(told, this.lapOf(spoken));
  }

  #hearTranslation(translated: TranslatedUtterance): void {
    this.utterances.noteTranslation(translated.utteranceKey, translated.language);
    this.#deps.onTranslation(translated);
  }

  #close(code: number): void {
    if (this.#socket.close(code)) this.#hasMissed = true;
  }
}
