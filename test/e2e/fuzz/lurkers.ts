import { RawSocket } from "../../support/actors/clients/raw-socket.ts";
import { TRANSCRIBE_PATH, withPatience } from "./attack.ts";

/** Beginnings of requests that never come whole. */
const BEGINNINGS = [
  "",
  "GET / HTTP/1.1\r\nHost: a\r\nX: ",
  `GET ${TRANSCRIBE_PATH} HTTP/1.1\r\nHost: a\r\n`,
];
const LURKERS = 20;
/** Every third lurker sends a byte so often, which must not keep it alive. */
const DRIP_MS = 1000;
/** Bun gives a request 10 s to come whole. */
const END_LIMIT_MS = 30_000;

/** Connections that say too little to be served and too much to be idle. */
export class Lurkers implements AsyncDisposable {
  readonly #sockets: readonly RawSocket[];
  readonly #drip: Timer;

  private constructor(sockets: readonly RawSocket[]) {
    this.#sockets = sockets;
    this.#drip = setInterval(() => {
      for (const [index, socket] of sockets.entries()) {
        if (index % BEGINNINGS.length === 1) void socket.write("x");
      }
    }, DRIP_MS);
  }

  static async open(url: URL): Promise<Lurkers> {
    const opening = Array.from({ length: LURKERS }, async (_, index) => {
      const socket = await RawSocket.open(url);
      await socket.write(BEGINNINGS[index % BEGINNINGS.length]!);
      return socket;
    });
    return new Lurkers(await Promise.all(opening));
  }

  /** How many the gateway has not ended, after a generous wait for it. */
  async countLeft(): Promise<number> {
    await withPatience(END_LIMIT_MS, Promise.all(this.#sockets.map((socket) => socket.ended)));
    return this.#sockets.filter(({ isEnded }) => !isEnded).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#drip);
    await Promise.all(this.#sockets.map((socket) => socket[Symbol.asyncDispose]()));
  }
}
