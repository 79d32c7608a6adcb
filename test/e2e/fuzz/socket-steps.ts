/** What a client may send after its handshake: frames in order and out of it, lies about lengths, control messages. */
import type { Draw } from "../../speech/chaos/draw.ts";
import {
  closePayload,
  encodeFrame,
  OPCODES,
  type FrameSpec,
} from "../../support/actors/clients/websocket-frames.ts";
import { drawBytes, drawWeighted, type Ground } from "./attack.ts";
import { drawControlText } from "./control-texts.ts";

/** Bytes to send at once. */
export interface Step {
  readonly bytes: Uint8Array;
  /** Of the close frames among them. */
  readonly closeCodes: readonly number[];
  /** They are no whole frames: what comes after them can be read as anything. */
  readonly isGarbled: boolean;
}

const { binary, close, continuation, ping, pong, text } = OPCODES;
const FRAME_BYTES = 3200;

/** Around every limit: nothing, odd, a frame of a second, 64 KiB, what Bun reads at all. */
const SIZES = [
  0, 1, 2, 3, 125, 126, 319, 320, 31_998, 32_000, 32_001, 32_002, 65_534, 65_535, 65_536, 65_537,
  65_538, 262_142, 262_144, 262_145, 400_000,
];

const CLOSE_CODES = [
  0, 1, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013,
  1014, 1015, 1016, 2999, 3000, 3999, 4000, 4001, 4010, 4500, 4999, 5000, 65_535,
];

export function drawSteps(ground: Ground): readonly Step[] {
  const { draw } = ground;
  const steps: Step[] = [];
  for (let count = draw.whole(1, 8); count > 0; count -= 1) {
    steps.push(drawStep(ground));
  }
  return steps;
}

function drawStep(ground: Ground): Step {
  const { draw } = ground;
  return drawWeighted<() => Step>(draw, [
    [8, () => toStep(drawSpeech(ground, draw.whole(1, 20)))],
    [4, () => toStep([{ opcode: text, payload: drawControlText(draw) }])],
    [3, () => drawOrder(ground)],
    [3, () => toStep([{ opcode: binary, payload: new Uint8Array(draw.pick(SIZES)) }])],
    [3, () => toStep(drawFragments(draw))],
    [2, () => toStep([drawBrokenFrame(draw)])],
    [2, () => toStep(drawPings(draw))],
    [1, () => toStep([{ opcode: close, payload: drawClosePayload(draw) }])],
    [
      1,
      () =>
        garbled([
          {
            opcode: binary,
            announcedBytes: draw.pick([
              10n,
              3200n,
              262_145n,
              2n ** 31n,
              2n ** 32n,
              2n ** 63n,
              2n ** 64n - 1n,
            ]),
            payload: drawBytes(draw, 100),
          },
        ]),
    ],
    [1, () => toStep([{ opcode: draw.pick([text, binary]), payload: drawBytes(draw, 4000) }])],
    [1, () => ({ bytes: drawBytes(draw, 200), closeCodes: [], isGarbled: true })],
  ])();
}

/** Orders that a client's program gets wrong. */
function drawOrder(ground: Ground): Step {
  const { draw } = ground;
  const stop: FrameSpec = { opcode: text, payload: '{"type":"stop"}' };
  const refresh: FrameSpec = { opcode: text, payload: '{"type":"refresh","token":"x"}' };
  const speech = drawSpeech(ground, 5);
  return toStep(
    draw.pick<() => readonly FrameSpec[]>([
      () => [stop, ...speech],
      () => [...speech, stop, stop],
      () => [stop, refresh, stop],
      () => Array.from({ length: draw.whole(2, 100) }, () => refresh),
      () => Array.from({ length: draw.whole(2, 300) }, () => stop),
      // 45 s at once: more than the burst.
      () => Array.from({ length: 45 }, () => ({ opcode: binary, payload: new Uint8Array(32_000) })),
      () => Array.from({ length: 2000 }, () => ({ opcode: binary, payload: new Uint8Array(2) })),
      () => [{ opcode: close, payload: closePayload(1000) }, ...speech, stop],
    ])(),
  );
}

export function drawSpeech({ draw, pcm }: Ground, frames: number): readonly FrameSpec[] {
  const from = 2 * draw.whole(0, (pcm.byteLength - frames * FRAME_BYTES) / 2);
  return Array.from({ length: frames }, (_, index) => ({
    opcode: binary,
    payload: pcm.subarray(from + index * FRAME_BYTES, from + (index + 1) * FRAME_BYTES),
  }));
}

function drawFragments(draw: Draw): readonly FrameSpec[] {
  const size = draw.pick([0, 1, 100, 3200, 70_000]);
  const middle = Array.from({ length: draw.pick([0, 1, 5, 300]) }, () =>
    draw.chance(0.05)
      ? { opcode: draw.pick([ping, pong, binary, text]) }
      : { opcode: continuation, isLast: false, payload: new Uint8Array(Math.min(size, 2000)) },
  );
  const last = draw.chance(0.8) ? [{ opcode: continuation, payload: new Uint8Array(size) }] : [];
  return [
    {
      opcode: draw.pick([binary, binary, text, continuation]),
      isLast: false,
      payload: new Uint8Array(size),
    },
    ...middle,
    ...last,
  ];
}

function drawBrokenFrame(draw: Draw): FrameSpec {
  const frame = { opcode: binary, payload: new Uint8Array(320) };
  return draw.pick<() => FrameSpec>([
    () => ({ ...frame, isMasked: false }),
    () => ({ ...frame, reserved: draw.whole(1, 7) }),
    () => ({ ...frame, opcode: draw.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) }),
    () => ({ opcode: draw.pick([ping, pong, close]), isLast: false }),
    () => ({ opcode: draw.pick([ping, pong]), payload: new Uint8Array(126) }),
    () => ({ ...frame, lengthBits: 64 }),
    () => ({ opcode: text, payload: Uint8Array.of(0xed, 0xa0, 0x80) }),
  ])();
}

function drawPings(draw: Draw): readonly FrameSpec[] {
  const opcode = draw.pick([ping, pong]);
  return Array.from({ length: draw.pick([1, 10, 1000]) }, () => ({
    opcode,
    payload: new Uint8Array(draw.pick([0, 1, 125])),
  }));
}

function drawClosePayload(draw: Draw): Uint8Array {
  if (draw.chance(0.2)) return drawBytes(draw, 130);
  return closePayload(
    draw.pick(CLOSE_CODES),
    draw.pick(["", "bye", "x".repeat(123), "x".repeat(124), Uint8Array.of(0xff)]),
  );
}

function garbled(frames: readonly FrameSpec[]): Step {
  return { ...toStep(frames), isGarbled: true };
}

function toStep(frames: readonly FrameSpec[]): Step {
  return {
    bytes: Buffer.concat(frames.map(encodeFrame)),
    closeCodes: frames.filter(({ opcode }) => opcode === close).map(readCloseCode),
    isGarbled: false,
  };
}

function readCloseCode({ payload = "" }: FrameSpec): number {
  if (typeof payload === "string" || payload.length < 2) return 1005;
  return (payload[0]! << 8) | payload[1]!;
}
