import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { stat } from "node:fs/promises";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import { final, finals, indexOf } from "../../support/actors/doubles/numbered-finals.ts";
import { stoppedClocks, WALL_CLOCK_STEPS_MS } from "../../support/probes/fake-time.ts";
import {
  countCommits,
  createJournalStage,
  keep,
  readAll,
} from "../../support/stages/journal-stage.ts";

const IGNORED = { onKept: () => {}, onRefused: () => {} };

describe.each(["normal", "full"] as const)("the journal with sync %s", (sync) => {
  test("[R1] gives an earlier process's finals back, as they were and in order", async () => {
    await using stage = await createJournalStage();
    using clock = stoppedClocks();
    const first = stage.open({ sync });
    const written = Array.from({ length: 100 }, (_, index) =>
      final(index, { text: `🎙 \u0000 ${index}` }),
    );
    const keptAtMs = monotonicMs();
    const kept = await Promise.all(written.map((one) => keep(first, one)));
    const { state } = first;
    first.close();

    clock.by(60_000);
    const second = stage.open({ sync });
    expect(readAll(second)).toStrictEqual(kept);
    expect(kept.map(({ speaker, transcript }) => ({ speaker, transcript }))).toStrictEqual(written);
    expect(second.state).toEqual(state);
    expect(state.oldestQueuedAtMs).toBe(keptAtMs);
    const next = await keep(second, final(100));
    expect(next.sequence).toBeGreaterThan(kept.at(-1)!.sequence);
  });

  test("[R1] has a final in its file when it says so", async () => {
    await using stage = await createJournalStage();
    const journal = stage.open({ sync });
    const commitsBefore = await countCommits(stage.path);
    const { sequence } = await keep(journal, final(1));
    expect(await countCommits(stage.path)).toBe(commitsBefore + 1);
    expect(readAll(journal).map(({ sequence: number }) => number)).toEqual([sequence]);
  });

  test("reads on from any number, in portions", async () => {
    await using stage = await createJournalStage();
    const journal = stage.open({ sync });
    const kept = await Promise.all(finals(10).map((one) => keep(journal, one)));
    expect(journal.readAfter(kept[3]!.sequence, 4)).toStrictEqual(kept.slice(4, 8));
    expect(journal.readAfter(kept[7]!.sequence, 4)).toStrictEqual(kept.slice(8));
    expect(journal.readAfter(kept[9]!.sequence, 4)).toEqual([]);
  });

  test("lets finals go in any order, and ignores numbers that it has not", async () => {
    await using stage = await createJournalStage();
    const journal = stage.open({ sync });
    const kept = await Promise.all(finals(6).map((one) => keep(journal, one)));
    const sequences = kept.map(({ sequence: number }) => number);
    journal.remove([]);
    journal.remove([sequences[4]!, sequences[0]!, 999, sequences[4]!, sequences[2]!]);
    expect(readAll(journal).map(indexOf)).toEqual([1, 3, 5]);
    expect(journal.state).toMatchObject({ rows: 3, oldestQueuedAtMs: kept[1]!.queuedAtMs });
    journal.remove(sequences);
    expect(journal.state).toMatchObject({ rows: 0, bytes: 0, oldestQueuedAtMs: undefined });
    const { sequence } = await keep(journal, final(6));
    expect(sequences).not.toContain(sequence);
  });

  test("[R6] refuses what goes over its bound, until there is room, and tells in order", async () => {
    await using stage = await createJournalStage();
    const large = final(0, { text: "ü".repeat(500) });
    const journal = stage.open({ sync, bytesMax: 3000 });
    const told: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    for (let index = 0; index < 4; index += 1) {
      journal.append(large, {
        onKept: () => told.push("kept"),
        onRefused: ({ code, message }) => {
          told.push(code);
          expect(message).toContain("expected a journal of at most 3000 bytes");
          if (told.length === 4) resolve();
        },
      });
    }
    await promise;
    expect(told).toEqual(["kept", "kept", "journal-unavailable", "journal-unavailable"]);
    expect(journal.state).toMatchObject({ rows: 2, isRefusing: true });
    expect(journal.state.lastProblem).toContain("at most 3000 bytes");
    expect(journal.state.bytes).toBeWithin(2 * 1000, 3001);
    journal.remove([journal.readAfter(0, 1)[0]!.sequence]);
    expect(journal.state.isRefusing).toBe(false);
    await keep(journal, large);
    expect(journal.state.rows).toBe(2);
  });

  test("refuses every final after it was closed", async () => {
    await using stage = await createJournalStage();
    const journal = stage.open({ sync });
    const before = keep(journal, final(1));
    journal.close();
    expect(await before).toMatchObject(final(1));
    await expect(keep(journal, final(2))).rejects.toThrow("the journal is closed");
    journal.remove([1]);
    expect(() => journal.readAfter(0, 1)).toThrow("reading the journal");
    expect(journal.state.rows).toBe(1);
  });
});

describe("the journal with sync full", () => {
  test("[R1] commits the finals of a few milliseconds together, and tells of them afterwards", async () => {
    await using stage = await createJournalStage();
    const journal = stage.open({ sync: "full" });
    const commitsBefore = await countCommits(stage.path);
    const told: number[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const one of finals(1000)) {
      journal.append(one, {
        ...IGNORED,
        onKept: (journaled) => {
          if (told.length === 0) expect(journal.state.rows).toBe(1000);
          told.push(indexOf(journaled));
          if (told.length === 1000) resolve();
        },
      });
    }
    expect(told).toEqual([]);
    expect(journal.state.rows).toBe(0);
    await promise;
    expect(told).toEqual(finals(1000).map(indexOf));
    expect(await countCommits(stage.path)).toBe(commitsBefore + 1);
  });

  test("[R24] tells the others of a group when one listener throws", async () => {
    await using stage = await createJournalStage();
    const journal = stage.open({ sync: "full" });
    const told: number[] = [];
    for (const one of finals(3)) {
      journal.append(one, {
        ...IGNORED,
        onKept: (journaled) => {
          told.push(indexOf(journaled));
          if (told.length === 2) throw new Error("a bug");
        },
      });
    }
    expect(() => journal.close()).toThrow(AggregateError);
    expect(told).toEqual([0, 1, 2]);
    expect(stage.open().state.rows).toBe(3);
  });

  test("[R24] tells a final that is refused also when a listener of the group before it throws", async () => {
    await using stage = await createJournalStage();
    const journal = stage.open({ sync: "full", bytesMax: 1000 });
    const told: string[] = [];
    journal.append(final(0), {
      ...IGNORED,
      onKept: () => {
        told.push("kept");
        throw new Error("a bug");
      },
    });
    const large = final(1, { text: "x".repeat(1000) });
    const appendLarge = () =>
      journal.append(large, { ...IGNORED, onRefused: ({ code }) => told.push(code) });
    expect(appendLarge).toThrow();
    expect(told).toEqual(["kept", "journal-unavailable"]);
  });
});

describe("the journal with sync normal", () => {
  test("[R24] lets what a listener throws through to whoever appends, and has the final", async () => {
    await using stage = await createJournalStage();
    const journal = stage.open({ sync: "normal" });
    const append = () =>
      journal.append(final(0), {
        ...IGNORED,
        onKept: () => {
          throw new Error("a bug");
        },
      });
    expect(append).toThrow("a bug");
    expect(readAll(journal).map(indexOf)).toEqual([0]);
    expect(journal.state.isRefusing).toBe(false);
  });
});

describe("the journal's file", () => {
  test("gives the others back when finals are damaged, and keeps those aside", async () => {
    await using stage = await createJournalStage();
    using clock = stoppedClocks();
    const first = stage.open();
    for (const one of finals(10)) await keep(first, one);
    first.close();
    const file = new Database(stage.path);
    file.run("UPDATE final SET body = substr(body, 2) WHERE sequence IN (1, 2, 3, 7)");
    file.close();

    clock.by(1000);
    const journal = stage.open();
    expect(journal.readAfter(0, 3).map(indexOf)).toEqual([3, 4, 5]);
    expect(journal.state).toMatchObject({ rows: 7, rowsDamaged: 3 });
    expect(readAll(journal).map(indexOf)).toEqual([3, 4, 5, 7, 8, 9]);
    const { state } = journal;
    expect(state).toMatchObject({ rows: 6, rowsDamaged: 4, isRefusing: false });
    journal.close();
    expect(stage.open().state).toEqual(state);
  });

  test.each(WALL_CLOCK_STEPS_MS)(
    "[R34] tells how old its finals are, though the wall clock is set by %d ms meanwhile",
    async (stepMs) => {
      await using stage = await createJournalStage();
      using clock = stoppedClocks();
      const journal = stage.open();
      const keptAtMs = monotonicMs();
      await keep(journal, final(0));
      clock.by(5000);
      clock.stepWallClock(stepMs);
      await keep(journal, final(1));
      expect(journal.state.oldestQueuedAtMs).toBe(keptAtMs);
      expect(readAll(journal).map(({ queuedAtMs }) => queuedAtMs - keptAtMs)).toEqual([0, 5000]);
    },
  );

  test("has no final of an hour to come, though the clock was set back between two processes", async () => {
    await using stage = await createJournalStage();
    using clock = stoppedClocks();
    const first = stage.open();
    await keep(first, final(0));
    first.close();
    clock.stepWallClock(-3_600_000);
    const second = stage.open();
    expect(second.state.oldestQueuedAtMs).toBe(monotonicMs());
    expect(readAll(second).map(({ queuedAtMs }) => queuedAtMs)).toEqual([monotonicMs()]);
  });

  test("keeps the latest 1000 damaged finals", async () => {
    await using stage = await createJournalStage();
    const first = stage.open();
    for (const one of finals(1005)) await keep(first, one);
    first.close();
    const file = new Database(stage.path);
    file.run("UPDATE final SET body = ''");
    file.close();

    const journal = stage.open();
    expect(readAll(journal)).toEqual([]);
    expect(journal.state).toMatchObject({ rows: 0, bytes: 0, rowsDamaged: 1005 });
    journal.close();
    expect(stage.open().state.rowsDamaged).toBe(1000);
  });

  test("[R6] stays as large as its finals once were, however many pass through it", async () => {
    await using stage = await createJournalStage();
    const journal = stage.open();
    const sequences: number[] = [];
    for (let index = 0; index < 100_000; index += 1) {
      journal.append(final(index), {
        ...IGNORED,
        onKept: ({ sequence }) => sequences.push(sequence),
      });
      if (sequences.length === 1000) journal.remove(sequences.splice(0));
    }
    expect(journal.state).toMatchObject({ rows: 0, bytes: 0 });
    expect((await stat(`${stage.path}-wal`)).size).toBeLessThan(10_000_000);
    journal.close();
    expect((await stat(stage.path)).size).toBeLessThan(1_000_000);
  }, 120_000);
});
