import type { ServerMessage } from "../../../src/gateway/protocol/server-messages.ts";
import { deadline } from "../../../src/kernel/deadline.ts";
import { drawFrom } from "../../speech/chaos/draw.ts";
import { createSpeech, type Speech } from "../../speech/chaos/speech.ts";
import { ResumingSpeaker } from "../../support/actors/clients/resuming-speaker.ts";
import { finalsOf, type Participant } from "../../support/actors/clients/speaker.ts";
import {
  startHostileNetwork,
  type HostileNetwork,
} from "../../support/actors/networks/hostile-network.ts";
import { judgeClient } from "./client-verdict.ts";
import type { PlacedFinal } from "./comparison.ts";
import type { Crowd, CrowdDeps, CrowdReport, HeardAudio, ShownFinal } from "./crowd.ts";
import { drawCourses, type Weather } from "./network-courses.ts";

export interface RoamingOptions {
  readonly weather: Weather;
  /** Of each member's speech. With their pauses, five take three seconds. */
  readonly utterances: number;
  /** Whether everybody has to come back to the one session, or somebody has to come too late and begin another one. */
  readonly sessions: "one" | "several";
}

/** Everything that is said fits into the burst of 30 s that a session may send: nobody is too fast. */
const SPEED = 2;

/**
 * The gateway asks the provider to close an utterance after 0.3 s. Until then it is shorter than half a second, from which on
 * the simulator would look for it in its recording and might believe to have found it there.
 */
export const PACE = { pause: [36, 60], burst: [8, 18] } as const;

/** Half a minute of speech, with all that befalls it; a loaded machine may need much longer. */
const STOP_LIMIT_MS = 120_000;

interface Roamer {
  readonly speech: Speech;
  readonly network: HostileNetwork;
  readonly speaker: ResumingSpeaker;
}

/** They say what they have to say, once, through a hostile network of their own, and come back to their sessions. */
export async function openRoamingCrowd(
  { gatewayUrl, random }: CrowdDeps,
  members: readonly Participant[],
  seed: number,
  { weather, utterances, sessions }: RoamingOptions,
): Promise<Crowd> {
  await using opening = new AsyncDisposableStack();
  const roamers: Roamer[] = [];
  for (const [index, participant] of members.entries()) {
    const speech = createSpeech(drawFrom(seed + index), utterances, PACE);
    const courses = drawCourses(seed + index, weather);
    const network = opening.use(await startHostileNetwork(gatewayUrl(), courses));
    const speaker = new ResumingSpeaker(
      { url: network.url, random },
      { participant, speech: speech.audio, speed: SPEED, ...patienceIn(weather) },
    );
    opening.defer(() => speaker.depart());
    roamers.push({ speech, network, speaker });
  }
  return new RoamingCrowd(roamers, sessions, opening.move());
}

/** A network that goes for a while does so openly: nobody has to give up what is silent. */
function patienceIn({ awayMs }: Weather) {
  return awayMs > 0 ? { quietMs: 30_000 } : {};
}

/** Modes: created → speaking (`start`) → done (`stop` has resolved). */
class RoamingCrowd implements Crowd {
  readonly #roamers: readonly Roamer[];
  readonly #sessions: RoamingOptions["sessions"];
  readonly #owned: AsyncDisposableStack;
  #speaking: readonly Promise<void>[] = [];

  constructor(
    roamers: readonly Roamer[],
    sessions: RoamingOptions["sessions"],
    owned: AsyncDisposableStack,
  ) {
    this.#roamers = roamers;
    this.#sessions = sessions;
    this.#owned = owned;
  }

  get shown(): readonly ShownFinal[] {
    return this.#roamers.flatMap(({ speaker }) =>
      finalsOf(messagesOf(speaker)).map(({ utterance_id: utteranceKey, text }) => ({
        ...speaker.participant,
        utteranceKey,
        text,
        isAtRisk: false,
      })),
    );
  }

  get messages(): readonly ServerMessage[] {
    return this.#roamers.flatMap(({ speaker }) => messagesOf(speaker));
  }

  start(): void {
    this.#speaking = this.#roamers.map(({ speaker }) => speaker.speak());
    // Whoever stops the crowd hears of it; until then it is nobody's.
    for (const life of this.#speaking) life.catch(() => undefined);
  }

  async stop(): Promise<void> {
    const lives = deadline(Promise.allSettled(this.#speaking), STOP_LIMIT_MS, "what is said");
    const failures = (await lives).flatMap((life): readonly unknown[] =>
      life.status === "rejected" ? [life.reason] : [],
    );
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("; "));
  }

  report(kept: readonly PlacedFinal[], heard: HeardAudio): CrowdReport {
    const storedBy = Map.groupBy(kept, ({ sessionSlug, identity }) => `${sessionSlug} ${identity}`);
    const verdicts = this.#roamers.map(({ speech, speaker: { participant, sessions } }) => {
      const { sessionSlug, identity } = participant;
      const stored = storedBy.get(`${sessionSlug} ${identity}`) ?? [];
      return { identity, ...judgeClient({ speech, sessions, stored, heard }) };
    });
    const problems = verdicts.flatMap(({ identity, problems: found }) =>
      found.map((problem) => `${identity}: ${problem}`),
    );
    const total = (count: (verdict: (typeof verdicts)[number]) => number) =>
      verdicts.reduce((sum, verdict) => sum + count(verdict), 0);
    const struck = this.#roamers.flatMap(({ network }) => network.struck);
    const counts = Map.groupBy(struck, (kind) => kind);
    const sessions = this.#roamers.reduce((sum, { speaker }) => sum + speaker.sessions.length, 0);
    const isOneEach = sessions === this.#roamers.length;
    if (isOneEach !== (this.#sessions === "one")) {
      problems.push(`expected ${this.#sessions} for each client, got ${sessions} sessions in all`);
    }
    const resumes = total((verdict) => verdict.resumes);
    if (resumes === 0 && this.#sessions === "one") problems.push("expected resumes, got none");
    return {
      problems,
      facts: {
        clients: this.#roamers.length,
        connections: this.#roamers.reduce((sum, { network }) => sum + network.connectionCount, 0),
        faults: struck.length,
        ...Object.fromEntries([...counts].map(([kind, { length }]) => [kind, length])),
        sessions,
        resumes,
        replayed: total(({ replayed }) => replayed),
        splits: total(({ splits }) => splits),
        interruptions: total(({ interruptions }) => interruptions),
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
    await Promise.allSettled(this.#speaking);
  }
}

function messagesOf({ sessions }: ResumingSpeaker): readonly ServerMessage[] {
  return sessions.flatMap(({ connections }) => connections.flatMap(({ messages }) => messages));
}
