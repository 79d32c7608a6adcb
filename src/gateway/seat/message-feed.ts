import { AppError } from "../../kernel/errors.ts";
import type { Log } from "../../observe/log.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { MemoryBudget } from "../../relay/memory-budget.ts";
import type { OwnerFeed, Transcript, Translation } from "../../relay/ports.ts";
import type { AudioFormat } from "../../relay/recognition/audio-format.ts";
import type { KeptFinals } from "../../relay/stored-transcript.ts";
import {
  serialise,
  transcriptionMessage,
  translationMessage,
  type ServerMessage,
  type Unnumbered,
} from "../protocol/server-messages.ts";
import { sendForgotten, sendHeld, type CatchingUpClient } from "./catch-up.ts";
import { ReplayBuffer } from "./replay-buffer.ts";

/** The socket that a session's owner has at present. */
export interface AttachedClient extends CatchingUpClient {
  readonly id: string;
  /** Its reader is slow: it is spared the messages that R22 allows to leave out. */
  readonly isBehind: boolean;
  /** Sends the error, if any, and closes. */
  close(failure: AppError | undefined): void;
  /** A bug met on its behalf ends its connection, and nothing else (R24). */
  crash(error: unknown): void;
}

export interface MessageFeedDeps {
  readonly keptFinals: KeptFinals;
  readonly metrics: Metrics;
  readonly log: Log;
  /** What is kept for clients that come back is taken from it. */
  readonly memory: MemoryBudget;
}

export interface MessageFeedOptions {
  /** By which the session's owner comes back to it. */
  readonly resumeId: string;
  /** The call that is spoken in. */
  readonly sessionSlug: string;
  /** What the session hears. */
  readonly audio: AudioFormat;
}

/** What goes on until something ends it: one message for each of these tells it to a client that comes back. */
type Standing = "readiness" | "provider" | "journal" | "process";

/** `connectionId` is that of the client that is told. */
type StandingMessage = (connectionId: string) => Unnumbered<ServerMessage>;

type Attachment =
  | { readonly kind: "none" }
  /** What it missed is being sent; what comes meanwhile is kept and follows. */
  | { readonly kind: "catching-up"; readonly client: AttachedClient; readonly seen: number }
  | { readonly kind: "live"; readonly client: AttachedClient };

/**
 * Everything that one session tells its owner, in the order of its numbers, over as many sockets as it takes (R20, R21).
 *
 * - Finals, translations and gaps are numbered and kept once, and sent again under the same number.
 * - Partials are left out where nobody reads them: the latest one of each utterance comes when somebody does (R22).
 * - What is standing, such as "ready", is told to every client that attaches.
 * - After the end every client is closed alike, once it has caught up.
 *
 * Modes: nobody attached ↔ catching up → live.
 */
export class MessageFeed implements OwnerFeed {
  readonly #deps: MessageFeedDeps;
  readonly #options: MessageFeedOptions;
  readonly #replay: ReplayBuffer;
  readonly #standing = new Map<Standing, StandingMessage>();
  #attachment: Attachment = { kind: "none" };
  #sequence = 0;
  #hasUnsentPartials = false;
  #isDraining = false;
  #ending: { readonly failure: AppError | undefined } | undefined;

  constructor(deps: MessageFeedDeps, options: MessageFeedOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#replay = new ReplayBuffer(deps.memory);
  }

  get client(): AttachedClient | undefined {
    return this.#attachment.kind === "none" ? undefined : this.#attachment.client;
  }

  /** Number of the latest message. */
  get sequence(): number {
    return this.#sequence;
  }

  get hasEnded(): boolean {
    return this.#ending !== undefined;
  }

  /**
   * The number of a message about the connection alone. While its client catches up it repeats one that the client has: a
   * higher one would hide what is still to come, if the socket broke now.
   */
  takeConnectionNumber(): number {
    return this.#attachment.kind === "catching-up" ? this.#attachment.seen : this.#nextSequence();
  }

  /** Gives the feed to this client, and takes it from the one that had it. `after` is the last message that it has seen. */
  attach(client: AttachedClient, after: number): void {
    const earlier = this.client;
    this.#attachment = { kind: "catching-up", client, seen: after };
    earlier?.close(new AppError("replaced", "a newer connection took this session over"));
    void this.#catchUp(client, after);
  }

  /** False when this client had been replaced already. */
  detach(client: AttachedClient): boolean {
    if (this.client !== client) return false;
    this.#attachment = { kind: "none" };
    return true;
  }

  /** The attached client has read what was sent: partials that had to wait go out. */
  readerCaughtUp(): void {
    if (!this.#hasUnsentPartials) return;
    this.#hasUnsentPartials = false;
    this.#sendOpenPartials();
  }

  /** Lets go of what it keeps. Nobody attaches any more. */
  clear(): void {
    this.#replay.clear();
  }

  showReady(): void {
    const { resumeId, audio } = this.#options;
    this.#setStanding("readiness", (connectionId) => ({
      type: "ready",
      resume: resumeId,
      connection_id: connectionId,
      encoding: audio.encoding,
      sample_rate: audio.sampleRate,
    }));
  }

  showQueued(position: number): void {
    this.#setStanding("readiness", () => ({ type: "status", state: "queued", position }));
  }

  showInterrupted(): void {
    this.#setStanding("provider", () => ({ type: "status", state: "reconnecting" }));
  }

  showResumed(): void {
    this.#clearStanding("provider", { type: "status", state: "live" });
  }

  showTranscript(transcript: Transcript): void {
    const { utteranceKey } = transcript;
    if (!transcript.isFinal) {
      this.#replay.keepPartial(transcript);
      this.#sendPartial(transcript);
      return;
    }
    this.#replay.dropPartial(utteranceKey);
    // A final without text takes partials back and is not stored: nobody finds it by its key.
    const storedKey = transcript.text === "" ? undefined : utteranceKey;
    const isSent = this.#keepAndSend(transcriptionMessage(transcript), storedKey);
    if (isSent) this.#deps.metrics.tallies.finals_sent += 1;
  }

  showTranslation(translation: Translation): void {
    this.#keepAndSend(translationMessage(translation), translation.utteranceKey);
  }

  showGap(from: Date, to: Date): void {
    const times = { from: from.toISOString(), to: to.toISOString() };
    this.#keepAndSend({ type: "status", state: "gap", ...times }, undefined);
  }

  /** R6: whether finals survive the process at present. */
  showJournaling(isUnjournaled: boolean): void {
    if (isUnjournaled) {
      this.#setStanding("journal", () => ({ type: "status", state: "unjournaled" }));
    } else {
      this.#clearStanding("journal", { type: "status", state: "journaled" });
    }
  }

  /** R30: the server goes away. The close follows when the last finals are out. */
  showDraining(): void {
    this.#isDraining = true;
    this.#setStanding("process", () => ({ type: "status", state: "draining" }));
  }

  /** Nothing follows. */
  end(failure: AppError | undefined): void {
    // Whatever failed while the server went away, its successor may do better: the client is asked to come back.
    const told = this.#isDraining
      ? new AppError("draining", "the server restarts: connect again")
      : failure;
    this.#ending = { failure: told };
    if (this.#attachment.kind === "live") this.#attachment.client.close(told);
  }

  /** Never rejects. The one await is for finals that have to be read back; meanwhile others may be forgotten. */
  async #catchUp(client: AttachedClient, after: number): Promise<void> {
    const { sessionSlug } = this.#options;
    const { tallies } = this.#deps.metrics;
    try {
      let missed = this.#replay.since(after);
      let missing = missed.unknownCount;
      for (let last = missed.forgotten.at(-1); last !== undefined; last = missed.forgotten.at(-1)) {
        missing += await sendForgotten(client, sessionSlug, missed.forgotten, this.#deps);
        if (this.client !== client) return;
        missed = this.#replay.since(last.seq);
      }
      sendHeld(client, missed.held, tallies);
      if (this.client !== client) return;
      this.#attachment = { kind: "live", client };
      tallies.finals_missed += missing;
      if (missing > 0) this.#sendOnce({ type: "status", state: "missed", count: missing });
      this.#sendOpenPartials();
      for (const message of this.#standing.values()) this.#sendOnce(message(client.id));
      if (this.#ending !== undefined) client.close(this.#ending.failure);
    } catch (error) {
      client.crash(error);
    }
  }

  /** Holds from now on, also for every client that attaches later. */
  #setStanding(what: Standing, message: StandingMessage): void {
    this.#standing.set(what, message);
    if (this.#attachment.kind === "live") this.#sendOnce(message(this.#attachment.client.id));
  }

  /** Holds no longer, which `message` says. */
  #clearStanding(what: Standing, message: Unnumbered<ServerMessage>): void {
    this.#standing.delete(what);
    this.#sendOnce(message);
  }

  /**
   * For what may be asked for again: it is kept first, so that no socket that dies while it is sent takes it along. Says
   * whether somebody is there who gets it now.
   */
  #keepAndSend(message: Unnumbered<ServerMessage>, storedKey: string | undefined): boolean {
    const seq = this.#nextSequence();
    const text = serialise(seq, message);
    this.#replay.keep(seq, text, storedKey);
    if (this.#attachment.kind !== "live") return false;
    this.#attachment.client.send(text);
    return true;
  }

  /** For the client that is there now; whoever is not there does not miss it. */
  #sendOnce(message: Unnumbered<ServerMessage>): void {
    if (this.#attachment.kind !== "live") return;
    this.#attachment.client.send(serialise(this.#nextSequence(), message));
  }

  #sendPartial(partial: Transcript): void {
    if (this.#attachment.kind !== "live") return;
    const { tallies } = this.#deps.metrics;
    if (this.#attachment.client.isBehind) {
      this.#hasUnsentPartials = true;
      tallies.partials_dropped += 1;
    } else {
      this.#sendOnce(transcriptionMessage(partial));
      tallies.partials_sent += 1;
    }
  }

  #sendOpenPartials(): void {
    for (const partial of this.#replay.openPartials) this.#sendOnce(transcriptionMessage(partial));
  }

  #nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }
}
