/** The way between one client and the gateway, and everything that may happen on it. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { sleep } from "../../../../src/kernel/timers.ts";
import { startTcpRelay } from "./tcp-relay.ts";

/** From the client to the gateway, or back. */
export type Direction = "up" | "down";

/**
 * What ends a connection.
 *
 * - `reset`: both sides get RST.
 * - `finish`: both sides get FIN, after whole pieces.
 * - `truncate`: both sides get FIN, after exactly so many bytes: mostly in the middle of a WebSocket frame.
 * - `stall`: nothing goes in these directions for `forMs`, and neither side hears that the other one is gone. Then both get
 *   RST, unless `goesOn`.
 */
export type NetworkFault =
  | { readonly kind: "reset" | "finish" | "truncate" }
  | {
      readonly kind: "stall";
      readonly directions: readonly Direction[];
      readonly forMs: number;
      readonly goesOn?: boolean;
    };

/** How one connection is carried. */
export interface Course {
  /** What is under way when it is read takes so much longer; order stays. */
  readonly delayMs: Readonly<Record<Direction, number>>;
  /** Bytes are handed on in pieces of at most this size. */
  readonly pieceBytes: number;
  /** Between two pieces: with small ones, a slow drip. */
  readonly pieceMs: number;
  readonly fault: NetworkFault | undefined;
  /** The fault strikes after so many bytes in this direction. */
  readonly strikesAfter: { readonly direction: Direction; readonly bytes: number };
  /** After the fault, every new connection is reset for so long. */
  readonly awayMs: number;
}

export const CALM: Course = {
  delayMs: { up: 0, down: 0 },
  pieceBytes: Infinity,
  pieceMs: 0,
  fault: undefined,
  strikesAfter: { direction: "up", bytes: Infinity },
  awayMs: 0,
};

/** Disposing it cuts everything. */
export interface HostileNetwork extends AsyncDisposable {
  /** The gateway's address, by way of this network. */
  readonly url: URL;
  /** Connections that were carried at least in part. */
  readonly connectionCount: number;
  /** The kinds of the faults that have struck, in order. */
  readonly struck: readonly NetworkFault["kind"][];
  /** Ends every stall that lasts. */
  release(): void;
}

/** `chooseCourse` is asked once for each connection, by its number from 0 on. */
export async function startHostileNetwork(
  gatewayUrl: URL,
  chooseCourse: (connection: number) => Course,
): Promise<HostileNetwork> {
  const struck: NetworkFault["kind"][] = [];
  let connectionCount = 0;
  let isAwayUntilMs = 0;
  let releasing = new AbortController();

  const join = (client: Socket, dial: () => Socket) => {
    if (performance.now() < isAwayUntilMs) {
      client.resetAndDestroy();
      return;
    }
    const course = chooseCourse(connectionCount);
    connectionCount += 1;
    const carried = new CarriedConnection(client, dial(), course, {
      released: () => releasing.signal,
      onStruck: (fault) => {
        struck.push(fault.kind);
        isAwayUntilMs = performance.now() + course.awayMs;
      },
    });
    void carried.carry("up");
    void carried.carry("down");
  };

  const relay = await startTcpRelay(gatewayUrl, join);
  const url = new URL(gatewayUrl);
  url.port = String(relay.port);
  const release = () => {
    releasing.abort();
    releasing = new AbortController();
  };
  return {
    url,
    struck,
    get connectionCount() {
      return connectionCount;
    },
    release,
    async [Symbol.asyncDispose]() {
      release();
      await relay[Symbol.asyncDispose]();
    },
  };
}

interface CarriedDeps {
  /** Aborted when stalls shall end. */
  readonly released: () => AbortSignal;
  onStruck(fault: NetworkFault): void;
}

/** Modes: carrying → struck; a stall that goes on carries again. */
class CarriedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #course: Course;
  readonly #deps: CarriedDeps;
  readonly #carriedBytes: Record<Direction, number> = { up: 0, down: 0 };
  #stalledDirections: readonly Direction[] = [];
  #stall: Promise<void> | undefined;
  #hasStruck = false;
  #isOver = false;

  constructor(client: Socket, server: Socket, course: Course, deps: CarriedDeps) {
    this.#client = client;
    this.#server = server;
    this.#course = course;
    this.#deps = deps;
  }

  /** Never rejects; resolves when nothing more goes this way. */
  async carry(direction: Direction): Promise<void> {
    const isUp = direction === "up";
    const [from, to] = isUp ? [this.#client, this.#server] : [this.#server, this.#client];
    try {
      // Read one by one: what is not carried yet waits in the sender's own buffers.
      for await (const bytes of from as AsyncIterable<Buffer>) {
        if (this.#course.delayMs[direction] > 0) await sleep(this.#course.delayMs[direction]);
        for (const piece of this.#cut(bytes)) {
          await this.#handOn(piece, to, direction);
          if (this.#isOver) return;
        }
      }
    } catch {
      // The sender broke: that is handed on like its end.
    }
    await this.#stall;
    to.end();
  }

  *#cut(bytes: Buffer): Generator<Buffer> {
    const { pieceBytes } = this.#course;
    for (let from = 0; from < bytes.length; from += pieceBytes) {
      yield bytes.subarray(from, from + pieceBytes);
    }
  }

  async #handOn(piece: Buffer, to: Socket, direction: Direction): Promise<void> {
    if (this.#stalledDirections.includes(direction)) await this.#stall;
    if (this.#isOver) return;
    const { fault, strikesAfter, pieceMs } = this.#course;
    const roomBytes =
      fault === undefined || this.#hasStruck || strikesAfter.direction !== direction
        ? Infinity
        : strikesAfter.bytes - this.#carriedBytes[direction];
    const isDue = piece.length >= roomBytes;
    const carried = isDue && fault?.kind !== "finish" ? piece.subarray(0, roomBytes) : piece;
    this.#carriedBytes[direction] += carried.length;
    await write(to, carried);
    if (pieceMs > 0) await sleep(pieceMs);
    // The other direction may have struck meanwhile.
    if (!isDue || fault === undefined || this.#hasStruck) return;
    this.#strike(fault);
    if (fault.kind === "stall") await this.#handOn(piece.subarray(roomBytes), to, direction);
  }

  #strike(fault: NetworkFault): void {
    this.#hasStruck = true;
    this.#deps.onStruck(fault);
    if (fault.kind === "stall") {
      this.#stalledDirections = fault.directions;
      this.#stall = sleep(fault.forMs, this.#deps.released()).then(() => {
        this.#stalledDirections = [];
        if (fault.goesOn !== true) this.#break("reset");
      });
    } else this.#break(fault.kind === "reset" ? "reset" : "finish");
  }

  #break(kind: "reset" | "finish"): void {
    this.#isOver = true;
    for (const socket of [this.#client, this.#server]) {
      if (kind === "reset") socket.resetAndDestroy();
      else socket.end();
    }
  }
}

/** Resolves when the system has taken it, or nobody can any more. */
async function write(to: Socket, bytes: Uint8Array): Promise<void> {
  if (bytes.length === 0 || to.destroyed || to.write(bytes)) return;
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([once(to, "drain", { signal }), once(to, "close", { signal })]).catch(
    () => undefined,
  );
  settled.abort();
}
