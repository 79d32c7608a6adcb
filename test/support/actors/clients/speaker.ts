import { mintToken } from "../../../../src/auth/token-minter.ts";
import type {
  ServerMessage,
  TranscriptionMessage,
} from "../../../../src/gateway/protocol/server-messages.ts";
import { TEST_SECRET } from "../processes/gateway-process.ts";

/** A client that speaks: a real WebSocket, with everything it was told. */
export interface Speaker extends Participant {
  readonly messages: readonly ServerMessage[];
  readonly finals: readonly TranscriptionMessage[];
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  /** Sends PCM in frames of 100 ms, `speed` times as fast as it was spoken; ends early when the socket does. */
  speak(pcm: Uint8Array, speed: number): Promise<void>;
  stop(): void;
}

/** 100 ms at 16 kHz, 16 bit, mono. */
export const FRAME_BYTES = 3200;

export interface Participant {
  readonly sessionSlug: string;
  readonly identity: string;
}

/** A socket that is still to open, with a token of the participant's own. */
export async function openSocket(
  gatewayUrl: URL,
  { sessionSlug, identity }: Participant,
  query: Readonly<Record<string, string>>,
): Promise<WebSocket> {
  const token = await mintToken({
    secret: TEST_SECRET,
    subject: `user of ${identity} in ${sessionSlug}`,
    sessionSlug,
    identity,
    // Longer than anybody speaks here.
    ttlSeconds: 7200,
  });
  const url = new URL("/api/realtime/transcribe", gatewayUrl);
  url.protocol = "ws:";
  url.search = new URLSearchParams(query).toString();
  return new WebSocket(url, ["stenogate", `access_token.${token}`]);
}

export async function connectSpeaker(
  gatewayUrl: URL,
  sessionSlug: string,
  identity: string,
  query: Readonly<Record<string, string>> = {},
): Promise<Speaker> {
  const socket = await openSocket(gatewayUrl, { sessionSlug, identity }, query);
  const messages: ServerMessage[] = [];
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<number>();
  socket.addEventListener("open", () => opened.resolve());
  socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
    messages.push(JSON.parse(data) as ServerMessage);
  });
  socket.addEventListener("close", ({ code }) => {
    opened.reject(new Error(`expected an open socket, got close ${code}`));
    closed.resolve(code);
  });
  await opened.promise;
  return {
    sessionSlug,
    identity,
    messages,
    get finals() {
      return finalsOf(messages);
    },
    closed: closed.promise,
    speak: async (pcm, speed) => {
      const startedAtMs = performance.now();
      for (let sent = 0; sent < pcm.byteLength; sent += FRAME_BYTES) {
        if (socket.readyState !== WebSocket.OPEN) return;
        socket.send(pcm.subarray(sent, sent + FRAME_BYTES));
        const dueAtMs = startedAtMs + ((sent / FRAME_BYTES + 1) * 100) / speed;
        const waitMs = dueAtMs - performance.now();
        if (waitMs > 0) await Bun.sleep(waitMs);
      }
    },
    stop: () => socket.send('{"type":"stop"}'),
  };
}

/** In the order of showing. An empty final takes partials back, and is none. */
export function finalsOf(messages: readonly ServerMessage[]): readonly TranscriptionMessage[] {
  return messages
    .filter((message) => message.type === "transcription")
    .filter(({ is_final: isFinal, text }) => isFinal && text !== "");
}
