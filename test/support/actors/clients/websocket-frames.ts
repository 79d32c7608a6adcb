/** Frames of RFC 6455, byte by byte: right ones, and every wrong one that no WebSocket client would send. */

export const OPCODES = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** A client's frame. What is absent is as it should be. */
export interface FrameSpec {
  readonly opcode: number;
  readonly payload?: Uint8Array | string;
  /** False: more fragments follow. */
  readonly isLast?: boolean;
  /** Three bits: 4 is RSV1, 2 is RSV2, 1 is RSV3. */
  readonly reserved?: number;
  readonly isMasked?: boolean;
  /** What the header says of the payload's length; the payload's own where absent. */
  readonly announcedBytes?: bigint;
  /** Bits of the extended length, though fewer would do. */
  readonly lengthBits?: 16 | 64;
}

/** What a server has sent. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

export interface Closing {
  /** 1005 where the frame named none. */
  readonly code: number;
  readonly reason: string;
}

const MASK = [0x5a, 0x17, 0xc3, 0x99];

export function encodeFrame(spec: FrameSpec): Uint8Array<ArrayBuffer> {
  const { isLast = true, reserved = 0, isMasked = true } = spec;
  const payload = toBytes(spec.payload ?? "");
  const header = [
    (isLast ? 0x80 : 0) | (reserved << 4) | spec.opcode,
    ...encodeLength(spec.announcedBytes ?? BigInt(payload.length), spec.lengthBits ?? 0),
  ];
  if (!isMasked) return Uint8Array.from([...header, ...payload]);
  header[1]! |= 0x80;
  const frame = new Uint8Array(header.length + MASK.length + payload.length);
  frame.set([...header, ...MASK]);
  const start = header.length + MASK.length;
  for (let index = 0; index < payload.length; index += 1) {
    frame[start + index] = payload[index]! ^ MASK[index % 4]!;
  }
  return frame;
}

/** A close frame's payload. Any code, any reason. */
export function closePayload(code: number, reason: Uint8Array | string = ""): Uint8Array {
  return Uint8Array.from([code >> 8, code & 0xff, ...toBytes(reason)]);
}

/** The frames that have come whole. A server masks none of them. */
export function decodeServerFrames(bytes: Uint8Array): readonly ServerFrame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: ServerFrame[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const short = bytes[at + 1]! & 0x7f;
    const extendedBytes = { 126: 2, 127: 8 }[short] ?? 0;
    const from = at + 2 + extendedBytes;
    if (from > bytes.length) break;
    const length =
      extendedBytes === 0
        ? short
        : extendedBytes === 2
          ? view.getUint16(at + 2)
          : Number(view.getBigUint64(at + 2));
    if (from + length > bytes.length) break;
    frames.push({ opcode: bytes[at]! & 0x0f, payload: bytes.subarray(from, from + length) });
    at = from + length;
  }
  return frames;
}

export function decodeClosing({ payload }: ServerFrame): Closing {
  if (payload.length < 2) return { code: 1005, reason: "" };
  return {
    code: (payload[0]! << 8) | payload[1]!,
    reason: new TextDecoder().decode(payload.subarray(2)),
  };
}

/** Text stands for its UTF-8. */
function toBytes(payload: Uint8Array | string): Uint8Array {
  return typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
}

function encodeLength(length: bigint, bits: number): number[] {
  if (bits === 64 || length > 0xffffn) {
    return [
      127,
      ...Array.from({ length: 8 }, (_, index) =>
        Number(BigInt.asUintN(8, length >> BigInt(56 - 8 * index))),
      ),
    ];
  }
  if (bits === 16 || length > 125n) return [126, Number(length >> 8n), Number(length & 0xffn)];
  return [Number(length)];
}
