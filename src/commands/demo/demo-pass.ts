import { mintToken } from "../../auth/token-minter.ts";
import type { Database } from "../../database/db.ts";
import { SOCKET_PATH } from "../../gateway/http-routes.ts";
import type {
  ServerMessage,
  TranscriptionMessage,
} from "../../gateway/protocol/server-messages.ts";
import { deadline } from "../../kernel/deadline.ts";
import { sleep } from "../../kernel/timers.ts";
import type { Sample } from "../../simulator/sample/sample.ts";

/** One speaker in one call. */
export interface Pass {
  readonly gatewayUrl: URL;
  readonly secret: string;
  readonly audience: string | undefined;
  readonly issuer: string | undefined;
  readonly sessionSlug: string;
  readonly identity: string;
}

export interface PassOutcome {
  /** In the order received. */
  readonly finals: readonly TranscriptionMessage[];
  readonly closeCode: number;
}

export interface StoredFinal {
  readonly utteranceId: string;
  readonly text: string;
  readonly startedAt: Date;
  readonly participant: { readonly name: string } | null;
}

/** Browsers send frames of this length too. */
const FRAME_MS = 100;

/** After the recording's end: trailing finals and the close are due within the gateway's own limit. */
const CLOSE_LIMIT_MS = 20_000;

/** A final is written with the next batch; a machine that is busy may take long for the first one. */
const STORE_LIMIT_MS = 20_000;

/** Streams the sample through the public socket as fast as it was spoken, then stops and waits for the close. */
export async function speakSample(
  pass: Pass,
  sample: Sample,
  onMessage: (message: ServerMessage) => void,
): Promise<PassOutcome> {
  const url = new URL(SOCKET_PATH, pass.gatewayUrl);
  url.protocol = "ws:";
  url.searchParams.set("sample_rate", String(sample.sampleRate));
  const token = await mintToken({
    secret: pass.secret,
    subject: `demo:${pass.identity}`,
    sessionSlug: pass.sessionSlug,
    identity: pass.identity,
    ttlSeconds: 300,
    audience: pass.audience,
    issuer: pass.issuer,
  });
  const socket = new WebSocket(url, ["stenogate", `access_token.${token}`]);
  const finals: TranscriptionMessage[] = [];
  const closed = Promise.withResolvers<number>();
  const opened = Promise.withResolvers<void>();
  socket.addEventListener("open", () => opened.resolve());
  socket.addEventListener("message", (event: MessageEvent<string>) => {
    // The gateway is our own: its messages are of the declared type.
    const message = JSON.parse(event.data) as ServerMessage;
    if (message.type === "transcription" && message.is_final && message.text !== "") {
      finals.push(message);
    }
    onMessage(message);
  });
  socket.addEventListener("close", (event) => {
    opened.resolve();
    closed.resolve(event.code);
  });
  await deadline(opened.promise, CLOSE_LIMIT_MS, "the gateway's handshake");
  await streamInRealTime(socket, sample);
  if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"stop"}');
  return { finals, closeCode: await deadline(closed.promise, CLOSE_LIMIT_MS, "the last finals") };
}

/** Sends each frame at the moment at which a speaker would have spoken it whole; ends early when the socket does. */
async function streamInRealTime(socket: WebSocket, sample: Sample): Promise<void> {
  const frameBytes = (sample.sampleRate / 1000) * FRAME_MS * 2;
  const startedAtMs = performance.now();
  for (let sent = 0; sent < sample.pcm.byteLength; sent += frameBytes) {
    if (socket.readyState !== WebSocket.OPEN) return;
    const dueAtMs = startedAtMs + (sent / frameBytes + 1) * FRAME_MS;
    await sleep(dueAtMs - performance.now());
    socket.send(sample.pcm.subarray(sent, sent + frameBytes));
  }
}

/** The call's rows, as soon as there are `expected` of them, at the latest when the limit is over. */
export async function readStoredFinals(
  database: Database,
  sessionSlug: string,
  expected: number,
): Promise<readonly StoredFinal[]> {
  const giveUpAtMs = performance.now() + STORE_LIMIT_MS;
  for (;;) {
    const rows = await database.prisma.transcriptSegment.findMany({
      where: { videoSession: { slug: sessionSlug } },
      orderBy: { startedAt: "asc" },
      include: { participant: { select: { name: true } } },
    });
    if (rows.length >= expected || performance.now() > giveUpAtMs) return rows;
    await sleep(100);
  }
}
