import { describe, expect, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import {
  recoverAbandonedSessions,
  type AbandonedSessionsDeps,
} from "../../../src/relay/recovery/abandoned-sessions.ts";
import type { AbandonedSession } from "../../../src/relay/recovery/provider-session-record.ts";
import type { Recovery, RecoveryObstacle } from "../../../src/relay/recovery/recovered-finals.ts";
import { providerSession } from "../../support/actors/doubles/provider-sessions.ts";
import { fakeTime } from "../../support/probes/fake-time.ts";
import { recordedLog } from "../../support/probes/recorded-log.ts";

type Append = Parameters<AbandonedSessionsDeps["sink"]["append"]>;

/** A book with the first `count` sessions, a provider that a test scripts, and a sink that keeps. */
function setup(count: number, answer: AbandonedSessionsDeps["ask"]) {
  const abandoned = new Map<string, AbandonedSession>();
  for (let index = 1; index <= count; index += 1)
    abandoned.set(`provider-${index}`, providerSession(index, { clock: [[0, 5_000_000]] }));
  const asked: string[] = [];
  const appended: Append[] = [];
  const log = recordedLog();
  const aborting = new AbortController();
  const deps: AbandonedSessionsDeps = {
    sessions: {
      abandoned: () => [...abandoned.values()],
      closed: (id) => void abandoned.delete(id),
    },
    ask: (id, signal) => {
      asked.push(id);
      return answer(id, signal);
    },
    sink: {
      append: (...append) => {
        appended.push(append);
        append[2]();
      },
    },
    tallies: { finals_recovered: 0, sessions_given_up: 0 },
    log,
    signal: aborting.signal,
  };
  return { deps, abandoned, asked, appended, log, abort: () => aborting.abort() };
}

const final = (localId: string, startSeconds = 1) => ({
  localId,
  text: `spoken ${localId}`,
  isFinal: true,
  startSeconds,
  endSeconds: startSeconds + 1,
  language: "en",
  confidence: 0.5,
});
const found = (...ids: string[]): Recovery => ({
  kind: "found",
  finals: ids.map((id, index) => final(id, index)),
  translations: [],
});
const unavailable = (reason: RecoveryObstacle): Recovery => ({ kind: "unavailable", reason });

const SUMMARY = "Fetched the finals of sessions that an earlier process left";
const GIVEN_UP = "Gave a session up that an earlier process left";

describe("the finals of an abandoned session", () => {
  test("[R4] are appended under the keys and names that they had, then it is closed", async () => {
    const stage = setup(1, () =>
      Promise.resolve({
        kind: "found",
        finals: [final("00_0", 2)],
        translations: [
          { localId: "00_0", text: "dit", language: "fr", startSeconds: 2, endSeconds: 3 },
        ],
      }),
    );
    await recoverAbandonedSessions(stage.deps);
    const times = { startedAt: new Date(5_002_000), endedAt: new Date(5_003_000) };
    expect(stage.appended.map(([, transcript]) => transcript)).toEqual([
      {
        utteranceKey: "provider-1:00_0",
        translationOf: undefined,
        text: "spoken 00_0",
        isFinal: true,
        language: "en",
        confidence: 0.5,
        ...times,
      },
      {
        utteranceKey: "provider-1:00_0:fr",
        translationOf: "provider-1:00_0",
        text: "dit",
        isFinal: true,
        language: "fr",
        confidence: undefined,
        ...times,
      },
    ]);
    const speaker = { sessionSlug: "standup", identity: "speaker-1", name: "Ada" };
    expect(stage.appended.map(([who]) => who)).toEqual([speaker, speaker]);
    expect(stage.abandoned.size).toBe(0);
    expect(stage.deps.tallies).toEqual({ finals_recovered: 1, sessions_given_up: 0 });
    expect(stage.log.linesOf(SUMMARY)[0]!.fields).toEqual({
      recovered: 1,
      givenUp: 0,
      postponed: 0,
    });
  });

  test("begin with the session where its clock cannot be read", async () => {
    const { deps, abandoned, appended } = setup(1, () => Promise.resolve(found("00_0", "00_1")));
    abandoned.set("provider-1", providerSession(1, { clock: undefined }));
    await recoverAbandonedSessions(deps);
    const startedAt = appended.map(([, transcript]) => transcript.startedAt.getTime());
    expect(startedAt).toEqual([1_000_001, 1_001_001]);
  });

  test("are kept before the session is closed, a batch of them in a turn", async () => {
    using time = fakeTime();
    const ids = Array.from({ length: 250 }, (_, index) => `00_${index}`);
    const stage = setup(1, () => Promise.resolve(found(...ids)));
    const held: (() => void)[] = [];
    const recovering = recoverAbandonedSessions({
      ...stage.deps,
      sink: { append: (_, __, onKept) => held.push(onKept) },
    });
    const sizes: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      await time.settle();
      sizes.push(held.length);
      expect(stage.abandoned.size).toBe(1);
      for (const keep of held.splice(0)) keep();
    }
    await recovering;
    expect(sizes).toEqual([100, 100, 50]);
    expect(stage.abandoned.size).toBe(0);
  });

  test("are not asked for when there is none", async () => {
    const { deps, log } = setup(0, () => Promise.resolve(found()));
    await recoverAbandonedSessions(deps);
    expect(log.lines).toEqual([]);
  });
});

describe("the provider", () => {
  test("is asked for four sessions at a time, and for each of them", async () => {
    let running = 0;
    let runningMost = 0;
    const stage = setup(50, async () => {
      running += 1;
      runningMost = Math.max(runningMost, running);
      await Promise.resolve();
      running -= 1;
      return found("00_0");
    });
    await recoverAbandonedSessions(stage.deps);
    expect(runningMost).toBe(4);
    expect(stage.asked).toBeArrayOfSize(50);
    expect(stage.abandoned.size).toBe(0);
  });

  test("is asked again, ever more rarely, while a session is not over", async () => {
    using time = fakeTime();
    const startedAtMs = monotonicMs();
    const askedAtMs: number[] = [];
    const stage = setup(2, (id) => {
      if (id === "provider-2") return Promise.resolve(found("00_0"));
      askedAtMs.push(monotonicMs() - startedAtMs);
      return Promise.resolve(
        askedAtMs.length < 5 ? unavailable("unfinished") : found("00_0", "00_1"),
      );
    });
    const recovering = recoverAbandonedSessions(stage.deps);
    await time.advance(300_000);
    await recovering;
    expect(askedAtMs).toBeArrayOfSize(5);
    // Jittered windows of 5, 10, 20 and 40 s; none is under half of the first.
    for (const [index, most] of [5000, 10_000, 20_000, 40_000].entries()) {
      const waitedMs = askedAtMs[index + 1]! - askedAtMs[index]!;
      expect(waitedMs).toBeWithin(2500, most + 20);
    }
    expect(stage.asked.filter((id) => id === "provider-2")).toBeArrayOfSize(1);
    expect(stage.deps.tallies).toEqual({ finals_recovered: 3, sessions_given_up: 0 });
    expect(stage.abandoned.size).toBe(0);
  });

  test.each([
    ["unfinished", { givenUp: 1, postponed: 0 }],
    ["unreachable", { givenUp: 0, postponed: 1 }],
  ] as const)("is asked for a quarter of an hour, for what is %s", async (reason, counts) => {
    using time = fakeTime();
    const stage = setup(1, () => Promise.resolve(unavailable(reason)));
    let isOver = false;
    const recovering = recoverAbandonedSessions(stage.deps).then(() => (isOver = true));
    await time.advance(14.9 * 60_000);
    expect(isOver).toBe(false);
    await time.advance(7000);
    await recovering;
    expect(stage.asked.length).toBeWithin(10, 40);
    expect(stage.log.linesOf(SUMMARY)[0]!.fields).toEqual({ recovered: 0, ...counts });
    expect(stage.log.linesOf(GIVEN_UP)).toBeArrayOfSize(counts.givenUp);
    expect(stage.deps.tallies.sessions_given_up).toBe(counts.givenUp);
    // What lies with the network gets its chance at the next start.
    expect(stage.abandoned.size).toBe(counts.postponed);
  });

  test.each([
    ["unknown", 0],
    ["not-kept", 0],
    ["too-large", 0],
    ["refused", 1],
  ] as const)("is not asked again about what is %s", async (reason, keptCount) => {
    const stage = setup(1, () => Promise.resolve(unavailable(reason)));
    await recoverAbandonedSessions(stage.deps);
    expect(stage.asked).toBeArrayOfSize(1);
    expect(stage.abandoned.size).toBe(keptCount);
    expect(stage.log.linesOf(GIVEN_UP).map(({ fields }) => fields)).toEqual(
      keptCount === 1 ? [] : [{ providerSession: "provider-1", reason }],
    );
  });
});

describe("a failure", () => {
  test("[R24] of one session, which is a bug, is no other's", async () => {
    const stage = setup(3, (id) =>
      id === "provider-2" ? Promise.reject(new Error("a bug")) : Promise.resolve(found("00_0")),
    );
    await recoverAbandonedSessions(stage.deps);
    expect([...stage.abandoned.keys()]).toEqual(["provider-2"]);
    expect(stage.log.lines.filter(({ level }) => level === "error")).toEqual([
      {
        level: "error",
        sentence: "Fetching the finals of a session failed on our side",
        fields: {
          providerSession: "provider-2",
          problem: "Error",
          stack: expect.stringContaining("abandoned-sessions.test.ts"),
        },
      },
    ]);
  });

  test("to read what was abandoned is logged, and nothing more happens", async () => {
    const { deps, log, asked } = setup(1, () => Promise.resolve(found()));
    const abandoned = () => {
      throw new Error("the disk");
    };
    await recoverAbandonedSessions({ ...deps, sessions: { ...deps.sessions, abandoned } });
    expect(log.lines.map(({ level, fields }) => [level, fields])).toEqual([
      ["error", { problem: "Error", stack: expect.stringContaining("abandoned-sessions.test.ts") }],
    ]);
    expect(asked).toEqual([]);
  });
});

test("the end of the process ends it at once, and what is not done is for the next one", async () => {
  for (const isAsking of [true, false]) {
    using time = fakeTime();
    const stage = setup(10, (id, signal) => {
      if (id === "provider-1") return Promise.resolve(found("00_0"));
      if (!isAsking) return Promise.resolve(unavailable("unfinished"));
      const { promise, resolve } = Promise.withResolvers<Recovery>();
      signal.addEventListener("abort", () => resolve(unavailable("aborted")));
      return promise;
    });
    const recovering = recoverAbandonedSessions(stage.deps);
    await time.settle();
    stage.abort();
    await recovering;
    expect(stage.abandoned.size).toBe(9);
    expect(stage.log.linesOf(SUMMARY)[0]!.fields).toEqual({
      recovered: 1,
      givenUp: 0,
      postponed: 9,
    });
  }
});
