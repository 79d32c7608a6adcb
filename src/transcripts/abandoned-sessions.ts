/**
 * Finals that a killed process never heard, or never told: fetched from the provider at the next
 * start and written like all others. Those that were written before are written again, which
 * changes nothing (R4).
 */
import { backoffMs, type BackoffOptions } from "../kernel/backoff.ts";
import { describeError } from "../kernel/errors.ts";
import { sleep } from "../kernel/timers.ts";
import type { Log } from "../observe/log.ts";
import type { SpeakerNames, Transcript } from "../relay/ports.ts";
import {
  OUTLOOK,
  type FoundFinals,
  type Recovery,
  type RecoveryObstacle,
} from "../relay/recovery/recovered-finals.ts";
import {
  toTranscript,
  toTranslation,
  toUtteranceKey,
  type PositionClock,
} from "../relay/timed-transcript.ts";
import type { LiveSessionBook, LiveSessionEntry } from "./journal/provider-session-book.ts";

export interface LeftSessionDeps {
  readonly sessions: Pick<LiveSessionBook, "left" | "closed">;
  /** Asks the provider once. Never rejects. */
  readonly recover: (providerSessionId: string, signal: AbortSignal) => Promise<Recovery>;
  /** Undefined for a timeline that cannot be read: then the session's start and its audio count. */
  readonly readTimeline: (timeline: string) => PositionClock | undefined;
  /** See `TranscriptSink`. */
  readonly sink: { append(speaker: SpeakerNames, final: Transcript, onKept: () => void): void };
  /** Finals that had been written before count too: nobody knows which ones were missed. */
  readonly tallies: { finals_recovered: number; sessions_given_up: number };
  readonly log: Log;
  /** The process ends: what is not recovered by then is left to the next one. */
  readonly signal: AbortSignal;
}

export interface LeftSessionLimits extends BackoffOptions {
  /** From then on nobody is asked again, in milliseconds. */
  readonly giveUpMs: number;
}

/**
 * A provider keeps a session without a socket open for a while that it does not tell; most end
 * within a minute or two, and one that has not after a quarter of an hour is not going to.
 */
export const LEFT_SESSION_LIMITS: LeftSessionLimits = {
  firstMs: 5000,
  mostMs: 120_000,
  giveUpMs: 15 * 60_000,
};

/** Questions at once: an answer may take 50 MB of memory, and live sessions come first. */
const QUESTIONS_AT_ONCE = 4;

/** Finals handed over in one turn: a batch of the database. */
const FINALS_AT_ONCE = 100;

/** `again`: worth asking later on. `left`: for the next start. */
type Outcome = "recovered" | "again" | "given-up" | "left";

/**
 * Asks for all sessions in rounds, at growing intervals, until nothing is left to ask or to wait
 * for. A session is closed once its finals are kept. Never rejects.
 */
export async function recoverLeftSessions(
  deps: LeftSessionDeps,
  limits: LeftSessionLimits = LEFT_SESSION_LIMITS,
): Promise<void> {
  const { log, signal } = deps;
  let due = readLeft(deps);
  if (due.length === 0) return;
  log.info("Fetching the finals of sessions that an earlier process left", { count: due.length });
  const giveUpAtMs = Date.now() + limits.giveUpMs;
  const counts = { recovered: 0, again: 0, "given-up": 0, left: 0 };
  for (let round = 1; due.length > 0 && !signal.aborted; round += 1) {
    const isLast = Date.now() >= giveUpAtMs;
    const again: LiveSessionEntry[] = [];
    await eachOf(due, QUESTIONS_AT_ONCE, async (session) => {
      const outcome = await recoverSession(deps, session, isLast);
      counts[outcome] += 1;
      if (outcome === "again") again.push(session);
    });
    due = again;
    const waitMs = Math.min(backoffMs(round, limits), giveUpAtMs - Date.now());
    if (due.length > 0) await sleep(waitMs, signal);
  }
  log.info("Fetched the finals of sessions that an earlier process left", {
    recovered: counts.recovered,
    givenUp: counts["given-up"],
    leftAgain: counts.left + due.length,
  });
}

function readLeft({ sessions, log }: LeftSessionDeps): readonly LiveSessionEntry[] {
  try {
    return sessions.left();
  } catch (error) {
    log.error("Sessions that an earlier process left cannot be read", {
      problem: describeError(error),
    });
    return [];
  }
}

/** R24: whatever goes wrong with one session, the others are recovered. */
async function recoverSession(
  deps: LeftSessionDeps,
  session: LiveSessionEntry,
  isLast: boolean,
): Promise<Outcome> {
  const { providerSessionId } = session;
  if (deps.signal.aborted) return "left";
  try {
    const recovery = await deps.recover(providerSessionId, deps.signal);
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
      problem: describeError(error),
    });
    return "left";
  }
}

/** Only what lies with us or the network gets another chance at the next start. */
function outcomeOf(reason: RecoveryObstacle, isLast: boolean): Outcome {
  if (OUTLOOK[reason] === "never") return "given-up";
  if (OUTLOOK[reason] === "soon" && !isLast) return "again";
  return reason === "unfinished" ? "given-up" : "left";
}

/** Resolves when all are kept. */
async function appendAll(
  { readTimeline, sink, tallies }: LeftSessionDeps,
  session: LiveSessionEntry,
  found: FoundFinals,
): Promise<void> {
  const { providerSessionId, sessionSlug, identity, name, startedAtMs, timeline } = session;
  const clock = readTimeline(timeline) ?? {
    timeAt: (seconds) => new Date(startedAtMs + seconds * 1000),
  };
  // R4: under the keys that the live stream gives.
  const keyOf = (utteranceId: string) => toUtteranceKey(providerSessionId, utteranceId);
  const transcripts = [
    ...found.finals.map(({ utteranceId, ...final }) =>
      toTranscript({ ...final, key: keyOf(utteranceId), isFinal: true }, clock),
    ),
    ...found.translations.map(({ utteranceId, ...final }) =>
      toTranslation(
        { ...final, utteranceKey: keyOf(utteranceId), originalLanguage: undefined },
        clock,
      ),
    ),
  ];
  for (let from = 0; from < transcripts.length; from += FINALS_AT_ONCE) {
    const batch = transcripts.slice(from, from + FINALS_AT_ONCE);
    const kept = batch.map((transcript) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      sink.append({ sessionSlug, identity, name }, transcript, resolve);
      return promise;
    });
    await Promise.all(kept);
  }
  tallies.finals_recovered += found.finals.length;
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
