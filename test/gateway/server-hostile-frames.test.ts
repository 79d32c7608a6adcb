/** Frames that no WebSocket client would send, and what they do: to their sender alone. */
import { expect, test } from "bun:test";
import { SOCKET_PATH } from "../../src/gateway/http-routes.ts";
import { RawWebSocket, upgradeRequest } from "../support/actors/clients/raw-websocket.ts";
import { sign } from "../support/actors/clients/tokens.ts";
import {
  closePayload,
  OPCODES,
  type FrameSpec,
} from "../support/actors/clients/websocket-frames.ts";
import { until } from "../support/probes/until.ts";
import { GatewayStage } from "../support/stages/gateway-stage.ts";
import { audioFrame } from "../support/stages/relay-stage.ts";

const { binary, close, continuation, ping, pong, text } = OPCODES;

const LIMIT_MS = 20_000;

/** Bun closes with 1009 beyond it. */
const PAYLOAD_BYTES_MAX = 262_144;

const FIRST = { opcode: binary, isLast: false } as const;
const MIDDLE = { opcode: continuation, isLast: false } as const;
const LAST = { opcode: continuation } as const;
const bytes = (count: number): Uint8Array<ArrayBuffer> => new Uint8Array(count);

interface Assault {
  readonly frames: readonly FrameSpec[];
  /** The code of the close frame that answers, and the error message before it, where our own code judged. */
  readonly answer: readonly [closeCode: number, errorCode?: string];
}

const TOO_BIG: Assault["answer"] = [1009];
const BROKEN: Assault["answer"] = [1002];
const NOT_UTF8: Assault["answer"] = [1007];

const ASSAULTS: Readonly<Record<string, Assault>> = {
  "a payload beyond the limit": {
    frames: [{ opcode: binary, payload: bytes(PAYLOAD_BYTES_MAX + 1) }],
    answer: TOO_BIG,
  },
  "a payload of the limit": {
    frames: [{ opcode: binary, payload: bytes(PAYLOAD_BYTES_MAX) }],
    answer: [1009, "frame-too-large"],
  },
  "a payload that is only announced": {
    frames: [{ opcode: binary, announcedBytes: 300_000n }],
    answer: TOO_BIG,
  },
  "an announced length of 2^32 + 2": {
    frames: [{ opcode: binary, announcedBytes: 2n ** 32n + 2n }],
    answer: TOO_BIG,
  },
  "an announced length of 2^63": {
    frames: [{ opcode: binary, announcedBytes: 2n ** 63n }],
    answer: TOO_BIG,
  },
  "an announced length of 2^64 - 1": {
    frames: [{ opcode: text, announcedBytes: 2n ** 64n - 1n }],
    answer: TOO_BIG,
  },
  "fragments beyond the limit together": {
    frames: [
      { ...FIRST, payload: bytes(200_000) },
      { ...MIDDLE, payload: bytes(60_000) },
      { ...LAST, payload: bytes(60_000) },
    ],
    answer: TOO_BIG,
  },
  "thousands of small fragments beyond the limit": {
    frames: [FIRST, ...Array.from({ length: 2700 }, () => ({ ...MIDDLE, payload: bytes(100) }))],
    answer: TOO_BIG,
  },
  "fragments of a frame that is too long": {
    frames: [
      { ...FIRST, payload: bytes(32_000) },
      { ...LAST, payload: bytes(2) },
    ],
    answer: [1009, "frame-too-large"],
  },
  "nothing but empty fragments, and their end": {
    frames: [FIRST, ...Array.from({ length: 1000 }, () => MIDDLE), LAST],
    answer: [4008, "frame-invalid"],
  },
  "a continuation of nothing": { frames: [{ ...LAST, payload: bytes(10) }], answer: BROKEN },
  "a new message between fragments": {
    frames: [
      { ...FIRST, payload: bytes(10) },
      { opcode: binary, payload: bytes(10) },
    ],
    answer: BROKEN,
  },
  "a frame without a mask": {
    frames: [{ opcode: binary, payload: bytes(3200), isMasked: false }],
    answer: BROKEN,
  },
  "an empty frame without a mask": { frames: [{ opcode: text, isMasked: false }], answer: BROKEN },
  "a ping without a mask": { frames: [{ opcode: ping, isMasked: false }], answer: BROKEN },
  ...Object.fromEntries(
    [4, 2, 1, 7].map((reserved) => [
      `reserved bits ${reserved.toString(2).padStart(3, "0")}`,
      { frames: [{ opcode: binary, payload: bytes(320), reserved }], answer: BROKEN },
    ]),
  ),
  ...Object.fromEntries(
    [3, 7, 11, 15].map((opcode) => [
      `the reserved opcode ${opcode}`,
      { frames: [{ opcode, payload: bytes(320) }], answer: BROKEN },
    ]),
  ),
  "a ping of 126 bytes": { frames: [{ opcode: ping, payload: bytes(126) }], answer: BROKEN },
  "a pong of 70,000 bytes": { frames: [{ opcode: pong, payload: bytes(70_000) }], answer: BROKEN },
  "a ping in fragments": { frames: [{ opcode: ping, isLast: false }], answer: BROKEN },
  "text that is no UTF-8": {
    frames: [{ opcode: text, payload: Uint8Array.of(0xff, 0xfe) }],
    answer: NOT_UTF8,
  },
  "text with half a surrogate pair": {
    frames: [{ opcode: text, payload: Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22) }],
    answer: NOT_UTF8,
  },
  "text that ends inside a character": {
    frames: [{ opcode: text, payload: Uint8Array.of(0x61, 0xe2, 0x82) }],
    answer: NOT_UTF8,
  },
  "audio in a text frame": {
    frames: [{ opcode: text, payload: bytes(3200) }],
    answer: [4008, "frame-invalid"],
  },
  "an empty text frame": { frames: [{ opcode: text }], answer: [4008, "frame-invalid"] },
  "a stop of 15 bytes in a binary frame": {
    frames: [{ opcode: binary, payload: `{"type":"stop"}` }],
    answer: [4008, "frame-invalid"],
  },
  "a close frame of one byte": {
    frames: [{ opcode: close, payload: bytes(1) }],
    answer: BROKEN,
  },
  ...Object.fromEntries(
    [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535].map((code) => [
      `the close code ${code}`,
      { frames: [{ opcode: close, payload: closePayload(code) }], answer: BROKEN },
    ]),
  ),
  "a close reason that is no UTF-8": {
    frames: [{ opcode: close, payload: closePayload(1000, Uint8Array.of(0xff)) }],
    answer: NOT_UTF8,
  },
  "a close reason of 124 bytes": {
    frames: [{ opcode: close, payload: closePayload(1000, "x".repeat(124)) }],
    answer: BROKEN,
  },
  "a close frame in fragments": {
    frames: [{ opcode: close, isLast: false, payload: closePayload(1000) }],
    answer: BROKEN,
  },
  "frames after a close frame": {
    frames: [
      { opcode: close, payload: closePayload(3000) },
      { opcode: binary, payload: bytes(3200) },
      { opcode: text, payload: "hello" },
      { opcode: close, payload: closePayload(4999) },
    ],
    answer: [3000],
  },
};

test.each(Object.entries(ASSAULTS))(
  "[R24] %s: its sender is closed, its neighbour is not touched",
  async (_, { frames, answer: [closeCode, errorCode] }) => {
    await using stage = new GatewayStage();
    await using neighbour = await stage.connect({ sub: "user-2" });
    await neighbour.message("ready");
    const { stream } = stage.provider;
    await using hostile = await openHostile(stage);
    const hostileStream = stage.provider.stream;

    await hostile.send(...frames);
    expect((await hostile.ended())?.code).toBe(closeCode);
    const errors = hostile.messages.filter(({ type }) => type === "error");
    expect(errors.map(({ code }) => code)).toEqual(errorCode === undefined ? [] : [errorCode]);
    await until(() => stage.server.connectionCount === 1);
    expect(hostileStream.sent).toEqual([]);

    const frame = audioFrame(100, 7);
    neighbour.send(frame);
    await until(() => stream.sent.length > 0);
    stream.say({ text: "not disturbed" });
    await neighbour.message("transcription");
    expect(stream.sent.map((sent) => Buffer.from(sent).equals(frame))).toEqual([true]);
    expect(neighbour.transcriptions.map((said) => said.text)).toEqual(["not disturbed"]);
    expect(neighbour.errors).toEqual([]);
    expect(stage.log.lines.filter(({ level }) => level === "error")).toEqual([]);
  },
  LIMIT_MS,
);

const TOLERATED: Readonly<Record<string, readonly FrameSpec[]>> = {
  "in fragments": [
    { ...FIRST, payload: bytes(1000) },
    { ...MIDDLE, payload: bytes(1000) },
    { ...LAST, payload: bytes(1200) },
  ],
  "byte by byte": [
    FIRST,
    ...Array.from({ length: 3200 }, () => ({ ...MIDDLE, payload: bytes(1) })),
    LAST,
  ],
  "in fragments with pings and pongs between them": [
    { ...FIRST, payload: bytes(1600) },
    { opcode: ping, payload: bytes(125) },
    { ...MIDDLE },
    { opcode: pong, payload: "nobody asked" },
    { ...LAST, payload: bytes(1600) },
  ],
  "with a length of 64 bits where 16 would do": [
    { opcode: binary, payload: bytes(3200), lengthBits: 64 },
  ],
};

test.each(Object.entries(TOLERATED))(
  "[R24] audio that comes %s is heard, as RFC 6455 wants it",
  async (_, frames) => {
    await using stage = new GatewayStage();
    await using odd = await openHostile(stage);
    await odd.send(...frames);
    await until(() => stage.provider.stream.sent.length > 0);
    expect(stage.provider.stream.sent.map(({ byteLength }) => byteLength)).toEqual([3200]);
    expect(odd.closing).toBeUndefined();
  },
  LIMIT_MS,
);

test("[R24] a stop in a binary frame of whole samples is audio, and stops nothing", async () => {
  await using stage = new GatewayStage();
  await using odd = await openHostile(stage);
  await odd.send({ opcode: binary, payload: `{"type":"stop"} ` });
  await until(() => stage.provider.stream.sent.length > 0);
  expect(stage.provider.stream.finishCount).toBe(0);
  expect(odd.closing).toBeUndefined();
});

test.each([
  ["FIN", (hostile: RawWebSocket) => hostile.tcp.finish()],
  ["RST", (hostile: RawWebSocket) => hostile.tcp.reset()],
] as const)(
  "[R24] half a frame and %s: nothing of it is heard, its neighbour is not touched",
  async (_, leave) => {
    await using stage = new GatewayStage();
    await using neighbour = await stage.connect({ sub: "user-2" });
    await neighbour.message("ready");
    const { stream } = stage.provider;
    await using hostile = await openHostile(stage);
    await hostile.send({ opcode: binary, payload: bytes(100), announcedBytes: 3200n });
    leave(hostile);
    await until(() => stage.server.connectionCount === 1);
    expect(stage.provider.stream.sent).toEqual([]);
    stream.say({});
    await neighbour.message("transcription");
    expect(neighbour.errors).toEqual([]);
  },
  LIMIT_MS,
);

/** Admitted like anybody else; what it does then is up to the test. */
async function openHostile(stage: GatewayStage): Promise<RawWebSocket> {
  const request = upgradeRequest(`${SOCKET_PATH}?token=${await sign({})}`);
  const hostile = await RawWebSocket.open(stage.server.url, request);
  await hostile.message("ready");
  return hostile;
}
