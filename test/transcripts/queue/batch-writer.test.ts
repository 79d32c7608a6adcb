import { expect, test } from "bun:test";
import { writeIsolating } from "../../../src/transcripts/queue/batch-writer.ts";
import { final, finals, indexOf } from "../../support/actors/doubles/numbered-finals.ts";
import { ScriptedWriter } from "../../support/actors/doubles/scripted-writer.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";

test("[R3] writes a batch without bad finals in one statement", async () => {
  const writer = new ScriptedWriter();
  expect(await writeIsolating(writer, finals(100))).toEqual({ refused: [], unknownCalls: [] });
  expect(writer.statements).toHaveLength(1);
});

test("[R5] isolates one bad final in about twice the logarithm of the batch, and writes its neighbours", async () => {
  const writer = new ScriptedWriter();
  writer.badIndices.add(37);
  const { refused } = await writeIsolating(writer, finals(100));
  expect(refused.map((one) => indexOf(one.final))).toEqual([37]);
  expect(refused[0]!.reason.code).toBe("row-refused");
  expect(writer.committed).toEqual([...finals(37), ...finals(62, 38)].map(indexOf));
  expect(writer.statements.length).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(100)));
});

test("[R5] finds every bad final, wherever they stand, and keeps the order of the others", async () => {
  const random = seededRandom("batch-writer");
  for (let run = 0; run < 100; run += 1) {
    const writer = new ScriptedWriter();
    const batch = finals(random.whole(1, 40));
    for (const one of batch) if (random.next() < 0.2) writer.badIndices.add(indexOf(one));
    const { refused } = await writeIsolating(writer, batch);
    expect(refused.map((one) => indexOf(one.final))).toEqual([...writer.badIndices]);
    const good = batch.map(indexOf).filter((index) => !writer.badIndices.has(index));
    expect(writer.committed).toEqual(good);
  }
});

test("[R5] gathers finals of unknown calls from all parts", async () => {
  const writer = new ScriptedWriter();
  writer.badIndices.add(1);
  writer.unknownSlugs.add("nowhere");
  const lost = [final(0, { sessionSlug: "nowhere" }), final(3, { sessionSlug: "nowhere" })];
  const batch = [lost[0]!, final(1), final(2), lost[1]!];
  expect((await writeIsolating(writer, batch)).unknownCalls).toEqual(lost);
  expect(writer.committed).toEqual([2]);
});

test("[R5] lets any other failure through, so that the whole batch waits", async () => {
  const writer = new ScriptedWriter();
  writer.isUnreachable = true;
  await expect(writeIsolating(writer, finals(10))).rejects.toMatchObject({
    code: "database-unreachable",
  });
  expect(writer.statements).toHaveLength(1);
});
