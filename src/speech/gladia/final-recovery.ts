/**
 * Finals that were said while nobody listened: `GET /v2/live/{id}` repeats every message of a session that is over. Where
 * the account keeps nothing (zero retention), nothing is repeated.
 */
import * as v from "valibot";
import { readBody } from "../../kernel/bounded-body.ts";
import type {
  Recovery,
  RecoveryObstacle,
  Unavailable,
} from "../../relay/recovery/recovered-finals.ts";
import type { ProviderEvent } from "../provider-adapter.ts";
import type { GladiaAccount } from "./gladia-api.ts";
import { parseGladiaMessage } from "./gladia-messages.ts";

/** One attempt's limit, body included; the official client allows as much. */
const ATTEMPT_MS = 10_000;

/** Three hours, the longest session, of two partials a second with their words take about 45 MB. */
const BODY_BYTES_MAX = 50_000_000;

const jobSchema = v.object({
  status: v.string(),
  result: v.nullish(v.object({ messages: v.nullish(v.array(v.unknown())) })),
});

/** Asks once. Never rejects. */
export async function askForFinals(
  account: GladiaAccount,
  providerSessionId: string,
  signal: AbortSignal,
): Promise<Recovery> {
  try {
    const url = new URL(`/v2/live/${encodeURIComponent(providerSessionId)}`, account.apiUrl);
    const response = await fetch(url, {
      headers: { "x-gladia-key": account.apiKey },
      // A redirect would carry the key to another host.
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      return unavailable(obstacleOf(response.status));
    }
    const body = await readBody(response, BODY_BYTES_MAX);
    return body === undefined ? unavailable("too-large") : readJob(JSON.parse(body));
  } catch {
    // Network, time limit or no JSON: which of them changes nothing for whoever asked.
    return unavailable(signal.aborted ? "aborted" : "unreachable");
  }
}

function readJob(json: unknown): Recovery {
  const parsed = v.safeParse(jobSchema, json);
  if (!parsed.success) return unavailable("unreachable");
  const { status, result } = parsed.output;
  if (status === "queued" || status === "processing") return unavailable("unfinished");
  const messages = result?.messages;
  if (messages === undefined || messages === null) return unavailable("not-kept");
  const events = messages.flatMap(eventIn);
  return {
    kind: "found",
    finals: events.filter((event) => event.kind === "utterance").filter(({ isFinal }) => isFinal),
    translations: events.filter((event) => event.kind === "translation"),
  };
}

/** A message that cannot be read is left out, as on the socket. */
function eventIn(message: unknown): readonly ProviderEvent[] {
  const parsed = typeof message === "string" ? parseGladiaMessage(message) : undefined;
  return parsed?.ok === true ? [parsed.value] : [];
}

/** 401 and 404 by Gladia's API reference; the others by their HTTP meaning. */
function obstacleOf(status: number): RecoveryObstacle {
  if (status === 401 || status === 403) return "refused";
  if (status === 408 || status === 429 || status >= 500) return "unreachable";
  return "unknown";
}

function unavailable(reason: RecoveryObstacle): Unavailable {
  return { kind: "unavailable", reason };
}
