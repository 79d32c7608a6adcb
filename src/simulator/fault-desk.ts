import { unreachable } from "../kernel/assert.ts";
import type { DoorFault, Fault, ScriptedFault } from "./faults/fault.ts";
import type { SessionBook } from "./session-book.ts";

type FaultOf<Kind extends DoorFault["kind"]> = Extract<DoorFault, { readonly kind: Kind }>;

/**
 * Where a test orders what goes wrong.
 *
 * A fault of the doors waits here for the requests that it is meant for. Every other one strikes
 * when it is ordered, or when the audio has come as far as the script says: neither chance nor the
 * clock decides.
 */
export class FaultDesk {
  readonly #sessions: SessionBook;
  readonly #posts: FaultOf<"refuse-posts" | "hang-posts">[] = [];
  readonly #handshakes: FaultOf<"refuse-handshakes">[] = [];
  readonly #opens: FaultOf<"close-after-open">[] = [];
  /** By `afterBytes`. */
  #script: readonly ScriptedFault[] = [];
  #heardBytes = 0;

  constructor(deps: { readonly sessions: SessionBook }) {
    this.#sessions = deps.sessions;
  }

  /** Scripted faults that have not struck. */
  get scriptedCount(): number {
    return this.#script.length;
  }

  inflict(fault: Fault): void {
    switch (fault.kind) {
      case "refuse-posts":
      case "hang-posts":
        queue(this.#posts, fault);
        return;
      case "refuse-handshakes":
        queue(this.#handshakes, fault);
        return;
      case "close-after-open":
        queue(this.#opens, fault);
        return;
      case "close":
      case "end":
      case "vanish":
        for (const session of this.#sessions.sessions) session.suffer(fault);
        return;
      case "terminate":
      case "freeze":
      case "lose-acknowledgments":
      case "delay-acknowledgments":
      case "stall":
      case "reorder-partials":
      case "say":
        for (const { outlet } of this.#sessions.sessions) outlet?.suffer(fault);
        return;
      default:
        unreachable(fault);
    }
  }

  /** Whatever waits for requests and audio that have not come is called off. */
  heal(): void {
    this.#posts.length = 0;
    this.#handshakes.length = 0;
    this.#opens.length = 0;
    this.#script = [];
  }

  /**
   * Adds to what is scripted. Of two faults at one place the one that was added first strikes
   * first.
   */
  schedule(script: readonly ScriptedFault[]): void {
    this.#script = [...this.#script, ...script].toSorted((a, b) => a.afterBytes - b.afterBytes);
  }

  /** A frame has come, on whichever socket. */
  hear(frameBytes: number): void {
    this.#heardBytes += frameBytes;
    for (;;) {
      const [next, ...rest] = this.#script;
      if (next === undefined || next.afterBytes > this.#heardBytes) return;
      this.#script = rest;
      this.inflict(next.fault);
    }
  }

  /** What is to happen to the POST that has just come. */
  takePost(): FaultOf<"refuse-posts" | "hang-posts"> | undefined {
    return this.#posts.shift();
  }

  /** What is to happen to the handshake that has just come. */
  takeHandshake(): FaultOf<"refuse-handshakes"> | undefined {
    return this.#handshakes.shift();
  }

  /** What is to happen to the socket that has just opened. */
  takeOpen(): FaultOf<"close-after-open"> | undefined {
    return this.#opens.shift();
  }
}

function queue<Due extends DoorFault>(line: Due[], fault: Due): void {
  for (let index = 0; index < fault.count; index += 1) line.push(fault);
}
