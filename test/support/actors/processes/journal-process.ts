/**
 * A process that works on a journal: `bun journal-process.ts <task> <folder> <sync>`. It answers on its standard output, and
 * ends by itself or by a signal.
 */
import { writeSync } from "node:fs";
import { sleep } from "../../../../src/kernel/timers.ts";
import { openJournal, type Journal } from "../../../../src/transcripts/journal/journal.ts";
import { until } from "../../probes/until.ts";
import { final } from "../doubles/numbered-finals.ts";

/** Appends for ever, and says the number and the index of every final at the moment when it is kept. */
async function append(journal: Journal): Promise<void> {
  for (let index = journal.state.rows; ; index += 1) {
    journal.append(final(index), {
      onKept: ({ sequence }) => say(`${sequence} ${index}`),
      onRefused: (problem) => {
        throw problem;
      },
    });
    if (index % 50 === 0) await sleep(0);
  }
}

/** What `fill` answers, as JSON. */
export interface FillAnswer {
  readonly keptWhenFull: number;
  readonly isRefusingWhenFull: boolean;
  readonly lastProblem: string | undefined;
  readonly readsAllKept: boolean;
  readonly rowsLeft: number;
  readonly rowsAfter: number;
  readonly isRefusingTooMuch: boolean;
  readonly refusedCodes: readonly string[];
  readonly rowsAtEnd: number;
}

/** On a disk with little room: fills it, makes room, fills it again, then asks for too much, and says what happened. */
async function fill(journal: Journal): Promise<void> {
  const kept: number[] = [];
  const refusedCodes: string[] = [];
  const add = async (text: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    journal.append(final(kept.length, { text }), {
      onKept: ({ sequence }) => resolve(void kept.push(sequence)),
      onRefused: ({ code }) => resolve(void refusedCodes.push(code)),
    });
    await promise;
  };
  while (refusedCodes.length === 0) await add("x".repeat(2000));
  const keptWhenFull = kept.length;
  const { isRefusing: isRefusingWhenFull, lastProblem } = journal.state;
  const read = journal.readAfter(0, 1e6).map(({ sequence }) => sequence);
  journal.remove(kept.slice(1));
  const rowsLeft = journal.state.rows;
  for (let index = 1; index < keptWhenFull; index += 1) await add("x".repeat(1000));
  const { rows: rowsAfter } = journal.state;
  // Where finals are committed together, one that cannot be written takes its neighbour with it.
  await Promise.all([add("x".repeat(10_000_000)), add("beside it")]);
  const isRefusingTooMuch = journal.state.isRefusing;
  await until(() => !journal.state.isRefusing);
  journal.close();
  const answer: FillAnswer = {
    keptWhenFull,
    isRefusingWhenFull,
    lastProblem,
    readsAllKept: Bun.deepEquals(read, kept.slice(0, keptWhenFull)),
    rowsLeft,
    rowsAfter,
    isRefusingTooMuch,
    refusedCodes,
    rowsAtEnd: journal.state.rows,
  };
  say(JSON.stringify(answer));
}

/** Fills a disk until not even a removal has room, then lets everything go, and says how many finals remain of how many. */
async function clog(journal: Journal): Promise<void> {
  const kept: number[] = [];
  const hasRoom = async () => {
    for (let tries = 0; tries < 30 && journal.state.isRefusing; tries += 1) await sleep(100);
    return !journal.state.isRefusing;
  };
  while (await hasRoom()) {
    journal.append(final(kept.length, { text: "x".repeat(2000) }), {
      onKept: ({ sequence }) => void kept.push(sequence),
      onRefused: () => undefined,
    });
    await sleep(0);
  }
  journal.remove(kept);
  for (let tries = 0; tries < 400 && journal.state.rows > 0; tries += 1) await sleep(100);
  say(JSON.stringify({ keptCount: kept.length, rowsLeft: journal.state.rows }));
  journal.close();
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

const TASKS: Readonly<Record<string, (journal: Journal) => Promise<void> | void>> = {
  append,
  fill,
  clog,
  open: (journal) => journal.close(),
};

if (import.meta.main) {
  const [, , task = "", directory = "", sync] = process.argv;
  try {
    const options = { directory, bytesMax: 1e9, sync: sync === "full" ? sync : "normal" } as const;
    await TASKS[task]?.(openJournal(options));
  } catch (error) {
    say(String(error));
    process.exitCode = 1;
  }
}
