import { describe, expect, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import { GLADIA_STREAM_LIMITS } from "../../../src/speech/gladia/gladia-limits.ts";
import { TOY_AWAY, TOY_DONE, TOY_STOP } from "../../support/actors/doubles/scripted-adapter.ts";
import type { ToySession } from "../../support/actors/doubles/toy-provider.ts";
import { stoppedClocks } from "../../support/probes/fake-time.ts";
import { until } from "../../support/probes/until.ts";
import { heard, seconds, setupToyStream, untilCame } from "../../support/stages/toy-stage.ts";

const { rolloverMs: OLD_MS, rolloverLatestMs: TOO_OLD_MS } = GLADIA_STREAM_LIMITS;
/** Between two requests for a successor. */
const RETRY_MS = 20_000;
/** The old session has as long for its last finals. */
const RETIRE_MS = 15_000;

/** A live stream at a clock that stands still: all its sessions are granted at one moment, and `sweepAt` looks from later on. */
async function setupAged() {
  const clock = stoppedClocks();
  // Who looks from so late would take every answer that is still due for one that does not come.
  const world = setupToyStream({ stalledMs: Infinity });
  const { toy, log } = world;
  const begunAtMs = monotonicMs();
  const sweepAt = (ageMs: number) => world.sweep(begunAtMs + ageMs);
  /** Resolves when everything that the session has said so far is heard. */
  const untilHeard = async (session: ToySession) => {
    const before = log.lines.length;
    session.say("nonsense");
    await until(() => log.lines.length > before);
  };
  /** Asks for a successor at this age. */
  const prepare = async (ageMs: number) => {
    const count = toy.sessions.length;
    sweepAt(ageMs);
    await until(() => toy.sessions.length > count && toy.session.isConnected);
    await untilHeard(toy.session);
    return toy.session;
  };
  await world.sweepUntil(() => world.listener.reports.includes("ready"));
  return {
    ...world,
    first: toy.session,
    sweepAt,
    untilHeard,
    prepare,
    [Symbol.asyncDispose]: async () => {
      clock[Symbol.dispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

test("[R13] a successor is asked for at the age that is set, and not a moment before", async () => {
  await using world = await setupAged();
  world.sweepAt(OLD_MS - 1);
  expect(world.toy.requests).toHaveLength(1);
  await world.prepare(OLD_MS);
  expect(world.toy.requests).toHaveLength(2);
  expect(world.tallies.provider_rollovers).toBe(0);
});

describe("[R13] a session that was replaced in time", () => {
  test("is told to stop, has fifteen seconds for its last finals, and is asked for what it did not say", async () => {
    await using world = await setupAged();
    const { listener, first, toy } = world;
    const second = await world.prepare(OLD_MS);
    world.sweepAt(OLD_MS);
    await until(() => first.texts.length === 1);
    expect(first.texts).toEqual([TOY_STOP]);
    world.sweepAt(OLD_MS + RETIRE_MS - 1);
    await toy.answer();
    expect(first.closeCodes).toEqual([]);
    world.sweepAt(OLD_MS + RETIRE_MS);
    await until(() => first.closeCodes.length === 1);
    expect(first.closeCodes).toEqual([TOY_DONE]);
    listener.stream.finish();
    await until(() => second.texts.length === 1);
    second.close(TOY_DONE);
    expect(await listener.ended).toBeUndefined();
    expect(toy.asked).toEqual([first.id]);
    expect(listener.reports).toEqual(["ready", "ended"]);
  });

  test("is let go of when its successor is replaced too, though its time is not over", async () => {
    await using world = await setupAged();
    const { first, tallies } = world;
    const second = await world.prepare(OLD_MS);
    world.sweepAt(OLD_MS + RETRY_MS - 1);
    const third = await world.prepare(OLD_MS + RETRY_MS);
    expect(tallies.provider_rollovers).toBe(1);
    expect(first.closeCodes).toEqual([]);
    world.sweepAt(OLD_MS + RETRY_MS);
    expect(tallies.provider_rollovers).toBe(2);
    await until(() => first.closeCodes.length === 1 && second.texts.length === 1);
    expect(first.closeCodes).toEqual([TOY_DONE]);
    expect(second).toMatchObject({ texts: [TOY_STOP], closeCodes: [] });
    expect(third).toMatchObject({ texts: [], closeCodes: [] });
  });

  test("tells what lies before the cut, and nothing of what lies behind it", async () => {
    await using world = await setupAged();
    const { listener, first } = world;
    listener.send(seconds(4));
    await untilCame(first, 4);
    first.say(heard(0, 4), "maybe y 3 3.5 how");
    await world.untilHeard(first);
    const second = await world.prepare(OLD_MS);
    world.sweepAt(TOO_OLD_MS);
    await untilCame(second, 1);
    // What was shown of it comes from the other one.
    expect(listener.utterances.at(-1)).toMatchObject({ key: "toy-1:y", text: "", isFinal: true });
    // By its middle, each belongs to the one that has heard more of it.
    first.say("final z 2.6 3.6 how are", "final x 2.4 3.4 good morning");
    await world.untilHeard(first);
    second.say("final x 0.1 0.9 how are you");
    await world.untilHeard(second);
    expect(listener.finals.map(({ key, text }) => [key, text])).toEqual([
      ["toy-1:x", "good morning"],
      ["toy-2:x", "how are you"],
    ]);
  });

  test.each([
    ["is asked for more when it breaks", TOY_AWAY, ["toy-1"]],
    ["has said everything when it closes in order", TOY_DONE, []],
  ])("%s, and the stream goes on", async (_, code, asked) => {
    await using world = await setupAged();
    const { listener, first, toy } = world;
    const second = await world.prepare(OLD_MS);
    world.sweepAt(OLD_MS);
    await until(() => first.texts.length === 1);
    first.close(code);
    await until(() => first.closeCodes.length === 1);
    listener.stream.finish();
    await until(() => second.texts.length === 1);
    second.close(TOY_DONE);
    await listener.ended;
    expect(toy.asked).toEqual([...asked]);
    expect(listener.reports).toEqual(["ready", "ended"]);
  });
});

describe("[R13] a stream that finishes changes its session no more", () => {
  /** More than three turns of sending, so that it is still being sent when the stream is told to finish. */
  const MUCH_SECONDS = 12;

  test("and asks for no successor", async () => {
    await using world = await setupAged();
    const { listener, first, toy } = world;
    first.terminate();
    await until(() => listener.state === "resuming");
    listener.send(seconds(MUCH_SECONDS));
    world.sweepAt(RETRY_MS);
    await until(() => listener.state === "live");
    listener.stream.finish();
    expect(listener.state).toBe("live");
    world.sweepAt(TOO_OLD_MS);
    await until(() => first.texts.length === 1);
    await toy.answer();
    expect(toy.requests).toHaveLength(1);
  });

  test("though there is a successor, which is let go of at the end", async () => {
    await using world = await setupAged();
    const { listener, first, toy } = world;
    first.say("maybe x 0 1 good");
    await world.untilHeard(first);
    const successor = await world.prepare(OLD_MS);
    first.terminate();
    await until(() => listener.state === "resuming");
    listener.send(seconds(MUCH_SECONDS));
    world.sweepAt(RETRY_MS);
    await until(() => listener.state === "live");
    listener.stream.finish();
    expect(listener.state).toBe("live");
    world.sweepAt(TOO_OLD_MS);
    await untilCame(first, MUCH_SECONDS);
    await until(() => first.texts.length === 1);
    first.acknowledge();
    first.say("final x 0 1 good morning");
    first.close(TOY_DONE);
    expect(await listener.ended).toBeUndefined();
    await until(() => successor.closeCodes.length === 1);
    expect(successor).toMatchObject({ byteCount: 0, texts: [], closeCodes: [TOY_DONE] });
    expect(toy.requests).toHaveLength(2);
    expect(world.tallies.provider_rollovers).toBe(0);
  });
});
