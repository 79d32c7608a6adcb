/** A thousand connections that mean no good, in a process of their own. */
import { SOCKET_PATH } from "../../../src/gateway/http-routes.ts";
import { every, sleep } from "../../../src/kernel/timers.ts";
import { loadSample, type Sample } from "../../../src/simulator/sample/sample.ts";
import { RawSocket } from "../../support/actors/clients/raw-socket.ts";
import { RawWebSocket, upgradeRequest } from "../../support/actors/clients/raw-websocket.ts";
import { signText } from "../../support/actors/clients/signed-token.ts";
import { encodeFrame, OPCODES } from "../../support/actors/clients/websocket-frames.ts";
import { frameOf } from "./trigger-frames.ts";

/**
 * - `unauthenticated`: a third sends nothing, a third half a request, a third asks for an upgrade without a token and answers
 *   nothing. Whoever is ended comes again.
 * - `unread`: have tokens, speak at a tenth of the usual pace, and read nothing.
 * - `reconnecting`: have tokens, connect, break off without a word and come again, each about every five seconds.
 */
export type StrangerKind = "unauthenticated" | "unread" | "reconnecting";

export const STRANGER_KINDS: readonly StrangerKind[] = [
  "unauthenticated",
  "unread",
  "reconnecting",
];

export interface Strangers extends AsyncDisposable {
  /** Connections that they have opened so far. */
  countConnections(): Promise<number>;
}

/** Connections opened at a time: a backlog of the listener holds more. */
const OPENING_AT_ONCE = 50;
const SPEECH_INTERVAL_MS = 1000;
const RETURN_MS = 5000;
/** Who was hung up on comes again after this. */
const AGAIN_MS = 200;
/** Long enough for a session to begin at the provider. */
const STAY_MS = 500;
const PER_CALL = 20;

/** Starts the process; resolves when each of them has connected once. */
export async function startStrangers(
  kind: StrangerKind,
  gatewayUrl: URL,
  count: number,
): Promise<Strangers> {
  const started = Promise.withResolvers<void>();
  let waiting: PromiseWithResolvers<number> | undefined;
  const command = [process.execPath, import.meta.path, kind, gatewayUrl.href, String(count)];
  const child = Bun.spawn(command, {
    stdio: ["ignore", "inherit", "inherit"],
    ipc: (message: "started" | number) => {
      if (message === "started") started.resolve();
      else waiting?.resolve(message);
    },
    onExit: () => started.reject(new Error("the strangers ended")),
  });
  await started.promise;
  return {
    countConnections() {
      waiting = Promise.withResolvers();
      child.send("count");
      return waiting.promise;
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

async function annoy(kind: StrangerKind, gatewayUrl: URL, count: number): Promise<void> {
  const sample = await loadSample();
  let connections = 0;
  const context: Context = { gatewayUrl, sample, noteConnection: () => (connections += 1) };
  process.on("disconnect", () => process.exit());
  process.on("message", () => process.send!(connections));
  const lives = Array.from({ length: count }, (_, index) => index);
  while (lives.length > 0) {
    for (const index of lives.splice(0, OPENING_AT_ONCE)) void LIVES[kind](context, index);
    while (connections < Math.min(count - lives.length, count)) await sleep(10);
  }
  process.send!("started");
}

interface Context {
  readonly gatewayUrl: URL;
  readonly sample: Sample;
  readonly noteConnection: () => void;
}

const LIVES: Readonly<Record<StrangerKind, (context: Context, index: number) => Promise<void>>> = {
  unauthenticated: liveUnauthenticated,
  unread: liveUnread,
  reconnecting: liveReconnecting,
};

async function liveUnauthenticated({ gatewayUrl, noteConnection }: Context, index: number) {
  const words = ["", "GET / HTTP/1.1\r\nHost: a\r\n", upgradeRequest(SOCKET_PATH)][index % 3]!;
  for (;;) {
    const socket = await RawSocket.open(gatewayUrl);
    noteConnection();
    await socket.write(words);
    await socket.ended;
    // The gateway's FIN is not answered at once: it has to let go by itself.
    await sleep(AGAIN_MS + Math.random() * RETURN_MS);
    socket.reset();
  }
}

async function liveUnread(context: Context, index: number) {
  const { sample, noteConnection } = context;
  for (;;) {
    const socket = await connect(context, index);
    noteConnection();
    await socket.message("ready");
    socket.tcp.stopReading();
    // Each begins somewhere else.
    let frame = index;
    const speech = every(SPEECH_INTERVAL_MS, () => {
      frame += 1;
      void socket.tcp.write(
        encodeFrame({ opcode: OPCODES.binary, payload: frameOf(sample, frame) }),
      );
    });
    await socket.tcp.ended;
    speech.stop();
    await sleep(AGAIN_MS);
  }
}

async function liveReconnecting(context: Context, index: number) {
  // Not all at once.
  await sleep(Math.random() * RETURN_MS);
  for (;;) {
    const socket = await connect(context, index);
    context.noteConnection();
    await sleep(STAY_MS);
    socket.tcp.reset();
    await sleep(RETURN_MS * (0.5 + Math.random()));
  }
}

/** Everybody is somebody else, in a call with a few others. */
function connect({ gatewayUrl }: Context, index: number): Promise<RawWebSocket> {
  const identity = `stranger-${index}`;
  const sessionSlug = `strangers-${Math.floor(index / PER_CALL)}`;
  const token = signText(JSON.stringify({ sub: identity, sessionSlug, identity, exp: 4e9 }));
  return RawWebSocket.open(gatewayUrl, upgradeRequest(`${SOCKET_PATH}?token=${token}`));
}

if (import.meta.main) {
  const [, , kind, gatewayUrl, count] = process.argv;
  await annoy(
    STRANGER_KINDS.find((known) => known === kind)!,
    new URL(gatewayUrl!),
    Number(count),
  );
}
