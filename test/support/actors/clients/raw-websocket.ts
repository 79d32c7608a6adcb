import { RawSocket } from "./raw-socket.ts";
import {
  decodeClosing,
  decodeServerFrames,
  encodeFrame,
  OPCODES,
  type Closing,
  type FrameSpec,
  type ServerFrame,
} from "./websocket-frames.ts";

const HEAD_END = "\r\n\r\n";

/** A handshake as a well-behaved client writes it; `headers` stand at its end and may say the same again. */
export function upgradeRequest(target: string, headers: readonly string[] = []): string {
  return [
    `GET ${target} HTTP/1.1`,
    "Host: gateway.test",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    ...headers,
    HEAD_END.slice(2),
  ].join("\r\n");
}

/** A WebSocket without a client's manners: it sends any bytes, and answers neither pings nor closes. */
export class RawWebSocket implements AsyncDisposable {
  readonly tcp: RawSocket;

  constructor(tcp: RawSocket) {
    this.tcp = tcp;
  }

  /** Resolves with the answer's head, whatever its status, or when the server has hung up without one. */
  static async open(url: URL, handshake: string): Promise<RawWebSocket> {
    const socket = new RawWebSocket(await RawSocket.open(url));
    await socket.tcp.write(handshake);
    await socket.answered();
    return socket;
  }

  answered(): Promise<void> {
    return this.tcp.until(() => this.tcp.receivedText.includes(HEAD_END));
  }

  /** 0 when there was no answer. */
  get status(): number {
    return Number(/^HTTP\/1\.1 (\d{3}) /.exec(this.tcp.receivedText)?.[1] ?? 0);
  }

  get frames(): readonly ServerFrame[] {
    if (this.status !== 101) return [];
    const headBytes = this.tcp.receivedText.indexOf(HEAD_END) + HEAD_END.length;
    return decodeServerFrames(this.tcp.received.subarray(headBytes));
  }

  /** The text frames, parsed; ours are JSON objects. */
  get messages(): readonly Readonly<Record<string, unknown>>[] {
    return this.frames
      .filter(({ opcode }) => opcode === OPCODES.text)
      .map(({ payload }) => JSON.parse(new TextDecoder().decode(payload)));
  }

  /** What the server's close frame says; nothing without one. */
  get closing(): Closing | undefined {
    const frame = this.frames.find(({ opcode }) => opcode === OPCODES.close);
    return frame === undefined ? undefined : decodeClosing(frame);
  }

  /** Waits for a message of this type, or for the end. */
  async message(type: string): Promise<void> {
    await this.tcp.until(() => this.messages.some((message) => message["type"] === type));
  }

  send(...frames: readonly FrameSpec[]): Promise<void> {
    return this.tcp.write(Buffer.concat(frames.map(encodeFrame)));
  }

  /** Resolves with the server's close frame when the connection has ended. */
  async ended(): Promise<Closing | undefined> {
    await this.tcp.ended;
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.tcp[Symbol.asyncDispose]();
  }
}
