import { expect, test } from "bun:test";
import { join } from "node:path";
import type { FillAnswer } from "../../support/actors/processes/journal-process.ts";
import { createJournalStage, readAll } from "../../support/stages/journal-stage.ts";

const PROCESS = join(import.meta.dir, "../../support/actors/processes/journal-process.ts");

/** Blocks of 512 or 1024 bytes, as the shell counts: files of that process end there, as on a disk that is full. */
const FILE_BLOCKS_MAX = 1024;

/** Disks are slow when others use them too. */
const LIMIT_MS = 120_000;

test.each(["normal", "full"])(
  "[R6] a disk that is full refuses finals, loses none and takes more when there is room, with sync %s",
  async (sync) => {
    await using stage = await createJournalStage();
    const answer = (await runOnSmallDisk("fill", stage.directory, sync)) as FillAnswer;
    expect(answer.keptWhenFull).toBeGreaterThan(20);
    expect(answer.isRefusingWhenFull).toBe(true);
    expect(answer.lastProblem).toStartWith("writing to the journal: ");
    expect(answer.readsAllKept).toBe(true);
    expect(answer.rowsLeft).toBe(1);
    expect(answer.rowsAfter).toBe(answer.keptWhenFull);
    expect(answer.isRefusingTooMuch).toBe(sync === "full");
    expect(answer.refusedCodes).toEqual(
      Array.from({ length: sync === "full" ? 3 : 2 }, () => "journal-unavailable"),
    );
    expect(readAll(stage.open())).toBeArrayOfSize(answer.rowsAtEnd);
  },
  LIMIT_MS,
);

test(
  "[R6] a disk so full that nothing can be removed from the journal does not keep it from running empty",
  async () => {
    await using stage = await createJournalStage();
    const answer = await runOnSmallDisk("clog", stage.directory, "normal");
    expect(answer).toEqual({ keptCount: expect.any(Number), rowsLeft: 0 });
    expect(readAll(stage.open())).toEqual([]);
  },
  LIMIT_MS,
);

async function runOnSmallDisk(task: string, directory: string, sync: string): Promise<unknown> {
  // The signal is ignored, so that writing fails instead.
  const script = `trap '' XFSZ; ulimit -f ${FILE_BLOCKS_MAX}; exec "$@"`;
  const command = [process.execPath, PROCESS, task, directory, sync];
  const child = Bun.spawn(["sh", "-c", script, "sh", ...command], { stdout: "pipe" });
  const answer: unknown = await new Response(child.stdout).json();
  expect(await child.exited).toBe(0);
  return answer;
}
