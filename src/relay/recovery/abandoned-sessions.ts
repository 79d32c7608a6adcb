/**
 * Finals that a killed process never heard, or never told: fetched from the provider at the next start and kept like all
 * others. Those that were kept before are kept again, which changes nothing (R4).
 */
import { backoffMs, type BackoffOptions } from "../../kernel/backoff.ts";
import { traceError } from "../../kernel/error-trace.ts";
import { monotonicMs, sleep } from "../../kernel/timers.ts";
import type { Log } from "../../observe/log.ts";
import type { Transcript, TranscriptSink } from "../ports.ts";
import { toTranscript, toTranslation, toUtteranceKey } from "../timeline.ts";
import { readProviderClock } from "./provider-clock.ts";
import type { AbandonedSession, ProviderSessionRecord } from "./provider-session-record.ts";
import {
  OUTLOOK,
  type AskForFinals,
  type FoundFinals,
  type RecoveryObstacle,
} from "./recovered-finals.ts";

/** The sessions that an earlier process had open when it ended. */
export interface AbandonedSessions extends Pick<ProviderSessionRecord, "closed"> {
  /** Oldest first; what was closed since is not among them. Throws where they cannot be read. */
  abandoned(): readonly AbandonedSession[];
}

export interface AbandonedSessionsDeps {
  readonly sessions: AbandonedSessions;
  readonly ask: AskForFinals;
  readonly sink: TranscriptSink;
  /** Finals that had been kept before count too: nobody knows which ones were missed. */
  readonly tallies: { finals_recovered: number; sessions_given_up: number };
  readonly log: Log;
  /** The process ends: what is not recovered by then is for the next one. */
  readonly signal: AbortSignal;
}

export interface AbandonedSessionsLimits extends BackoffOptions {
  /** From then on nobody is asked again, in milliseconds. */
  readonly giveUpMs: number;
}

/**
 * A provider keeps a session without a socket open for a while that it does not tell; most end within a minute or two, and
 * one that has not after a quarter of an hour is not going to.
 */
const ABANDONED_SESSIONS_LIMITS: AbandonedSessionsLimits = {
  firstMs: 5000,
  mostMs: 120_000,
  giveUpMs: 15 * 60_000,
};

/** Questions at once: an answer may take 50 MB of memory, and live sessions come first. */
const QUESTIONS_AT_ONCE = 4;

/** Finals handed over in one turn: a batch of the database. */
const FINALS_AT_ONCE = 100;

/** `again`: worth asking later on. `postponed`: for the next start. */
type Outcome = "recovered" | "again" | "given-up" | "postponed";

/**
 * Asks for all sessions in rounds, at growing intervals, until there is nothing more to ask or to wait for. A session is
 * closed once its finals are kept. Never rejects.
 */
export async function recoverAbandonedSessions(
  deps: AbandonedSessionsDeps,
  limits: AbandonedSessionsLimits = ABANDONED_SESSIONS_LIMITS,
): Promise<void> {
  const { log, signal } = deps;
  let due = readAbandoned(deps);
  if (due.length === 0) return;
  log.info("Fetching the finals of sessions that an earlier process left", { count: due.length });
  const giveUpAtMs = monotonicMs() + limits.giveUpMs;
  const counts = { recovered: 0, again: 0, "given-up": 0, postponed: 0 };
  for (let round = 1; due.length > 0 && !signal.aborted; round += 1) {
    const isLast = monotonicMs() >= giveUpAtMs;
    const again: AbandonedSession[] = [];
    await eachOf(due, QUESTIONS_AT_ONCE, async (session) => {
      const outcome = await recoverSession(deps, session, isLast);
      counts[outcome] += 1;
      if (outcome === "again") again.push(session);
    });
    due = again;
    const waitMs = Math.min(backoffMs(round, limits), giveUpAtMs - monotonicMs());
    if (due.length > 0) await sleep(waitMs, signal);
  }
  log.info("Fetched the finals of sessions that an earlier process left", {
    recovered: counts.recovered,
    givenUp: counts["given-up"],
    postponed: counts.postponed + due.length,
  });
}

function readAbandoned({ sessions, log }: AbandonedSessionsDeps): readonly AbandonedSession[] {
  try {
    return sessions.abandoned();
  } catch (error) {
    log.error("Sessions that an earlier process left cannot be read", traceError(error));
    return [];
  }
}

/** R24: whatever goes wrong with one session, the others are recovered. */
async function recoverSession(
  deps: AbandonedSessionsDeps,
  session: AbandonedSession,
  isLast: boolean,
): Promise<Outcome> {
  const { providerSessionId } = session;
  if (deps.signal.aborted) return "postponed";
  try {
    const recovery = await deps.ask(providerSessionId, deps.signal);
    const outcome = recovery.kind === "found" ? "recovered" : outcomeOf(recovery.reason, isLast);
    if (recovery.kind === "found") await appendAll(deps, session, recovery);
    else if (outcome === "given-up") {
      deps.tallies.sessions_given_up += 1;
      deps.log.warn("Gave a session up that an earlier process left", {
        providerSession: providerSessionId,
        reason: recovery.reason,
      });
    }
    if (outcome === "recovered" || outcome === "given-up") deps.sessions.closed(providerSessionId);
    return outcome;
  } catch (error) {
    deps.log.error("Fetching the finals of a session failed on our side", {
      providerSession: providerSessionId,
      ...traceError(error),
    });
    return "postponed";
  }
}

/** Only what lies with us or the network gets another chance at the next start. */
function outcomeOf(reason: RecoveryObstacle, isLast: boolean): Outcome {
  if (OUTLOOK[reason] === "never") return "given-up";
  if (OUTLOOK[reason] === "soon" && !isLast) return "again";
  return reason === "unfinished" ? "given-up" : "postponed";
}

/** Resolves when all are kept. */
async function appendAll(
  { sink, tallies }: AbandonedSessionsDeps,
  session: AbandonedSession,
  found: FoundFinals,
): Promise<void> {
  const transcripts = placeAll(session, found);
  for (let from = 0; from < transcripts.length; from += FINALS_AT_ONCE) {
    const batch = transcripts.slice(from, from + FINALS_AT_ONCE);
    const kept = batch.map((transcript) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      sink.append(session.speaker, transcript, resolve);
      return promise;
    });
    await Promise.all(kept);
  }
  tallies.finals_recovered += found.finals.length;
}

/** R4: under the keys that the live stream gives; R14: at the time at which they were said. */
function placeAll(
  { providerSessionId, startedAtMs, clock }: AbandonedSession,
  { finals, translations }: FoundFinals,
): readonly Transcript[] {
  const time = readProviderClock(clock ?? [[0, startedAtMs]]);
  const keyOf = (localId: string) => toUtteranceKey(providerSessionId, localId);
  return [
    ...finals.map(({ localId, ...final }) => toTranscript({ ...final, key: keyOf(localId) }, time)),
    ...translations.map(({ localId, ...final }) =>
      toTranslation({ ...final, utteranceKey: keyOf(localId) }, time),
    ),
  ];
}

/** Does `act` for every item, for at most `atOnce` of them at a time. */
async function eachOf<Item>(
  items: readonly Item[],
  atOnce: number,
  act: (item: Item) => Promise<void>,
): Promise<void> {
  // The workers share one iterator: each takes the next item when it is done with its own.
  const rest = items.values();
  const work = async () => {
    for (const item of rest) await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
