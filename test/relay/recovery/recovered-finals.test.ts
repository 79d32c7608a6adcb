import { describe, expect, spyOn, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import {
  askUntilAnswered,
  RECOVERY_PACE,
  type Recovery,
  type RecoveryObstacle,
  type RecoveryPace,
} from "../../../src/relay/recovery/recovered-finals.ts";
import { fakeTime } from "../../support/probes/fake-time.ts";

const FOUND: Recovery = { kind: "found", finals: [], translations: [] };
const unavailable = (reason: RecoveryObstacle): Recovery => ({ kind: "unavailable", reason });

/** A provider that gives these answers, the last one again and again; time stands still, and each wait is the longest of its window. */
function setup(...answers: readonly Recovery[]) {
  const time = fakeTime();
  const random = spyOn(Math, "random").mockReturnValue(1 - Number.EPSILON);
  const aborting = new AbortController();
  const askedAtMs: number[] = [];
  const begunAtMs = monotonicMs();
  const asked: [id: string, signal: AbortSignal][] = [];
  const outcome = { recovery: undefined as Recovery | undefined };
  return {
    time,
    askedAtMs,
    asked,
    aborting,
    outcome,
    begin: (pace?: RecoveryPace, signal = aborting.signal) => {
      const asking = askUntilAnswered(
        async (...question) => {
          asked.push(question);
          askedAtMs.push(monotonicMs() - begunAtMs);
          if (question[1].aborted) return unavailable("aborted");
          return answers[asked.length - 1] ?? answers.at(-1)!;
        },
        "toy-1",
        signal,
        pace,
      );
      void asking.then((recovery) => {
        outcome.recovery = recovery;
      });
      return time.settle();
    },
    [Symbol.dispose]: () => {
      random.mockRestore();
      time[Symbol.dispose]();
    },
  };
}

describe("[R15] whoever waits for the finals of a session", () => {
  test("has them at once where they are there", async () => {
    using stage = setup(FOUND);
    await stage.begin();
    expect(stage.outcome.recovery).toBe(FOUND);
    expect(stage.asked).toEqual([["toy-1", stage.aborting.signal]]);
  });

  test.each<RecoveryObstacle>(["refused", "aborted", "unknown", "not-kept", "too-large"])(
    "asks once where they are %s: the answer is going to be the same",
    async (reason) => {
      using stage = setup(unavailable(reason), FOUND);
      await stage.begin();
      await stage.time.advance(60_000);
      expect(stage.outcome.recovery).toMatchObject({ reason });
      expect(stage.asked).toHaveLength(1);
    },
  );

  test.each<RecoveryObstacle>(["unfinished", "unreachable"])(
    "asks again where they are %s, after waits that grow",
    async (reason) => {
      const passing = unavailable(reason);
      using stage = setup(passing, passing, passing, FOUND);
      await stage.begin();
      await stage.time.advance(60_000);
      expect(stage.outcome.recovery).toBe(FOUND);
      expect(stage.askedAtMs).toEqual([0, 1000, 3000, 7000]);
    },
  );

  test("asks again until the answer is one that does not change", async () => {
    using stage = setup(
      unavailable("unreachable"),
      unavailable("unfinished"),
      unavailable("not-kept"),
    );
    await stage.begin();
    await stage.time.advance(60_000);
    expect(stage.outcome.recovery).toMatchObject({ reason: "not-kept" });
    expect(stage.asked).toHaveLength(3);
  });

  test("asks six times within half a minute, and has the last answer then", async () => {
    using stage = setup(unavailable("unreachable"), unavailable("unfinished"));
    await stage.begin();
    await stage.time.advance(23_000);
    expect(stage.askedAtMs).toEqual([0, 1000, 3000, 7000, 15_000, 23_000]);
    expect(stage.askedAtMs).toHaveLength(RECOVERY_PACE.attemptsMax);
    expect(stage.outcome.recovery).toMatchObject({ reason: "unfinished" });
    expect(stage.time.timerCount).toBe(0);
  });

  test("asks as often as its pace allows, once at least", async () => {
    using stage = setup(unavailable("unfinished"));
    await stage.begin({ attemptsMax: 1, firstMs: 10, mostMs: 10 });
    expect(stage.outcome.recovery).toMatchObject({ reason: "unfinished" });
    expect(stage.asked).toHaveLength(1);
  });

  test("does not wait any longer once its signal is aborted: the provider's folder says what that means", async () => {
    using stage = setup(unavailable("unfinished"));
    await stage.begin();
    await stage.time.advance(200);
    expect(stage.outcome.recovery).toBeUndefined();
    stage.aborting.abort();
    await stage.time.settle();
    expect(stage.outcome.recovery).toEqual(unavailable("aborted"));
    expect(stage.askedAtMs).toEqual([0, 200]);
    expect(stage.time.timerCount).toBe(0);
  });

  test("asks once, in vain, with a signal that was aborted before", async () => {
    using stage = setup(FOUND);
    await stage.begin(RECOVERY_PACE, AbortSignal.abort());
    expect(stage.outcome.recovery).toEqual(unavailable("aborted"));
    expect(stage.asked).toHaveLength(1);
  });
});
