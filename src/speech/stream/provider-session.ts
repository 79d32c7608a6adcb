import type { Log } from "../../observe/log.ts";
import type { Place } from "../../relay/ports.ts";
import { toUtteranceKey } from "../../relay/timed-transcript.ts";
import type { AudioBacklog } from "../audio/audio-backlog.ts";
import { PositionMap } from "../audio/position-map.ts";
import { LinkUtterances, type PlacedTranscript } from "../finals/session-utterances.ts";
import { Acknowledgements } from "../gladia/acknowledgements.ts";
import type { LiveSession } from "../gladia/gladia-api.ts";
import {
  parseGladiaMessage,
  type GladiaEvent,
  type TranscriptEvent,
  type TranslationEvent,
} from "../gladia/gladia-messages.ts";
import { ProviderSocket } from "./provider-socket.ts";

export interface LiveLinkDeps {
  readonly log: Log;
  /** The socket is open; what is not acknowledged may be sent. */
  readonly onOpen: () => void;
  /** A socket is gone, or never opened. Not called for one that this side let go of. */
  readonly onLost: (code: number, wasOpen: boolean) => void;
  /** See `ProviderSocketDeps`. */
  readonly onFailed: (error: unknown) => void;
  readonly onAcknowledged: () => void;
  readonly onTranscript: (transcript: PlacedTranscript) => void;
  readonly onTranslation: (event: TranslationEvent) => void;
  /** After a resume the provider turned out to hold this much audio twice, because acknowledgements were lost. */
  readonly onDrift: (bytes: number) => void;
  /** From this place on, the session's seconds and the source's run side by side. */
  readonly onPlaced: (place: Place) => void;
}

export interface LiveLinkOptions {
  readonly session: LiveSession;
  readonly bytesPerSecond: number;
  readonly bytesPerSample: number;
  /** Position of the source where this session's audio begins. */
  readonly sourceStart: number;
}

/** Tells the provider to keep the session: 1000 would end it. The official resume sample uses the same code. */
const CLOSE_DETACH = 4500;
const CLOSE_DONE = 1000;

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
export class LiveLink {
  readonly id: string;
  /** When the provider session was made, in milliseconds since the epoch. */
  readonly createdAtMs = Date.now();
  /** What the session has said so far. */
  readonly utterances = new LinkUtterances();
  readonly #deps: LiveLinkDeps;
  readonly #options: LiveLinkOptions;
  readonly #positions = new PositionMap();
  readonly #acknowledgements: Acknowledgements;
  readonly #socket: ProviderSocket;
  #progressAtMs = 0;
  /** Bytes that the provider has, by our count, when everything sent has arrived. */
  #sentBytes = 0;
  #acknowledgedBytes = 0;
  /** Position in the source of the next byte to send. */
  #cursor: number;
  /** The provider's count that the first acknowledgement on this socket should begin at. */
  #resumedAt: number | undefined;
  #hasMissed = false;
  #isStopRequested = false;

  constructor(deps: LiveLinkDeps, options: LiveLinkOptions) {
    this.id = options.session.id;
    this.#deps = deps;
    this.#options = options;
    this.#cursor = options.sourceStart;
    this.#begin(0, options.sourceStart);
    this.#acknowledgements = new Acknowledgements(options.bytesPerSample);
    this.#socket = new ProviderSocket(
      {
        onOpen: () => this.#opened(),
        onText: (text) => this.#receive(text),
        onLost: (code, wasOpen) => {
          // After an orderly end nothing more would have come, unless a final is owed.
          const isOrderly = code === CLOSE_DONE && this.utterances.oldest === undefined;
          if (wasOpen && !isOrderly) this.#hasMissed = true;
          deps.onLost(code, wasOpen);
        },
        onFailed: deps.onFailed,
      },
      options.session.url,
    );
  }

  get isOpen(): boolean {
    return this.#socket.isOpen;
  }

  /** Whether a socket is there, open or not yet. */
  get isConnected(): boolean {
    return this.#socket.isConnected;
  }

  /** When the socket was asked for, or has opened, in milliseconds since the epoch. */
  get connectedAtMs(): number {
    return this.#socket.connectedAtMs;
  }

  /** Position in the source up to which the provider has everything. */
  get acknowledged(): number {
    return this.#positions.toSource(this.#acknowledgedBytes);
  }

  get cursor(): number {
    return this.#cursor;
  }

  /** Finals may have been reported while no socket was there. */
  get hasMissed(): boolean {
    return this.#hasMissed;
  }

  /** For how long an answer has been due: an acknowledgement, or, after a stop, anything at all. In milliseconds. */
  waitingMs(nowMs: number): number {
    const isDue = this.#isStopRequested || this.#sentBytes > this.#acknowledgedBytes;
    return this.#socket.isOpen && isDue ? nowMs - this.#progressAtMs : 0;
  }

  /** Moves the beginning of this session's audio; only while nothing was sent. */
  startAt(source: number): void {
    this.#cursor = source;
    this.#begin(0, source);
  }

  /** Opens the session's URL, again with everything that was not acknowledged to follow. */
  connect(): void {
    this.#socket.connect();
  }

  /** Sends the frame that begins at the cursor. */
  send(frame: Uint8Array): void {
    if (this.#sentBytes === this.#acknowledgedBytes) this.#progressAtMs = Date.now();
    this.#socket.send(frame);
    this.#sentBytes += frame.byteLength;
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
      this.#begin(this.#sentBytes, this.#cursor);
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
    this.#tellPlace(this.#sentBytes + source - this.#cursor, source);
  }

  /** No more audio: the provider sends its trailing finals and closes with 1000. */
  requestStop(): void {
    this.#isStopRequested = true;
    this.#progressAtMs = Date.now();
    this.#socket.send('{"type":"stop_recording"}');
  }

  /** Lets the socket go and keeps the session. */
  detach(): void {
    this.#leave(CLOSE_DETACH);
  }

  /** Ends session and socket; the account's place is free at once. */
  release(): void {
    this.#leave(CLOSE_DONE);
  }

  keyOf(utteranceId: string): string {
    return toUtteranceKey(this.id, utteranceId);
  }

  /** Places what this session reports in the source. */
  place<Event extends { readonly startSeconds: number; readonly endSeconds: number }>(
    event: Event,
  ): Event {
    return {
      ...event,
      startSeconds: this.#toSourceSeconds(event.startSeconds),
      endSeconds: this.#toSourceSeconds(event.endSeconds),
    };
  }

  placeTranscript(event: TranscriptEvent): PlacedTranscript {
    return { ...this.place(event), key: this.keyOf(event.utteranceId) };
  }

  #opened(): void {
    this.#isStopRequested = false;
    this.#progressAtMs = Date.now();
    this.#cursor = this.acknowledged;
    this.#resumedAt = this.#acknowledgedBytes;
    this.#sentBytes = this.#acknowledgedBytes;
    this.#deps.onOpen();
  }

  #receive(text: string): void {
    if (this.#isStopRequested) this.#progressAtMs = Date.now();
    const parsed = parseGladiaMessage(text);
    if (parsed.ok) this.#act(parsed.value);
    else this.#deps.log.warn("Skipped a message of the provider", { problem: parsed.problem });
  }

  #act(event: GladiaEvent): void {
    switch (event.kind) {
      case "acknowledgement":
        return this.#acknowledge(event.from, event.to);
      case "transcript":
        return this.#transcribe(event);
      case "translation":
        this.utterances.noteTranslation(event);
        return this.#deps.onTranslation(event);
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
    const hasBytes = this.#acknowledgements.read(from, to);
    if (this.#resumedAt !== undefined) this.#correctDrift(from - this.#resumedAt);
    this.#resumedAt = undefined;
    this.#progressAtMs = Date.now();
    // Never back, and never beyond what was sent: a provider that counts wrongly must not cost audio.
    this.#acknowledgedBytes = Math.min(
      Math.max(this.#acknowledgedBytes, hasBytes),
      this.#sentBytes,
    );
    this.#deps.onAcknowledged();
  }

  /** The provider had received more than it had acknowledged: it holds that much twice, and counts on from there. */
  #correctDrift(bytes: number): void {
    if (bytes < this.#options.bytesPerSample || this.#resumedAt === undefined) return;
    this.#begin(this.#resumedAt + bytes, this.#positions.toSource(this.#resumedAt));
    this.#sentBytes += bytes;
    this.#deps.onDrift(bytes);
  }

  #transcribe(event: TranscriptEvent): void {
    const told = this.utterances.note(this.placeTranscript(event));
    if (told !== undefined) this.#deps.onTranscript(told);
  }

  #leave(code: number): void {
    if (this.#socket.close(code)) this.#hasMissed = true;
  }

  #begin(provider: number, source: number): void {
    this.#positions.begin(provider, source);
    this.#tellPlace(provider, source);
  }

  #tellPlace(provider: number, source: number): void {
    const { bytesPerSecond } = this.#options;
    this.#deps.onPlaced({
      providerSessionId: this.id,
      providerSeconds: provider / bytesPerSecond,
      sourceSeconds: source / bytesPerSecond,
    });
  }

  #toSourceSeconds(providerSeconds: number): number {
    const { bytesPerSecond } = this.#options;
    return this.#positions.toSource(providerSeconds * bytesPerSecond) / bytesPerSecond;
  }
}
