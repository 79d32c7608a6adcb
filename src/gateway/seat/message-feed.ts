import { AppError } from "../../kernel/errors.ts";
import type { Log } from "../../observe/log.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { MemoryBudget } from "../../relay/memory-budget.ts";
import type { KeptFinals, Transcript } from "../../relay/ports.ts";
import {
  serialise,
  transcriptionMessage,
  type ServerMessage,
  type Unnumbered,
} from "../protocol/server-messages.ts";
import { sendForgotten, sendHeld, type CatchingUpClient } from "./catch-up.ts";
import { OpenPartials } from "./open-partials.ts";
import { ReplayBuffer } from "./replay-buffer.ts";

/** The socket that a session's owner has at present. */
export interface AttachedClient extends CatchingUpClient {
  readonly id: string;
  /** Its reader is slow: what may be left out is (R22). */
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

/** What holds until something else does: one message each tells it to a client that comes back. */
export type Standing = "readiness" | "provider" | "journal" | "process";

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
 *
 * Modes: nobody attached ↔ catching up → live.
 */
export class MessageFeed {
  readonly #deps: MessageFeedDeps;
  readonly #sessionSlug: string;
  readonly #replay: ReplayBuffer;
  readonly #openPartials = new OpenPartials();
  readonly #standing = new Map<Standing, StandingMessage>();
  #attachment: Attachment = { kind: "none" };
  #sequence = 0;
  #hasUnsentPartials = false;
  #ending: { readonly failure: AppError | undefined } | undefined;

  constructor(deps: MessageFeedDeps, sessionSlug: string) {
    this.#deps = deps;
    this.#sessionSlug = sessionSlug;
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
  numberBeside(): number {
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

  /** What may be asked for again: it is kept first, so that no socket that dies while it is sent takes it along. */
  show(message: Unnumbered<ServerMessage>, utteranceKey?: string): void {
    const seq = this.#nextSequence();
    const text = serialise(seq, message);
    this.#replay.keep(seq, text, utteranceKey);
    if (this.#attachment.kind !== "live") return;
    this.#attachment.client.send(text);
    if (message.type === "transcription") this.#deps.metrics.tallies.finals_sent += 1;
  }

  /** One state of an utterance; a final takes the partials of its utterance away and is shown by `show`. */
  note(transcript: Transcript): void {
    this.#openPartials.note(transcript);
    if (transcript.isFinal || this.#attachment.kind !== "live") return;
    const { tallies } = this.#deps.metrics;
    if (this.#attachment.client.isBehind) {
      this.#hasUnsentPartials = true;
      tallies.partials_dropped += 1;
    } else {
      this.tell(transcriptionMessage(transcript));
      tallies.partials_sent += 1;
    }
  }

  /** Tells what holds from now on, also to every client that attaches later. */
  stand(what: Standing, message: StandingMessage): void {
    this.#standing.set(what, message);
    if (this.#attachment.kind === "live") this.tell(message(this.#attachment.client.id));
  }

  /** Tells that it holds no longer. */
  pass(what: Standing, message: Unnumbered<ServerMessage>): void {
    this.#standing.delete(what);
    this.tell(message);
  }

  /** For the client that is there now; whoever is not there does not miss it. */
  tell(message: Unnumbered<ServerMessage>): void {
    if (this.#attachment.kind !== "live") return;
    this.#attachment.client.send(serialise(this.#nextSequence(), message));
  }

  /** Nothing follows: every client is closed like this, once it has caught up. */
  end(failure: AppError | undefined): void {
    this.#ending = { failure };
    if (this.#attachment.kind === "live") this.#attachment.client.close(failure);
  }

  /** Lets go of what it keeps. Nobody attaches any more. */
  clear(): void {
    this.#replay.clear();
  }

  /** The attached client has read what was sent: partials that had to wait go out. */
  readerCaughtUp(): void {
    if (!this.#hasUnsentPartials) return;
    this.#hasUnsentPartials = false;
    this.#tellPartials();
  }

  /** Never rejects. The one await is for finals that have to be read back; meanwhile others may be forgotten. */
  async #catchUp(client: AttachedClient, after: number): Promise<void> {
    const { tallies } = this.#deps.metrics;
    try {
      let missed = this.#replay.since(after);
      let missing = missed.unknownCount;
      for (let last = missed.forgotten.at(-1); last !== undefined; last = missed.forgotten.at(-1)) {
        missing += await sendForgotten(client, this.#sessionSlug, missed.forgotten, this.#deps);
        if (this.client !== client) return;
        missed = this.#replay.since(last.seq);
      }
      sendHeld(client, missed.held, tallies);
      if (this.client !== client) return;
      this.#attachment = { kind: "live", client };
      tallies.finals_missed += missing;
      if (missing > 0) this.tell({ type: "status", state: "missed", count: missing });
      this.#tellPartials();
      for (const message of this.#standing.values()) this.tell(message(client.id));
      if (this.#ending !== undefined) client.close(this.#ending.failure);
    } catch (error) {
      client.crash(error);
    }
  }

  #nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  #tellPartials(): void {
    for (const partial of this.#openPartials.all()) this.tell(transcriptionMessage(partial));
  }
}
