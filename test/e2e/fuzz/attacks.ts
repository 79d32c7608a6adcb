/** Everything that strangers do here, and how often. */
import type { Draw } from "../../speech/chaos/draw.ts";
import { RawSocket } from "../../support/actors/clients/raw-socket.ts";
import { RawWebSocket, upgradeRequest } from "../../support/actors/clients/raw-websocket.ts";
import {
  closePayload,
  encodeFrame,
  OPCODES,
} from "../../support/actors/clients/websocket-frames.ts";
import {
  drawWeighted,
  TRANSCRIBE_PATH,
  withPatience,
  type Attack,
  type Goodbye,
  type Ground,
  type HttpSighting,
  type SocketSighting,
} from "./attack.ts";
import { drawGoodHandshake, drawHandshake } from "./handshakes.ts";
import { drawHttpBytes } from "./http-requests.ts";
import { drawSpeech, drawSteps } from "./socket-steps.ts";
import { drawValidToken } from "./tokens.ts";

export type AttackName = "http" | "handshake" | "frames" | "unread" | "resumption";

export const ATTACKS: Readonly<
  Record<AttackName, { readonly weight: number; readonly run: Attack }>
> = {
  http: { weight: 8, run: attackHttp },
  handshake: { weight: 8, run: attackHandshake },
  frames: { weight: 10, run: attackFrames },
  unread: { weight: 1, run: attackUnread },
  resumption: { weight: 3, run: attackResumption },
};

const STATUS = /HTTP\/1\.1 (\d{3}) /g;

/** A gateway that works hard takes this long to answer, or longer: then the attack has seen nothing. */
const ANSWER_MS = 1000;
/** Bytes of which no request follows are met with silence. */
const SILENCE_MS = 150;

async function attackHttp({ url, draw }: Ground): Promise<HttpSighting> {
  await using tcp = await RawSocket.open(url);
  await withPatience(
    ANSWER_MS,
    sendInPieces(draw, tcp, Buffer.from(drawHttpBytes(draw), "latin1")),
  );
  await withPatience(
    SILENCE_MS,
    tcp.until(() => tcp.receivedText.includes("\r\n\r\n")),
  );
  if (draw.chance(0.3)) {
    tcp.finish();
    await withPatience(SILENCE_MS, tcp.ended);
  }
  const statuses = [...tcp.receivedText.matchAll(STATUS)].map(([, status]) => Number(status));
  return { kind: "http", statuses };
}

async function attackHandshake(ground: Ground): Promise<SocketSighting> {
  await using socket = await shakeHands(ground, drawHandshake(ground));
  // Awaited, because the socket is reset when this function returns.
  if (socket.status !== 101 || ground.draw.chance(0.5)) return await leave(ground.draw, socket);
  return await sendSteps(ground, socket);
}

async function attackFrames(ground: Ground): Promise<SocketSighting> {
  await using socket = await shakeHands(ground, drawGoodHandshake(ground));
  if (ground.draw.chance(0.5)) await withPatience(ANSWER_MS, socket.message("ready"));
  return await sendSteps(ground, socket);
}

/** Speaks and pings, and reads nothing of what that brings. */
async function attackUnread(ground: Ground): Promise<SocketSighting> {
  const { draw } = ground;
  await using socket = await shakeHands(ground, drawGoodHandshake(ground));
  await withPatience(ANSWER_MS, socket.message("ready"));
  socket.tcp.stopReading();
  const ping = Buffer.concat(
    Array.from({ length: 500 }, () =>
      encodeFrame({ opcode: OPCODES.ping, payload: new Uint8Array(125) }),
    ),
  );
  await withPatience(ANSWER_MS, socket.send(...drawSpeech(ground, draw.whole(10, 200))));
  for (let count = draw.whole(0, 20); count > 0; count -= 1)
    await withPatience(ANSWER_MS, socket.tcp.write(ping));
  return sightingOf(socket, { kind: "abrupt" });
}

/** Comes back to a session of its own, twice at once or with a stranger's token, while the first socket may still be there. */
async function attackResumption(ground: Ground): Promise<SocketSighting> {
  const { draw, url } = ground;
  const token = drawValidToken(draw);
  const target = `${TRANSCRIBE_PATH}?token=${token}`;
  await using first = await shakeHands(ground, upgradeRequest(target));
  await withPatience(ANSWER_MS, first.message("ready"));
  await withPatience(ANSWER_MS, first.send(...drawSpeech(ground, draw.whole(1, 40))));
  const id =
    first.messages.map(({ resume }) => resume).find((resume) => typeof resume === "string") ??
    "none";
  if (draw.chance(0.7)) first.tcp.reset();
  const other = draw.chance(0.3) ? `${TRANSCRIBE_PATH}?token=${drawValidToken(draw)}` : target;
  const handshake = (from: string) =>
    upgradeRequest(`${from}&resume=${id}&after=${draw.whole(0, 5)}`);
  await using rival = new RawWebSocket(await RawSocket.open(url));
  if (draw.chance(0.5)) await withPatience(ANSWER_MS, rival.tcp.write(handshake(target)));
  await using second = await shakeHands(ground, handshake(other));
  return await sendSteps(ground, second);
}

async function shakeHands({ url, draw }: Ground, handshake: string): Promise<RawWebSocket> {
  const socket = new RawWebSocket(await RawSocket.open(url));
  await withPatience(ANSWER_MS, sendInPieces(draw, socket.tcp, Buffer.from(handshake, "latin1")));
  await withPatience(ANSWER_MS, socket.answered());
  return socket;
}

async function sendSteps(ground: Ground, socket: RawWebSocket): Promise<SocketSighting> {
  if (socket.status !== 101) return await leave(ground.draw, socket);
  const closeCodes: number[] = [];
  let isGarbled = false;
  for (const step of drawSteps(ground)) {
    await withPatience(ANSWER_MS, sendInPieces(ground.draw, socket.tcp, step.bytes));
    closeCodes.push(...step.closeCodes);
    isGarbled ||= step.isGarbled;
  }
  return leave(ground.draw, socket, closeCodes, isGarbled);
}

/** Waits for the gateway to end it, or ends it in one of the ways that there are. */
async function leave(
  draw: Draw,
  socket: RawWebSocket,
  codesSent: readonly number[] = [],
  isGarbled = false,
): Promise<SocketSighting> {
  const closeCodes = [...codesSent];
  let isAbrupt = false;
  await drawWeighted<() => Promise<void>>(draw, [
    [4, () => withPatience(ANSWER_MS, socket.tcp.ended)],
    [
      4,
      async () => {
        const code = draw.pick([1000, 1000, 1001, 3000, 4999]);
        closeCodes.push(code);
        await withPatience(
          ANSWER_MS,
          socket.send({ opcode: OPCODES.close, payload: closePayload(code, "bye") }),
        );
        await withPatience(ANSWER_MS, socket.tcp.ended);
      },
    ],
    [
      2,
      async () => {
        isAbrupt = true;
        socket.tcp.finish();
        await withPatience(SILENCE_MS, socket.tcp.ended);
      },
    ],
    [2, async () => void (isAbrupt = true)],
  ])();
  if (!socket.tcp.isEnded) isAbrupt = true;
  return sightingOf(socket, toGoodbye(closeCodes, isAbrupt, isGarbled));
}

function toGoodbye(codes: readonly number[], isAbrupt: boolean, isGarbled: boolean): Goodbye {
  if (isGarbled) return { kind: "garbled" };
  if (codes.length > 0) return { kind: "close", codes };
  return { kind: isAbrupt ? "abrupt" : "none" };
}

function sightingOf(socket: RawWebSocket, goodbye: Goodbye): SocketSighting {
  const errors = socket.messages.filter(({ type }) => type === "error").map(({ code }) => code);
  return { kind: "socket", status: socket.status, closing: socket.closing, goodbye, errors };
}

/** In one write, in two, or in a few. */
async function sendInPieces(draw: Draw, tcp: RawSocket, bytes: Uint8Array): Promise<void> {
  const cuts = Array.from({ length: draw.pick([0, 0, 0, 1, 4]) }, () =>
    draw.whole(0, bytes.length),
  );
  let from = 0;
  for (const to of [...cuts.toSorted((one, other) => one - other), bytes.length]) {
    await tcp.write(bytes.subarray(from, to));
    from = to;
    // Another turn, and with it another segment.
    await Bun.sleep(0);
  }
}
