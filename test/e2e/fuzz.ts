/**
 * Lets strangers at the compiled executable: every wrong request, handshake, frame and order that its generators know, for
 * as long as is wanted, while a canary speaks. Says what broke, if anything did (R24).
 *
 *     bun run test/e2e/fuzz.ts [--seconds 600] [--seed N] [--lanes 16] [--only http,frames]
 *
 * Exit code 0 when nothing broke, otherwise 1. The seed and an attack's number tell what it did.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createDatabaseOn, startPreparedServer } from "../support/actors/databases/postgres.ts";
import { installExecutable } from "../support/actors/processes/executable.ts";
import { ATTACKS, type AttackName } from "./fuzz/attacks.ts";
import { runFuzz, type FuzzOptions } from "./fuzz/run.ts";
import type { Vitals } from "./fuzz/vitals.ts";

const options = readArguments();
console.error(`fuzz: --seed ${options.seed} --seconds ${options.seconds} --lanes ${options.lanes}`);
{
  await using installation = await installExecutable();
  await using server = await startPreparedServer();
  await using database = await createDatabaseOn(server);
  const outcome = await runFuzz({ installation, database }, options);
  for (const what of [...outcome.counts.keys()].toSorted()) {
    console.log(`${what}: ${outcome.counts.get(what)}`);
  }
  console.log(`finals of the canary: ${outcome.finals}`);
  for (const [when, vitals] of Object.entries(outcome.vitals ?? {})) {
    console.log(`${when}: ${describeVitals(vitals)}`);
  }
  if (outcome.problems.length > 0) {
    const path = join(tmpdir(), `fuzz-${options.seed}.log`);
    await Bun.write(path, outcome.log);
    for (const problem of outcome.problems) console.error(`fuzz: ${problem}`);
    console.error(`fuzz: the gateway's log is in ${path}`);
    process.exitCode = 1;
  }
}

function describeVitals({ residentBytes, heapBytes, openFiles }: Vitals): string {
  const inMiB = (bytes: number) => `${Math.round(bytes / 1_048_576)} MiB`;
  return `${inMiB(residentBytes)} resident, ${inMiB(heapBytes)} heap, ${openFiles} files`;
}

function readArguments(): FuzzOptions {
  const names = Object.keys(ATTACKS);
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "600" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
      lanes: { type: "string", default: "16" },
      only: { type: "string", default: names.join(",") },
    },
  });
  return {
    seconds: readCount("seconds", values.seconds),
    seed: readCount("seed", values.seed),
    lanes: readCount("lanes", values.lanes),
    pauseMs: 0,
    warmUpSeconds: 10,
    only: values.only.split(",").map((name) => {
      if (!isAttackName(name))
        throw new Error(`expected one of ${names.join(", ")}, got "${name}"`);
      return name;
    }),
  };
}

function isAttackName(name: string): name is AttackName {
  return Object.hasOwn(ATTACKS, name);
}

function readCount(name: string, text: string): number {
  if (!/^\d{1,10}$/.test(text))
    throw new Error(`expected a whole number for --${name}, got ${text}`);
  return Number(text);
}
