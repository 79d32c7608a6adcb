import { sleep } from "../../../src/kernel/timers.ts";
import { drawFrom } from "../../speech/chaos/draw.ts";
import { drawWeighted, type Ground, type Sighting } from "./attack.ts";
import { ATTACKS, type AttackName } from "./attacks.ts";
import { judgeSighting } from "./verdict.ts";

export interface CampaignOptions {
  readonly seconds: number;
  /** Decides every attack: the n-th is the same in every campaign of this seed. */
  readonly seed: number;
  /** Attacks at once. */
  readonly lanes: number;
  /** Between two attacks of a lane: leaves the machine to others. */
  readonly pauseMs: number;
  readonly only: readonly AttackName[];
}

/** What came of all attacks. */
export interface CampaignOutcome {
  /** Attacks, statuses and close codes, each with how often. */
  readonly counts: ReadonlyMap<string, number>;
  /** Each kind once, with the first attack that met it. */
  readonly problems: readonly string[];
}

/** Seeds of two campaigns next to each other share no attack. */
const SEED_STRIDE = 1_000_003;

/** Runs attacks drawn from the seed, several at once, until the time is over and each has ended. */
export async function runCampaign(
  ground: Omit<Ground, "draw" | "resumeIds">,
  resumeIds: () => readonly string[],
  options: CampaignOptions,
): Promise<CampaignOutcome> {
  const { seconds, seed, lanes, pauseMs, only } = options;
  const counts = new Map<string, number>();
  const problems = new Map<string, string>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  const choices = only.map((name) => [ATTACKS[name].weight, name] as const);
  const endsAtMs = performance.now() + seconds * 1000;
  let next = 0;
  const runLane = async () => {
    while (performance.now() < endsAtMs) {
      const index = next;
      next += 1;
      const draw = drawFrom(seed * SEED_STRIDE + index);
      const name = drawWeighted(draw, choices);
      count(`attack ${name}`);
      const sighting = await ATTACKS[name].run({ ...ground, draw, resumeIds: resumeIds() });
      for (const seen of namesOf(sighting)) count(seen);
      for (const problem of judgeSighting(sighting)) {
        if (!problems.has(problem)) problems.set(problem, `attack ${index}, ${name}: ${problem}`);
      }
      await sleep(pauseMs);
    }
  };
  await Promise.all(Array.from({ length: lanes }, runLane));
  return { counts, problems: [...problems.values()] };
}

function namesOf(sighting: Sighting): readonly string[] {
  if (sighting.kind === "http") return sighting.statuses.map((status) => `status ${status}`);
  const { status, closing } = sighting;
  if (status !== 101) return [`handshake ${status}`];
  return [`close ${closing?.code ?? "none"}`];
}
