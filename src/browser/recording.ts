import type { TranscriptionMessage } from "../gateway/protocol/server-messages.ts";
import { openMicrophone } from "./microphone.ts";
import type { PageState } from "./page-state.ts";
import { TranscriptionClient } from "./transcription-client.ts";

export interface RecordingListener {
  onState(state: PageState): void;
  onTranscription(message: TranscriptionMessage): void;
}

/**
 * Records from the microphone into one session, until `stop` is aborted or the gateway closes; returns how it ended.
 *
 * The microphone is asked for first: what is said while the token is fetched and the socket opens is heard too.
 * Rejects when there is no microphone or no token. The microphone is free again afterwards, whatever happened.
 */
export async function record(
  speaker: URLSearchParams,
  stop: AbortSignal,
  listener: RecordingListener,
): Promise<PageState> {
  const client = new TranscriptionClient();
  const end = findEnd(client);
  let isFinishing = false;
  const finish = (): void => {
    isFinishing = true;
    listener.onState({ kind: "finishing" });
    void microphone.stop();
    client.stop();
  };
  listener.onState({ kind: "asking" });
  const microphone = await openMicrophone({
    onFrame: (frame) => client.sendAudio(frame),
    onLost: finish,
  });
  try {
    listener.onState({ kind: "connecting" });
    stop.addEventListener("abort", finish, { once: true });
    client.on("ready", () => {
      if (!isFinishing) listener.onState({ kind: "listening" });
    });
    client.on("transcription", (message) => listener.onTranscription(message));
    client.connect(findGateway(), await fetchToken(speaker));
    return await end;
  } finally {
    await microphone.stop();
  }
}

function findEnd(client: TranscriptionClient): Promise<PageState> {
  const { promise, resolve } = Promise.withResolvers<PageState>();
  let reason: string | undefined;
  client.on("error", ({ message }) => (reason = message));
  client.on("close", ({ code }) => {
    if (code === 1000) resolve({ kind: "done" });
    else resolve({ kind: "failed", reason: reason ?? `the connection was lost (${code})` });
  });
  return promise;
}

function findGateway(): URL {
  const url = new URL("/api/realtime/transcribe", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

async function fetchToken(speaker: URLSearchParams): Promise<string> {
  const response = await fetch(`/demo/token?${speaker}`);
  if (!response.ok) throw new Error(`no token: the gateway answered ${response.status}`);
  const answer: unknown = await response.json();
  if (typeof answer === "object" && answer !== null && "token" in answer) {
    if (typeof answer.token === "string") return answer.token;
  }
  throw new Error("no token: the gateway answered something else");
}
