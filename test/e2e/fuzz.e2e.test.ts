/** The fuzzer for a minute, with the same strangers every time; `fuzz.ts` is as long as anybody wants. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { postgres } from "../support/actors/databases/postgres.ts";
import {
  E2E_LIMIT_MS,
  installExecutable,
  type Installation,
} from "../support/actors/processes/executable.ts";
import { ATTACKS, type AttackName } from "./fuzz/attacks.ts";
import { runFuzz } from "./fuzz/run.ts";

/** Beside other test files on two cores: the settling alone may take minutes there. */
const LIMIT_MS = 300_000;

const SEED = 20_261_123;

let installation: Installation;

beforeAll(async () => {
  installation = await installExecutable();
}, E2E_LIMIT_MS);

afterAll(() => installation[Symbol.asyncDispose]());

test(
  "[R24] [R20] whatever strangers send, the process lives, forgets them, and a canary gets every final",
  async () => {
    await using database = await postgres.createDatabase();
    const outcome = await runFuzz(
      { installation, database },
      {
        seconds: 60,
        warmUpSeconds: 4,
        seed: Number(process.env["TEST_SEED"] ?? SEED),
        lanes: 8,
        pauseMs: 20,
        // The keys of a full record are the names.
        only: Object.keys(ATTACKS) as AttackName[],
      },
    );
    expect(outcome.problems, outcome.log.slice(-20_000)).toEqual([]);
    // Strangers that never got in would prove nothing.
    for (const seen of ["status 200", "close 1002", "close 4001", "close 4008"]) {
      expect([...outcome.counts.keys()]).toContain(seen);
    }
    expect(outcome.finals).toBeGreaterThan(0);
  },
  LIMIT_MS,
);
