/** Sends a client that came back what it has missed (R21). */
import { deadline } from "../../kernel/deadline.ts";
import { traceError } from "../../kernel/error-trace.ts";
import type { Log } from "../../observe/log.ts";
import type { Metrics, Tallies } from "../../observe/metrics.ts";
import type { KeptFinals } from "../../relay/stored-transcript.ts";
import { finalMessage, serialise } from "../protocol/server-messages.ts";
import type { ForgottenFinal, NumberedMessage } from "./replay-buffer.ts";

/** The client as it is sent a long backlog. */
export interface CatchingUpClient {
  /** False once its socket is gone. */
  readonly isOpen: boolean;
  send(text: string): void;
  /** Resolves when what was sent has been taken, or the socket is gone. Never rejects. */
  whenRead(): Promise<void>;
}

export interface CatchUpDeps {
  readonly keptFinals: KeptFinals;
  readonly metrics: Pick<Metrics, "tallies">;
  readonly log: Log;
}

/** Finals asked for at once: one short query, and less than a reader may leave unread. */
const FINALS_PER_QUERY = 200;

/** A database that is slower than this is away; the finals stand in it when it is back. */
const QUERY_MS_MAX = 5000;

/** Sends finals that are read back from where they are kept, under the numbers that they had. Resolves with how many are missing. */
export async function sendForgotten(
  client: CatchingUpClient,
  sessionSlug: string,
  forgotten: readonly ForgottenFinal[],
  deps: CatchUpDeps,
): Promise<number> {
  let missing = 0;
  for (let from = 0; from < forgotten.length; from += FINALS_PER_QUERY) {
    if (!client.isOpen) return missing;
    const part = forgotten.slice(from, from + FINALS_PER_QUERY);
    missing += await sendPart(client, sessionSlug, part, deps);
    await client.whenRead();
  }
  return missing;
}

export function sendHeld(
  client: CatchingUpClient,
  held: readonly NumberedMessage[],
  tallies: Tallies,
): void {
  for (const { text } of held) client.send(text);
  tallies.messages_replayed += held.length;
}

async function sendPart(
  client: CatchingUpClient,
  sessionSlug: string,
  part: readonly ForgottenFinal[],
  { keptFinals, metrics, log }: CatchUpDeps,
): Promise<number> {
  try {
    const keys = part.map(({ utteranceKey }) => utteranceKey);
    const reading = keptFinals.find(sessionSlug, keys);
    const found = await deadline(reading, QUERY_MS_MAX, "reading missed finals");
    let missing = 0;
    for (const { seq, utteranceKey } of part) {
      const final = found.get(utteranceKey);
      if (final === undefined) missing += 1;
      else client.send(serialise(seq, finalMessage(final)));
    }
    metrics.tallies.messages_replayed += part.length - missing;
    return missing;
  } catch (error) {
    // The client is told how many it missed, and goes on with what comes.
    log.warn("Missed finals could not be read", traceError(error));
    return part.length;
  }
}
