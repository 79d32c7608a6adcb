import { describeError } from "../../../src/kernel/errors.ts";
import { compareFinals, type Final, type Place, type Verdict } from "./comparison.ts";
import {
  openStage,
  type Stage,
  type StageDeps,
  type StageOptions,
  type StageSetup,
} from "./stage.ts";

export interface Scenario extends StageSetup {
  /** What goes wrong while everybody speaks; speech goes on until it resolves. */
  play(stage: Stage): Promise<void>;
  /** Where a final belongs; without it, in the database. */
  readonly placeOf?: (final: Final) => Place;
  /**
   * Which finals may be missing; without it, none.
   *
   * - `counted`: as many as the gateway says that it has dropped.
   * - `told`: those that their client knew to be at risk.
   */
  readonly mayLose?: "counted" | "told";
}

/** What a scenario came to; nothing in it is speech. */
export interface Outcome extends Verdict {
  readonly scenario: string;
  readonly isSound: boolean;
  readonly shownCount: number;
  readonly deadCount: number;
  readonly seconds: number;
  readonly facts: Readonly<Record<string, number>>;
  /** Everything that is wrong; finals by their keys. */
  readonly problems: readonly string[];
  /** The gateway's, of all its lives. */
  readonly log: string;
}

/** Plays one scenario in a world of its own, and judges when nothing waits to be written any more. */
export async function runScenario(
  scenario: Scenario,
  deps: StageDeps,
  options: StageOptions,
): Promise<Outcome> {
  const startedAtMs = performance.now();
  await using stage = await openStage(deps, scenario, options);
  const { crowd, gateway, server, facts, problems } = stage;
  crowd.start();
  const isPlayed = await attempt(problems, () => scenario.play(stage));
  await attempt(problems, () => crowd.stop());
  // Finals are judged whatever has failed: for that the database has to be there.
  if (!isPlayed) await server.stop().then(server.start);
  await attempt(problems, async () => {
    await gateway.start();
    await gateway.drained();
    const { dropped } = await gateway.figures();
    facts["dropped"] = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  });
  const kept = await stage.readKept();
  const verdict = judge(stage, kept, scenario);
  const report = crowd.report(kept, (id) => stage.simulator.received(id));
  const deadCount = kept.filter(({ place }) => place === "dead-letters").length;
  if (crowd.shown.length === 0) problems.push("expected finals, got none");
  if (scenario.placeOf !== undefined && deadCount === 0) {
    problems.push("expected dead letters, got none");
  }
  problems.push(...findOffences(verdict, stage, scenario), ...report.problems);
  return {
    scenario: scenario.name,
    isSound: problems.length === 0,
    shownCount: crowd.shown.length,
    deadCount,
    ...verdict,
    seconds: Math.round((performance.now() - startedAtMs) / 100) / 10,
    facts: { ...facts, ...report.facts },
    problems,
    log: gateway.log,
  };
}

/** Compares what everybody was shown with what is kept so far. */
export function judge(
  { crowd }: Stage,
  kept: Awaited<ReturnType<Stage["readKept"]>>,
  { placeOf = () => "database" }: Pick<Scenario, "placeOf"> = {},
): Verdict {
  const shown = crowd.shown.map((final) => ({ ...final, place: placeOf(final) }));
  return compareFinals(shown, kept);
}

/** One sentence for each final that something has happened to, except for losses that may be. */
function findOffences(
  { missing, duplicated, altered, misattributed }: Verdict,
  { crowd, facts }: Stage,
  { mayLose }: Scenario,
): readonly string[] {
  const atRisk = crowd.shown.filter(({ isAtRisk }) => isAtRisk);
  const mayBeMissing = new Set(mayLose === "told" ? atRisk.map((final) => final.utteranceKey) : []);
  const isCounted = mayLose === "counted" && missing.length === facts["dropped"];
  const lost = isCounted ? [] : missing.filter((key) => !mayBeMissing.has(key));
  const sentences = Object.entries({ missing: lost, duplicated, altered, misattributed }).flatMap(
    ([offence, keys]) => keys.map((key) => `${offence}: ${key}`),
  );
  if (mayLose !== "counted" || isCounted) return sentences;
  return [
    `${missing.length} are missing, ${facts["dropped"]} were counted as dropped`,
    ...sentences,
  ];
}

/** False when it failed, which is then one of the problems. */
async function attempt(problems: string[], act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    problems.push(describeError(error));
    return false;
  }
}
