import { describe, expect, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import { TokenBucket } from "../../../src/kernel/token-bucket.ts";
import { Metrics } from "../../../src/observe/metrics.ts";
import { AccountPlaces } from "../../../src/speech/places/account-places.ts";
import { REQUEST } from "../../../src/speech/places/attempt-schedule.ts";
import type { SessionGrant } from "../../../src/speech/provider-adapter.ts";
import { ProviderError, type ProviderFailureCode } from "../../../src/speech/provider-error.ts";
import { SessionRequests } from "../../../src/speech/stream/session-requests.ts";
import { fakeTime } from "../../support/probes/fake-time.ts";
import { recordedLog } from "../../support/probes/recorded-log.ts";

/** Longer than any wait after the first failure. */
const RETRY_MS = 300;

/** Of the process: 50 requests at once, and one a second. */
const BUDGET = { capacity: 50 * REQUEST, earnedPerMs: REQUEST / 1000 };

const failure = (code: ProviderFailureCode, retryAfterMs?: number) =>
  new ProviderError(code, "the test refuses", { retryAfterMs });

/** One request for a session, as the provider has it. */
interface Asked extends PromiseWithResolvers<SessionGrant> {
  readonly signal: AbortSignal;
}

/** The requests of one stream, which are answered by the test; time stands still. */
function setup({ placesMax = 1, takenCount = 0 } = {}) {
  const time = fakeTime();
  const places = new AccountPlaces({ placesMax, random: () => 0 });
  const { tallies } = new Metrics();
  const log = recordedLog();
  const budget = new TokenBucket(BUDGET);
  const asked: Asked[] = [];
  const told: string[] = [];
  let bug: Error | undefined;
  /** Who has the account's places already. */
  const others: { release: () => void }[] = [];
  for (let count = 0; count < takenCount; count += 1) {
    places.acquire({ onGranted: (place) => others.push(place), onQueued: () => undefined });
  }
  const requests = new SessionRequests({
    request: (signal) => {
      const answer = { ...Promise.withResolvers<SessionGrant>(), signal };
      asked.push(answer);
      return answer.promise;
    },
    processBudget: budget,
    places,
    tallies,
    log,
    onAsked: () => told.push("asked"),
    onQueued: (position) => told.push(`queued ${position}`),
    onGranted: ({ id }) => {
      told.push(`granted ${id}`);
      if (bug !== undefined) throw bug;
    },
    onRefused: ({ code }) => told.push(`refused ${code}`),
    onFailed: (error) => told.push(`failed ${String(error)}`),
  });
  requests.start();
  const ask = (afterMs = 0) => requests.requestDue(monotonicMs() + afterMs);
  return {
    time,
    places,
    tallies,
    log,
    asked,
    told,
    others,
    requests,
    ask,
    /** Asks, and gets this answer. */
    answer: async (outcome: string | Error, afterMs = 0) => {
      ask(afterMs);
      if (typeof outcome === "string") asked.at(-1)!.resolve({ id: outcome, url: "ws://toy" });
      else asked.at(-1)!.reject(outcome);
      await time.settle();
    },
    /** Others of the process have asked just now. */
    spendBudget: () => {
      budget.reserve(BUDGET.capacity, monotonicMs());
    },
    breakWith: (error: Error) => {
      bug = error;
    },
    [Symbol.dispose]: () => {
      requests.stop();
      places.stop();
      time[Symbol.dispose]();
    },
  };
}

describe("a stream's requests for provider sessions", () => {
  test("begin when it has a place and it is told to ask, one at a time", async () => {
    using stage = setup();
    const { requests, asked, told } = stage;
    expect([requests.hasPlace, requests.hasAsked, told.length]).toEqual([true, false, 0]);
    stage.ask();
    stage.ask(60_000);
    expect(requests.hasAsked).toBe(true);
    expect(asked).toHaveLength(1);
    asked[0]!.resolve({ id: "one", url: "ws://toy" });
    await stage.time.settle();
    expect(told).toEqual(["asked", "granted one"]);
    await stage.answer("two", 60_000);
    expect(told).toEqual(["asked", "granted one", "granted two"]);
    expect(stage.tallies.provider_retries).toBe(0);
  });

  test("wait in line for a place, and tell how far it is", () => {
    using stage = setup({ takenCount: 1 });
    expect(stage.requests.hasPlace).toBe(false);
    expect(stage.told).toEqual(["queued 1"]);
    stage.others[0]!.release();
    expect(stage.requests.hasPlace).toBe(true);
    expect(stage.asked).toEqual([]);
  });

  test("are refused where too many wait", () => {
    using stage = setup({ takenCount: 2 });
    expect(stage.told).toEqual(["refused provider-busy"]);
    expect(stage.requests.hasPlace).toBe(false);
  });

  test("have not begun while the process's budget holds the first one back", () => {
    using stage = setup();
    const { requests, asked, told } = stage;
    stage.spendBudget();
    stage.ask();
    expect([requests.hasAsked, asked.length, told.length]).toEqual([false, 0, 0]);
    stage.ask(999);
    expect(requests.hasAsked).toBe(false);
    stage.ask(1000);
    expect(requests.hasAsked).toBe(true);
    expect([asked.length, told]).toEqual([1, ["asked"]]);
  });
});

describe("a request that failed", () => {
  test.each<[string, Error, number]>([
    ["for want of an answer", failure("provider-unreachable"), RETRY_MS],
    ["with an error of somebody else's", new TypeError("a bug of the platform"), RETRY_MS],
    ["with a wait that was advised", failure("provider-unreachable", 5000), 5000],
  ])("%s is repeated after its wait, and counted", async (_, error, waitMs) => {
    using stage = setup();
    await stage.answer(error);
    expect(stage.told).toEqual(["asked"]);
    expect(stage.tallies.provider_retries).toBe(1);
    stage.ask(waitMs / 2 - 1);
    expect(stage.asked).toHaveLength(1);
    await stage.answer("one", waitMs);
    expect(stage.told).toEqual(["asked", "granted one"]);
    expect(stage.requests.hasPlace).toBe(true);
  });

  test("for good ends it all, and is not counted as one that may pass", async () => {
    using stage = setup();
    await stage.answer(failure("provider-refused"));
    expect(stage.told).toEqual(["asked", "refused provider-refused"]);
    expect(stage.tallies.provider_retries).toBe(0);
  });
});

describe("[R16] a 429", () => {
  test("to the first request gives the place back and waits for another, with all the time there is", async () => {
    using stage = setup();
    await stage.answer(failure("provider-busy", 2000));
    expect(stage.told).toEqual(["asked", "queued 1"]);
    expect(stage.requests.hasPlace).toBe(false);
    expect(stage.places).toMatchObject({ inUse: 0, limit: 0, queued: 1 });
    await stage.time.advance(3000);
    expect(stage.requests).toMatchObject({ hasPlace: true, hasAsked: false });
    await stage.answer("one");
    expect(stage.told).toEqual(["asked", "queued 1", "asked", "granted one"]);
    expect(stage.tallies.provider_retries).toBe(1);
  });

  test("to a later one keeps the place: the account had one for this stream", async () => {
    using stage = setup();
    await stage.answer("one");
    await stage.answer(failure("provider-busy", 4000));
    expect(stage.requests.hasPlace).toBe(true);
    expect(stage.places).toMatchObject({ inUse: 1, limit: 1, queued: 0 });
    stage.ask(3999);
    expect(stage.asked).toHaveLength(2);
    await stage.answer("two", 4000);
    expect(stage.told).toEqual(["asked", "granted one", "granted two"]);
  });
});

describe("a request aside", () => {
  test("goes at once, whatever waits, and tells the one who asked alone", async () => {
    using stage = setup();
    await stage.answer(failure("provider-unreachable"));
    const aside = stage.requests.requestAside();
    expect(stage.asked).toHaveLength(2);
    stage.asked[1]!.reject(failure("provider-busy"));
    expect(await aside.catch((error: unknown) => error)).toMatchObject({ code: "provider-busy" });
    expect(stage.requests.hasPlace).toBe(true);
    expect(stage.tallies.provider_retries).toBe(1);
    expect(stage.told).toEqual(["asked"]);
  });
});

describe("a stop", () => {
  test("withdraws what is under way, frees the place, and lets no answer through", async () => {
    using stage = setup();
    stage.ask();
    const aside = stage.requests.requestAside();
    stage.requests.stop();
    stage.requests.stop();
    expect(stage.asked.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    expect(stage.places.inUse).toBe(0);
    stage.asked[0]!.resolve({ id: "late", url: "ws://toy" });
    stage.asked[1]!.reject(new Error("withdrawn"));
    await Promise.allSettled([aside]);
    await stage.time.settle();
    expect(stage.told).toEqual(["asked"]);
  });

  test("lets no refusal through either, and the place that it took is free once", async () => {
    using stage = setup();
    stage.ask();
    stage.requests.stop();
    stage.asked[0]!.reject(failure("provider-busy"));
    await stage.time.settle();
    expect(stage.told).toEqual(["asked"]);
    expect(stage.places).toMatchObject({ inUse: 0, queued: 0, limit: 1 });
    expect(stage.tallies.provider_retries).toBe(0);
  });

  test("leaves the line", () => {
    using stage = setup({ takenCount: 1 });
    stage.requests.stop();
    expect(stage.places.queued).toBe(0);
    stage.others[0]!.release();
    expect(stage.requests.hasPlace).toBe(false);
    expect(stage.places.inUse).toBe(0);
  });
});

test("[R24] a bug behind a grant is told as ours, and as no failure of the provider", async () => {
  using stage = setup();
  stage.breakWith(new Error("a bug"));
  await stage.answer("one");
  expect(stage.told).toEqual(["asked", "granted one", "failed Error: a bug"]);
  expect(stage.tallies.provider_retries).toBe(0);
});

test("[R16] a provider that is full is told in the log, once, with what it advises", async () => {
  using stage = setup();
  await stage.answer(failure("provider-busy", 3_600_000));
  await stage.time.advance(30_000);
  await stage.answer(failure("provider-busy", 3_600_000));
  expect(stage.asked).toHaveLength(2);
  expect(stage.log.lines).toMatchObject([{ level: "warn", fields: { advisedMs: 3_600_000 } }]);
});
