import type { ServerMessage, StatusState } from "../../../src/gateway/protocol/server-messages.ts";
import { backoffMs } from "../../../src/kernel/backoff.ts";
import { deadline } from "../../../src/kernel/deadline.ts";
import { sleep } from "../../../src/kernel/timers.ts";
import type { ReceivedAudio } from "../../../src/simulator/session/audio-intake.ts";
import {
  connectSpeaker,
  finalsOf,
  type Participant,
  type Speaker,
} from "../../support/actors/clients/speaker.ts";
import { createTone, toPcm16 } from "../../support/probes/tones.ts";
import type { Final, PlacedFinal } from "./comparison.ts";

export interface ShownFinal extends Final {
  /** Its client knew that finals wait in memory alone, and has not heard since that this is over (R6). */
  readonly isAtRisk: boolean;
}

/** People who speak, each of them through a connection of their own. What they were shown is kept for good. */
export interface Crowd extends AsyncDisposable {
  /** Every final that every client was shown, in the order of showing to each. */
  readonly shown: readonly ShownFinal[];
  readonly messages: readonly ServerMessage[];
  start(): void;
  /** Everyone comes to an end and waits for the last finals. Rejects when somebody could not. */
  stop(): Promise<void>;
  /** What there is to say beyond single finals, once everything is kept. */
  report(kept: readonly PlacedFinal[], heard: HeardAudio): CrowdReport;
}

/** What the provider heard in one of its sessions; undefined for an unknown one, and unless audio is recorded. */
export type HeardAudio = (providerSessionId: string) => ReceivedAudio | undefined;

export interface CrowdReport {
  readonly facts: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
}

export interface CrowdDeps {
  /** Where the gateway is, or was last. */
  readonly gatewayUrl: () => URL;
  /** In [0, 1). */
  readonly random: () => number;
}

/** The gateway allows 30 s of burst and 1.5 times real time after it: one connection may last half a minute. */
const SPEED = 2.5;

/** One call of `Speaker.speak`: how soon a member notices that it shall stop. */
const PIECE_BYTES = 32_000;

/** Long enough that no two members say the same for long; they begin anywhere in it. */
const BURSTS = 40;

/** The gateway asks the provider to close an utterance after 0.3 s of silence. */
const PAUSE_SECONDS = 0.34;

const CONNECT_LIMIT_MS = 20_000;
/** Longer than a gateway may take to shut down. */
const CLOSE_LIMIT_MS = 90_000;
/** Finals come several times a second; a slow machine may take its time. */
const SHOWN_LIMIT_MS = 90_000;
const SHOWN_POLL_MS = 20;
const BACKOFF = { firstMs: 50, mostMs: 1000 };
/** A minute and more of vain attempts in a row. */
const ATTEMPTS_MAX = 120;

/**
 * They speak without end, several finals a second each, and begin a new session whenever their socket closes.
 *
 * Modes: created → speaking (`start`) → stopped (`stop`).
 */
export class RestlessCrowd implements Crowd {
  readonly #deps: CrowdDeps;
  readonly #members: readonly Participant[];
  readonly #speech: Uint8Array;
  readonly #connections: Speaker[] = [];
  readonly #stopping = new AbortController();
  #speaking: readonly Promise<void>[] = [];

  constructor(deps: CrowdDeps, members: readonly Participant[]) {
    this.#deps = deps;
    this.#members = members;
    this.#speech = createSpeech(deps.random);
  }

  get shown(): readonly ShownFinal[] {
    return this.#connections.flatMap(findFinals);
  }

  get messages(): readonly ServerMessage[] {
    return this.#connections.flatMap(({ messages }) => messages);
  }

  start(): void {
    this.#speaking = this.#members.map((member) => this.#live(member));
    // Whoever stops the crowd hears of it; until then it is nobody's.
    for (const life of this.#speaking) life.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#speaking);
  }

  report(): CrowdReport {
    return { facts: {}, problems: [] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#speaking);
  }

  async #live(member: Participant): Promise<void> {
    const { signal } = this.#stopping;
    let vainAttempts = 0;
    while (!signal.aborted) {
      const speaker = await this.#connect(member);
      if (speaker !== undefined) await this.#speakUntilClosed(speaker);
      vainAttempts = speaker === undefined || speaker.finals.length === 0 ? vainAttempts + 1 : 0;
      if (vainAttempts > ATTEMPTS_MAX) {
        throw new Error(`${member.identity} came back ${ATTEMPTS_MAX} times in vain`);
      }
      const { random } = this.#deps;
      await sleep(backoffMs(vainAttempts + 1, { ...BACKOFF, random }), signal);
    }
  }

  /** Nothing when there is no gateway at the moment. */
  async #connect({ sessionSlug, identity }: Participant): Promise<Speaker | undefined> {
    const connecting = connectSpeaker(this.#deps.gatewayUrl(), sessionSlug, identity);
    try {
      const speaker = await deadline(connecting, CONNECT_LIMIT_MS, "connecting");
      this.#connections.push(speaker);
      return speaker;
    } catch {
      // A killed gateway refuses connections: the member tries again.
      return undefined;
    }
  }

  async #speakUntilClosed(speaker: Speaker): Promise<void> {
    const gone = new AbortController();
    const closed = speaker.closed.then(() => gone.abort());
    const ending = AbortSignal.any([gone.signal, this.#stopping.signal]);
    let offset = this.#chooseOffset();
    while (!ending.aborted) {
      await speaker.speak(this.#speech.subarray(offset, offset + PIECE_BYTES), SPEED);
      offset = (offset + PIECE_BYTES) % this.#speech.byteLength;
      // A socket that is closing makes `speak` return at once: its close event needs a turn to come.
      await sleep(0);
    }
    if (!gone.signal.aborted) speaker.stop();
    await deadline(closed, CLOSE_LIMIT_MS, `the close of ${speaker.identity}'s socket`);
  }

  #chooseOffset(): number {
    const pieces = Math.floor(this.#speech.byteLength / PIECE_BYTES);
    return Math.floor(this.#deps.random() * pieces) * PIECE_BYTES;
  }
}

/** Resolves once the crowd was shown so many more of the finals that `fits`; rejects when it was not in time. */
export async function untilShown(
  crowd: Crowd,
  count: number,
  fits: (final: Final) => boolean = () => true,
): Promise<void> {
  const countShown = () => crowd.shown.filter(fits).length;
  const wanted = countShown() + count;
  const giveUpAtMs = performance.now() + SHOWN_LIMIT_MS;
  while (countShown() < wanted) {
    if (performance.now() > giveUpAtMs) throw new Error(`expected ${count} more finals in time`);
    await sleep(SHOWN_POLL_MS);
  }
}

function findFinals({ sessionSlug, identity, messages }: Speaker): readonly ShownFinal[] {
  const journaledAt = messages.findLastIndex((message) => isStatus(message, "journaled"));
  let isAtRisk = false;
  return messages.flatMap((message, index) => {
    if (isStatus(message, "unjournaled")) isAtRisk = index > journaledAt;
    return finalsOf([message]).map(({ utterance_id: utteranceKey, text }) => ({
      sessionSlug,
      identity,
      utteranceKey,
      text,
      isAtRisk,
    }));
  });
}

function isStatus(message: ServerMessage, state: StatusState): boolean {
  return message.type === "status" && message.state === state;
}

/** Bursts of tone with a pause after each: a final of one word or two for each of them. */
function createSpeech(random: () => number): Uint8Array {
  const stretches = Array.from({ length: BURSTS }, () => [
    { seconds: 0.06 + random() * 0.3, amplitude: 0.3 },
    { seconds: PAUSE_SECONDS, amplitude: 0 },
  ]).flat();
  return toPcm16(createTone(stretches));
}
