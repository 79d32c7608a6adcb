/**
 * What the journal costs a final, removal included: prints one line of JSON, in microseconds for which the event loop stands.
 *
 * `normal` appends one by one. `full` commits groups of five, which is what comes within 5 ms at 1000 finals a second, on the
 * table itself: the group's timer would be measured otherwise. Both let finals go in batches of 100, as the database does.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { encodeFinal } from "../../src/transcripts/journal/final-codec.ts";
import { JournalTable } from "../../src/transcripts/journal/journal-table.ts";
import { openJournal } from "../../src/transcripts/journal/journal.ts";
import { final } from "../support/actors/doubles/numbered-finals.ts";

const FINALS = 100_000;
const FINALS_FULL = 20_000;
const GROUP_ROWS = 5;
const BATCH_ROWS = 100;

/** About what somebody says in one breath. */
const TEXT =
  "so what we measured last week is that the second run is always faster than the first one";

function runNormal(directory: string): number {
  const journal = openJournal({ directory, bytesMax: 1e9, sync: "normal" });
  let kept: number[] = [];
  const startedAtMs = performance.now();
  for (let index = 0; index < FINALS; index += 1) {
    journal.append(final(index, { text: TEXT }), {
      onKept: ({ sequence }) => kept.push(sequence),
      onRefused: (problem) => {
        throw problem;
      },
    });
    if (kept.length < BATCH_ROWS) continue;
    journal.remove(kept);
    kept = [];
  }
  const elapsedMs = performance.now() - startedAtMs;
  journal.close();
  return (elapsedMs * 1000) / FINALS;
}

function runFull(directory: string): number {
  const table = new JournalTable(join(directory, "journal.sqlite"), { sync: "full" });
  let kept: number[] = [];
  const startedAtMs = performance.now();
  for (let index = 0; index < FINALS_FULL; index += GROUP_ROWS) {
    const group = Array.from({ length: GROUP_ROWS }, (_, offset) => ({
      queuedAtMs: Date.now(),
      body: encodeFinal(final(index + offset, { text: TEXT })),
    }));
    const first = table.insert(group);
    for (let offset = 0; offset < GROUP_ROWS; offset += 1) kept.push(first + offset);
    if (kept.length < BATCH_ROWS) continue;
    table.remove(kept);
    kept = [];
  }
  const elapsedMs = performance.now() - startedAtMs;
  table.close();
  return (elapsedMs * 1000) / FINALS_FULL;
}

async function measure(run: (directory: string) => number): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), "stenogate-bench-"));
  try {
    // The first run compiles the code.
    run(directory);
    return Math.round(run(directory) * 10) / 10;
  } finally {
    await rm(directory, { recursive: true });
  }
}

console.log(
  JSON.stringify({
    bench: "journal",
    normalUsPerFinal: await measure(runNormal),
    fullUsPerFinal: await measure(runFull),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
    date: new Date().toISOString().slice(0, 10),
  }),
);
