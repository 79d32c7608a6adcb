import { expect, describe, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import {
  TOY_AWAY,
  TOY_DONE,
  TOY_KEEPING,
  TOY_STOP,
} from "../../support/actors/doubles/scripted-adapter.ts";
import { stoppedClocks } from "../../support/probes/fake-time.ts";
import { until } from "../../support/probes/until.ts";
import { BYTES_PER_SECOND } from "../../support/stages/stream-stage.ts";
import {
  heard,
  openToySession,
  seconds,
  setupToySession,
  untilCame,
} from "../../support/stages/toy-stage.ts";

describe("what a provider session says", () => {
  test("[R4] [R14] is told under its own keys, at its place in the source", async () => {
    await using world = await openToySession({ startSeconds: 5 });
    const { session, grant, utterances, translations } = world;
    session.send(seconds(2));
    grant.say(
      "maybe x 0 1 good",
      "final x 0.5 1.5 good morning",
      "translated x fr 0.5 1.5 bonjour",
    );
    await world.untilHeard();
    const unknown = { language: undefined, confidence: undefined };
    expect(utterances).toEqual([
      { key: "toy-1:x", text: "good", isFinal: false, startSeconds: 5, endSeconds: 6, ...unknown },
      {
        key: "toy-1:x",
        text: "good morning",
        isFinal: true,
        startSeconds: 5.5,
        endSeconds: 6.5,
        ...unknown,
      },
    ]);
    expect(translations).toEqual([
      {
        utteranceKey: "toy-1:x",
        text: "bonjour",
        language: "fr",
        startSeconds: 5.5,
        endSeconds: 6.5,
      },
    ]);
    expect(world.session.utterances.hasSeenFinal("toy-1:x")).toBe(true);
    expect(world.session.utterances.hasSeenTranslation("toy-1:x", "fr")).toBe(true);
  });

  test("is told once: neither the same final again nor a partial that is late", async () => {
    await using world = await openToySession();
    const { session, grant, utterances } = world;
    grant.say(
      "maybe x 0 1 good",
      "final x 0 1 good morning",
      "final x 0 1 good morning",
      "maybe x 0 1 g",
    );
    await world.untilHeard();
    expect(utterances.map(({ text }) => text)).toEqual(["good", "good morning"]);
    expect(session.speechSeconds).toBeUndefined();
  });

  test("[R4] is told again where a second final corrects the first one", async () => {
    await using world = await openToySession();
    const { session, grant, utterances } = world;
    session.send(seconds(2));
    grant.say("final x 0 1 good morning", "final x 0 2 good mourning");
    await world.untilHeard();
    expect(utterances).toMatchObject([
      { key: "toy-1:x", text: "good morning", endSeconds: 1 },
      { key: "toy-1:x", text: "good mourning", endSeconds: 2 },
    ]);
  });

  test.each<[string, string, [number, number]]>([
    ["ends behind it", "final x 1 4000 good morning", [6, 7]],
    ["lies behind it as a whole", "final x 1000 4000 good morning", [7, 7]],
    ["lies at no time at all", "maybe x 1e13 1e300 good", [7, 7]],
  ])(
    "[R14] stands at the end of all audio that was sent where it %s",
    async (_, line, [startSeconds, endSeconds]) => {
      await using world = await openToySession({ startSeconds: 5 });
      const { session, grant, utterances, told } = world;
      session.send(seconds(2));
      grant.say(line);
      await world.untilHeard();
      expect(utterances).toMatchObject([{ startSeconds, endSeconds }]);
      expect(told.at(-1)).toStartWith("beyond ");
    },
  );

  test("[R14] keeps its place where it was heard before its socket was lost", async () => {
    await using world = await openToySession();
    const { session, grant, utterances, laps, told } = world;
    session.send(seconds(3));
    await untilCame(grant, 3);
    await world.reopen();
    grant.say("final x 1 2 good morning");
    await world.untilHeard();
    // It has all three seconds, as its first acknowledgement tells; then it gets them again.
    session.send(seconds(3));
    grant.say(heard(3, 4), "final y 4 5 good morning");
    await world.untilHeard();
    expect(utterances).toMatchObject([
      { startSeconds: 1, endSeconds: 2 },
      { startSeconds: 1, endSeconds: 2 },
    ]);
    expect(laps).toEqual(["toy-1 0", "toy-1 1"]);
    expect(told.filter((event) => event.startsWith("beyond"))).toEqual([]);
  });

  test("tells where somebody speaks, by the oldest utterance that is open", async () => {
    await using world = await openToySession({ startSeconds: 5 });
    const { session, grant } = world;
    session.send(seconds(4));
    expect(session.speechSeconds).toBeUndefined();
    grant.say("maybe x 1 2 good", "maybe y 3 4 how");
    await world.untilHeard();
    expect(session.speechSeconds).toBe(6);
    grant.say("final x 1 2 good morning");
    await world.untilHeard();
    expect(session.speechSeconds).toBe(8);
  });

  test("of a message that it refused is logged, and what makes no sense is passed over", async () => {
    await using world = await openToySession();
    const { grant, log, utterances } = world;
    grant.say("refused audio too much of it", "a secret plan", "# nothing", "final x 0 1 hello");
    await until(() => utterances.length === 1);
    expect(log.lines.map(({ level, fields }) => [level, fields])).toEqual([
      ["warn", { of: "audio", reason: "too much of it" }],
      ["warn", { problem: "expected a word of the protocol" }],
    ]);
  });
});

describe("[R14] where the source stands in a provider session", () => {
  test("is told when it is made, when its beginning is moved, and when somebody asks", async () => {
    await using world = await openToySession({ startSeconds: 5 });
    const { session, grant, alignments, utterances } = world;
    session.startAt(3 * BYTES_PER_SECOND);
    session.send(seconds(2));
    // Half a second ahead of what was sent.
    session.locate(5.5 * BYTES_PER_SECOND);
    expect(alignments).toEqual([
      [0, 5],
      [0, 3],
      [2.5, 5.5],
    ]);
    await untilCame(grant, 2);
    grant.say("final x 1 2 hello");
    await world.untilHeard();
    expect(utterances).toMatchObject([{ startSeconds: 4, endSeconds: 5 }]);
  });
});

test("closes its socket with the code that keeps the session, or with the one that ends it", async () => {
  await using world = await openToySession();
  const { session, grant, told } = world;
  session.detach();
  await until(() => grant.closeCodes.length === 1);
  await world.open();
  session.release();
  session.release();
  await until(() => grant.closeCodes.length === 2);
  expect(grant.closeCodes).toEqual([TOY_KEEPING, TOY_DONE]);
  expect(told).toEqual(["open", "open"]);
});

describe("[R15] finals may have been missed", () => {
  const hasMissed: [
    when: string,
    act: (world: Awaited<ReturnType<typeof openToySession>>) => unknown,
  ][] = [
    ["when its socket was closed with another code", ({ grant }) => grant.close(TOY_AWAY)],
    ["when its socket broke", ({ grant }) => grant.terminate()],
    ["when this side let its socket go", ({ session }) => session.detach()],
    ["when this side ended it", ({ session }) => session.release()],
    [
      "when it ended in order while somebody spoke",
      async ({ grant, untilHeard }) => {
        grant.say("final x 0 1 good morning", "maybe y 1 2 how");
        await untilHeard();
        grant.close(TOY_DONE);
      },
    ],
  ];
  test.each(hasMissed)("%s", async (_, act) => {
    await using world = await openToySession();
    await act(world);
    await until(() => !world.session.isConnected);
    expect(world.session.hasMissed).toBe(true);
    await world.open();
    expect(world.session.hasMissed).toBe(true);
  });

  test("but not by a session that ended in order, with everything final", async () => {
    await using world = await openToySession();
    const { session, grant } = world;
    grant.say("maybe x 0 1 good", "final x 0 1 good morning");
    await world.untilHeard();
    grant.close(TOY_DONE);
    await until(() => !session.isConnected);
    expect(session.hasMissed).toBe(false);
  });

  test("and not by one whose socket never opened", async () => {
    await using world = setupToySession();
    const { session, toy, told } = world;
    toy.refusedHandshakes = 1;
    session.connect();
    await until(() => told.length === 1);
    session.detach();
    session.release();
    expect(session.hasMissed).toBe(false);
  });
});

describe("[R11] an answer is due", () => {
  test("for audio, from its sending on or from the last answer, until all is acknowledged", async () => {
    using clock = stoppedClocks();
    await using world = await openToySession();
    const { session, grant } = world;
    clock.by(1000);
    expect(session.waitingMs(monotonicMs())).toBe(0);
    session.send(seconds(1));
    clock.by(400);
    session.send(seconds(1));
    expect(session.waitingMs(monotonicMs())).toBe(400);
    await untilCame(grant, 2);
    grant.say(heard(0, 1));
    await world.untilHeard();
    clock.by(300);
    expect(session.waitingMs(monotonicMs())).toBe(300);
    // Words are no answer to audio.
    grant.say("maybe x 0 1 good");
    await world.untilHeard();
    expect(session.waitingMs(monotonicMs())).toBe(300);
    // Nor is what was acknowledged before.
    grant.say(heard(0, 1));
    await world.untilHeard();
    expect(session.waitingMs(monotonicMs())).toBe(300);
    grant.say(heard(1, 2));
    await world.untilHeard();
    clock.by(5000);
    expect(session.waitingMs(monotonicMs())).toBe(0);
  });

  test("to a stop, from the last word of whatever kind on, until the socket is gone", async () => {
    using clock = stoppedClocks();
    await using world = await openToySession();
    const { session, grant } = world;
    session.requestStop();
    clock.by(800);
    expect(session.waitingMs(monotonicMs())).toBe(800);
    await until(() => grant.texts.length === 1);
    expect(grant.texts).toEqual([TOY_STOP]);
    grant.say("# still at it");
    await world.untilHeard();
    clock.by(200);
    expect(session.waitingMs(monotonicMs())).toBe(200);
    await world.reopen();
    clock.by(5000);
    expect(session.waitingMs(monotonicMs())).toBe(0);
  });
});
