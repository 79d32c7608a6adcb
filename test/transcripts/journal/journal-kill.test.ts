import { expect, test } from "bun:test";
import { join } from "node:path";
import { final } from "../../support/actors/doubles/numbered-finals.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";
import { createJournalStage, readAll } from "../../support/stages/journal-stage.ts";

const PROCESS = join(import.meta.dir, "../../support/actors/processes/journal-process.ts");

/** Starts a process that appends, kills it at a random moment, and resolves with the lines that it said. */
async function killWriter(directory: string, sync: string, linesLeast: number): Promise<string[]> {
  const child = Bun.spawn([process.execPath, PROCESS, "append", directory, sync], {
    stdout: "pipe",
  });
  let said = "";
  let lines = 0;
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    said += chunk;
    lines += chunk.split("\n").length - 1;
    // What it says between the signal and its end is read too: it counts as well.
    if (lines >= linesLeast) child.kill("SIGKILL");
  }
  expect(await child.exited).not.toBe(0);
  expect(child.signalCode).toBe("SIGKILL");
  return said.split("\n").slice(0, -1);
}

test.each(["normal", "full"])(
  "[R1] a process that is killed loses no final that it has told of, with sync %s",
  async (sync) => {
    await using stage = await createJournalStage();
    const random = seededRandom(`kill -9, sync ${sync}`);
    let rowsBefore = 0;
    for (let round = 0; round < 6; round += 1) {
      const said = await killWriter(stage.directory, sync, random.whole(1, 3000));
      const journal = stage.open();
      const kept = readAll(journal);
      expect(kept.length).toBe(journal.state.rows);
      const textBySequence = new Map(
        kept.map(({ sequence, transcript }) => [sequence, transcript.text]),
      );
      const lost = said.filter((line) => {
        const [sequence, index] = line.split(" ").map(Number);
        return textBySequence.get(sequence!) !== final(index!).transcript.text;
      });
      expect(lost).toEqual([]);
      expect(kept.length).toBeGreaterThanOrEqual(rowsBefore + said.length);
      rowsBefore = kept.length;
      journal.close();
    }
  },
  120_000,
);
