/**
 * Proves that no final is lost (R1, R4, R5, R6, R21, R30), or says which one was.
 *
 * Clients speak through the compiled executable, with a real PostgreSQL behind it and the simulator before it, while one
 * thing after the other goes wrong. What they were shown as final is then compared with what is kept.
 *
 *     bun run test/e2e/loss-oracle.ts [--only calm,poison] [--clients 20] [--seed N] [--sync normal|full] [--json]
 *
 * Exit code 0 when every scenario was sound, otherwise 1. It takes about four minutes.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startPreparedServer } from "../support/actors/databases/postgres.ts";
import { installExecutable } from "../support/actors/processes/executable.ts";
import { renderTable } from "./loss-oracle/report.ts";
import { runScenario, type Outcome, type Scenario } from "./loss-oracle/scenario.ts";
import { SCENARIOS } from "./loss-oracle/scenarios.ts";
import type { StageOptions } from "./loss-oracle/stage.ts";

interface Arguments extends StageOptions {
  readonly scenarios: readonly Scenario[];
  readonly isJson: boolean;
}

const { scenarios, isJson, ...options } = readArguments();
console.error(`loss-oracle: --seed ${options.seed} --clients ${options.clients}`);
const outcomes: Outcome[] = [];
{
  await using installation = await installExecutable();
  await using server = await startPreparedServer({ isDurable: true });
  for (const scenario of scenarios) {
    console.error(`loss-oracle: ${scenario.name}`);
    const outcome = await runScenario(scenario, { installation, server }, options);
    outcomes.push(outcome);
    if (isJson) console.log(JSON.stringify({ ...outcome, log: undefined }));
    if (!outcome.isSound) await report(outcome);
  }
}
if (!isJson) console.log(renderTable(outcomes));
process.exitCode = outcomes.every(({ isSound }) => isSound) ? 0 : 1;

/** The log stays behind: it is what the offenders are looked up in. */
async function report({ scenario, problems, log }: Outcome): Promise<void> {
  const path = join(tmpdir(), `loss-oracle-${scenario}-${options.seed}.log`);
  await Bun.write(path, log);
  for (const problem of problems) console.error(`loss-oracle: ${scenario}: ${problem}`);
  console.error(`loss-oracle: ${scenario}: the gateway's log is in ${path}`);
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: SCENARIOS.map(({ name }) => name).join(",") },
      clients: { type: "string", default: "20" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
      sync: { type: "string", default: "normal" },
      json: { type: "boolean", default: false },
    },
  });
  const { sync } = values;
  if (sync !== "normal" && sync !== "full") throw new Error(`expected normal or full, got ${sync}`);
  const wanted = values.only.split(",").map((name) => {
    const scenario = SCENARIOS.find((known) => known.name === name);
    if (scenario === undefined) throw new Error(`expected the name of a scenario, got "${name}"`);
    return scenario;
  });
  return {
    scenarios: wanted,
    clients: readCount("clients", values.clients),
    seed: readCount("seed", values.seed),
    sync,
    isJson: values.json,
  };
}

function readCount(name: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) {
    throw new Error(`expected a whole number for --${name}, got ${text}`);
  }
  return Number(text);
}
