import { SOCKET_PATH } from "../../../src/gateway/http-routes.ts";
import { sleep } from "../../../src/kernel/timers.ts";
import type { Draw } from "../../speech/chaos/draw.ts";
import type { Closing } from "../../support/actors/clients/websocket-frames.ts";

/** What an attack stands on. */
export interface Ground {
  readonly url: URL;
  /** Decides everything that the attack does. */
  readonly draw: Draw;
  /** Audio of which the provider makes partials and finals: 16-bit, 16 kHz, mono. */
  readonly pcm: Uint8Array;
  /** Of other people's sessions, and of earlier ones. */
  readonly resumeIds: readonly string[];
}

/** What an attack saw of the gateway. */
export type Sighting = HttpSighting | SocketSighting;

export interface HttpSighting {
  readonly kind: "http";
  /** Of every answer, in order; none where the gateway was silent or hung up. */
  readonly statuses: readonly number[];
}

export interface SocketSighting {
  readonly kind: "socket";
  /** Of the handshake; 0 without an answer. */
  readonly status: number;
  /** The gateway's close frame. */
  readonly closing: Closing | undefined;
  readonly goodbye: Goodbye;
  /** Codes of the error messages. */
  readonly errors: readonly unknown[];
}

/**
 * How the attack itself left: not at all, without a word (FIN, RST), with close frames of these codes, or nobody knows,
 * because its bytes can be read as any frames.
 */
export type Goodbye =
  | { readonly kind: "none" }
  | { readonly kind: "abrupt" }
  | { readonly kind: "garbled" }
  | { readonly kind: "close"; readonly codes: readonly number[] };

/** Never rejects for what the gateway does; ends within seconds. */
export type Attack = (ground: Ground) => Promise<Sighting>;

export const TRANSCRIBE_PATH = SOCKET_PATH;

/** Waits for what a gateway may do or not. Nothing is concluded from silence, so that the limit proves nothing. */
export async function withPatience(patienceMs: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(patienceMs, over.signal)]);
  over.abort();
}

/** One of `choices`, each as likely as its weight among all. */
export function drawWeighted<Choice>(
  draw: Draw,
  choices: readonly (readonly [number, Choice])[],
): Choice {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  let rest = draw.whole(1, total);
  const chosen = choices.find(([weight]) => (rest -= weight) <= 0);
  return chosen![1];
}

/** Any bytes, no more than `most`. */
export function drawBytes(draw: Draw, most: number): Uint8Array {
  return Uint8Array.from({ length: draw.whole(0, most) }, () => draw.whole(0, 255));
}
