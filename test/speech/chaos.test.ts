/**
 * A stream under faults: many runs at once, each with its own speech, simulator and
 * script, all of it drawn from one seed. `TEST_SEED` runs one again.
 */
import { expect, test } from "bun:test";
import { chooseSeed } from "../support/probes/seeded-random.ts";
import { createPlan, SEEDS_OF_EVERY_KIND } from "./chaos/plan.ts";
import { runPlan } from "./chaos/run.ts";
import { judge } from "./chaos/verdict.ts";

/** Seeds in a row have every kind of incident; in CI each has several turns. */
const RUNS = process.env["CI"] === undefined ? 2 * SEEDS_OF_EVERY_KIND : 200;
/** More at once would take each other's time on a machine of two cores. */
const RUNS_AT_ONCE = 10;
const LIMIT_MS = 600_000;

test(
  "[R11] whatever befalls a stream, every utterance gets its one final",
  async () => {
    const seeds = seedsToRun();
    console.log(`chaos of streams: seeds ${seeds[0]} to ${seeds.at(-1)}`);
    const failures: string[] = [];
    const lane = async () => {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        const plan = createPlan(seed);
        const problems = judge(plan, await runPlan(plan));
        if (problems.length === 0) continue;
        failures.push([`TEST_SEED=${seed}`, ...plan.story, ...problems].join("\n  "));
      }
    };
    await Promise.all(Array.from({ length: RUNS_AT_ONCE }, lane));
    expect(failures).toEqual([]);
  },
  LIMIT_MS,
);

function seedsToRun(): number[] {
  const first = chooseSeed();
  const runs = process.env["TEST_SEED"] === undefined ? RUNS : 1;
  return Array.from({ length: runs }, (_, index) => first + index);
}
