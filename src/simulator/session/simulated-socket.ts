import { unreachable } from "../../kernel/assert.ts";
import { after, type RunningTimer } from "../../kernel/timers.ts";
import type { Oddity, SocketFault } from "../faults/fault.ts";
import type { MessageBody } from "../wire/messages.ts";
import type { Outlet } from "./message-channel.ts";
import type { SimulatedSession } from "./simulated-session.ts";

/** No status was received: what a socket that broke is reported with. */
const CLOSE_BROKEN = 1006;

const ODDITIES: Readonly<Record<Oddity, () => string>> = {
  malformed: () => '{"type":"transcript","data":{"id":"00_0000',
  unknown: () => '{"type":"weather_forecast","data":{"sky":"clear"}}',
  huge: () => JSON.stringify({ type: "post_transcript", data: { full_transcript: HUGE_TEXT } }),
};
const HUGE_TEXT = "a ".repeat(1_000_000);

/** What is needed of the server's side of a WebSocket. */
export interface Connection {
  send(text: string): unknown;
  close(code: number, reason: string): void;
  /** Breaks the socket without a close frame. */
  terminate(): void;
}

/**
 * One socket of a session, and what is wrong with it.
 *
 * Modes: opening → open → closed. Without a fault it passes everything on, both ways, at once.
 */
export class SimulatedSocket implements Outlet {
  readonly #session: SimulatedSession;
  readonly #timers = new Set<RunningTimer>();
  #connection: Connection | undefined;
  #isFrozen = false;
  #acknowledgmentsToLose = 0;
  #acknowledgmentDelayMs = 0;
  readonly #lateAcknowledgments: string[] = [];
  /** What a stall holds back. */
  #held: string[] | undefined;
  #isReordering = false;
  /** The partial that waits for its final or for the next one. */
  #partial: string | undefined;

  constructor(session: SimulatedSession) {
    this.#session = session;
  }

  open(connection: Connection): void {
    this.#connection = connection;
    this.#session.attach(this);
  }

  hear(frame: string | Uint8Array): void {
    if (this.#isFrozen) return;
    if (typeof frame === "string") this.#session.hearText(frame);
    else this.#session.hearAudio(frame);
  }

  /** The socket is gone, whoever closed it. A frozen one has not read the client's code. */
  noteClose(code: number): void {
    this.#release();
    this.#session.detach(this, this.#isFrozen ? CLOSE_BROKEN : code);
  }

  send(text: string, body: MessageBody): void {
    if (body.type === "audio_chunk" && body.acknowledged) this.#acknowledge(text);
    else if (this.#isReordering && body.type === "transcript") {
      this.#reorder(text, body.data.is_final);
    } else this.#say(text);
  }

  close(code: number, reason: string): void {
    const connection = this.#connection;
    if (this.#isFrozen) connection?.terminate();
    else {
      // Whoever closes in order has said everything before.
      this.#sayLate(Infinity);
      this.#sayHeld();
      connection?.close(code, reason);
    }
    this.#release();
  }

  suffer(fault: SocketFault): void {
    switch (fault.kind) {
      case "terminate":
        this.#connection?.terminate();
        return;
      case "freeze":
        this.#isFrozen = true;
        if (fault.dropMs !== Infinity)
          this.#later(fault.dropMs, () => this.#connection?.terminate());
        return;
      case "lose-acknowledgments":
        this.#acknowledgmentsToLose += fault.count;
        return;
      case "delay-acknowledgments":
        this.#acknowledgmentDelayMs = fault.delayMs;
        return;
      case "stall":
        this.#held ??= [];
        this.#later(fault.holdMs, () => this.#sayHeld());
        return;
      case "reorder-partials":
        this.#isReordering = true;
        return;
      case "say":
        this.#say(ODDITIES[fault.what]());
        return;
      default:
        unreachable(fault);
    }
  }

  #acknowledge(text: string): void {
    if (this.#acknowledgmentsToLose > 0) this.#acknowledgmentsToLose -= 1;
    else if (this.#acknowledgmentDelayMs === 0) this.#say(text);
    else {
      this.#lateAcknowledgments.push(text);
      this.#later(this.#acknowledgmentDelayMs, () => this.#sayLate(1));
    }
  }

  #sayLate(count: number): void {
    for (const text of this.#lateAcknowledgments.splice(0, count)) this.#say(text);
  }

  #reorder(text: string, isFinal: boolean): void {
    if (isFinal) this.#say(text);
    if (this.#partial !== undefined) this.#say(this.#partial);
    this.#partial = isFinal ? undefined : text;
  }

  #say(text: string): void {
    if (this.#isFrozen) return;
    if (this.#held === undefined) this.#connection?.send(text);
    else this.#held.push(text);
  }

  #sayHeld(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const text of held) this.#say(text);
  }

  #later(delayMs: number, act: () => void): void {
    const timer = after(delayMs, () => {
      this.#timers.delete(timer);
      act();
    });
    this.#timers.add(timer);
  }

  #release(): void {
    for (const timer of this.#timers) timer.stop();
    this.#timers.clear();
    this.#connection = undefined;
  }
}
