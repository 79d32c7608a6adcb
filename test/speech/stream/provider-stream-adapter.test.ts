import { describe, expect, spyOn, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import {
  TOY_AWAY,
  TOY_DONE,
  TOY_EXPIRED,
  TOY_KEEPING,
  TOY_STOP,
} from "../../support/actors/doubles/scripted-adapter.ts";
import type { ToySession } from "../../support/actors/doubles/toy-provider.ts";
import { stoppedClocks } from "../../support/probes/fake-time.ts";
import { until } from "../../support/probes/until.ts";
import { spokenFinal } from "../../support/stages/finals-stage.ts";
import { BYTES_PER_SECOND, MUCH_LATER_MS } from "../../support/stages/stream-stage.ts";
import { heard, seconds, setupToyStream, untilCame } from "../../support/stages/toy-stage.ts";

/** A stream that is heard by the toy's first session. */
async function setupLive(...limits: Parameters<typeof setupToyStream>) {
  const world = setupToyStream(...limits);
  await world.sweepUntil(() => world.listener.reports.includes("ready"));
  return { ...world, session: world.toy.session };
}

describe("a stream to a provider that has nothing of Gladia", () => {
  test("[R11] [R15] goes through a lost socket and a replaced session to a clean end", async () => {
    await using world = await setupLive();
    const { listener, toy, session: first, tallies, log } = world;
    listener.send(seconds(4, 1));
    await untilCame(first, 4);
    first.acknowledge();
    first.say(
      "maybe x 0.5 1 good",
      "final x 0.5 1.5 good morning",
      "translated x fr 0.5 1.5 bonjour",
    );
    await until(() => listener.translations.length === 1);

    // It holds two more seconds when its socket is lost, and nobody knows. Another provider would be over with this code.
    listener.send(seconds(2, 2));
    await untilCame(first, 6);
    first.close(TOY_AWAY);
    await world.sweepUntil(() => first.byteCount === 8 * BYTES_PER_SECOND);
    expect(first.audio.equals(Buffer.concat([seconds(4, 1), seconds(2, 2), seconds(2, 2)]))).toBe(
      true,
    );
    first.say(heard(6, 8), "final y 6.5 7.5 how are you", "maybe z 7.6 8 and you");
    await until(() => listener.utterances.at(-1)?.text === "and you");
    expect(tallies).toMatchObject({ audio_drift_bytes: 2 * BYTES_PER_SECOND, provider_resumes: 1 });

    // The next one begins with the utterance that was being spoken, and counts its own from the same id on.
    first.close(TOY_EXPIRED);
    await world.sweepUntil(() => toy.session !== first && toy.session.byteCount > 0);
    const second = toy.session;
    expect(second.byteCount).toBe(Math.round(0.4 * BYTES_PER_SECOND));
    listener.send(seconds(1, 3));
    listener.stream.finish();
    await untilCame(second, 1.4);
    second.acknowledge();
    await until(() => second.texts.length === 1);
    toy.recoveries.set(first.id, {
      kind: "found",
      finals: [{ ...spokenFinal("x", 0.5, 1.5), text: "good morning" }, spokenFinal("w", 2, 3)],
      translations: [{ localId: "w", text: "oui", language: "fr", startSeconds: 2, endSeconds: 3 }],
    });
    second.say("final x 0 0.9 and you, Ada");
    second.close(TOY_DONE);
    expect(await listener.ended).toBeUndefined();

    expect(listener.reports).toEqual([
      "ready",
      "interrupted",
      "resumed",
      "interrupted",
      "resumed",
      "ended",
    ]);
    const told = listener.finals.map(({ key, text, startSeconds, endSeconds }) => {
      const place = [startSeconds, endSeconds].map((position) => position.toFixed(1));
      return `${key} ${place.join("–")} ${text}`;
    });
    expect(told).toEqual([
      "toy-1:x 0.5–1.5 good morning",
      "toy-1:y 4.5–5.5 how are you",
      "toy-2:x 5.6–6.5 and you, Ada",
      "toy-1:w 2.0–3.0 what w says",
    ]);
    // What was shown under the first one's key is taken back.
    expect(listener.utterances.filter(({ key }) => key === "toy-1:z")).toMatchObject([
      { text: "and you", isFinal: false },
      { text: "", isFinal: true },
    ]);
    expect(listener.translations.map(({ utteranceKey, text }) => [utteranceKey, text])).toEqual([
      ["toy-1:x", "bonjour"],
      ["toy-1:w", "oui"],
    ]);
    expect(toy.requests).toHaveLength(2);
    expect(toy.asked).toEqual([first.id]);
    expect(toy.sessions.flatMap(({ texts }) => texts)).toEqual([TOY_STOP]);
    expect(tallies).toMatchObject({ finals_recovered: 1, finals_repeated: 0 });
    expect(log.lines).toEqual([]);
    expect(world.memory.used).toBe(0);
  });

  test("lets go of a socket that does not answer with the code that keeps its session", async () => {
    await using world = await setupLive();
    const { listener, session } = world;
    listener.send(seconds(1));
    await untilCame(session, 1);
    world.sweep(monotonicMs() + MUCH_LATER_MS);
    await until(() => session.closeCodes.length === 1);
    expect(session.closeCodes).toEqual([TOY_KEEPING]);
    await world.sweepUntil(() => session.socketCount === 2);
  });

  test("frees its place with the code that ends its session when it is aborted", async () => {
    await using world = await setupLive();
    const { listener, session } = world;
    listener.stream.abort();
    await until(() => session.closeCodes.length === 1);
    expect(session.closeCodes).toEqual([TOY_DONE]);
  });

  test("[R15] tells whose finals nobody can fetch any more, and ends in order", async () => {
    await using world = await setupLive();
    const { listener, session: first, toy } = world;
    first.close(TOY_EXPIRED);
    await world.sweepUntil(() => toy.sessions.length === 2 && listener.state === "live");
    listener.stream.finish();
    await until(() => toy.session.texts.length === 1);
    toy.session.close(TOY_DONE);
    expect(await listener.ended).toBeUndefined();
    expect(listener.unheard).toEqual([first.id]);
  });
});

test("[R11] an acknowledgement of more than was sent costs no audio: what was not sent yet is sent again", async () => {
  await using world = await setupLive();
  const { listener, session } = world;
  listener.send(seconds(2, 1));
  await untilCame(session, 2);
  session.say(heard(0, 60), "# it has answered");
  session.say("final x 0 1 good morning");
  await until(() => listener.finals.length === 1);
  listener.send(seconds(3, 2));
  await untilCame(session, 5);
  session.terminate();
  await world.sweepUntil(() => session.byteCount === 8 * BYTES_PER_SECOND);
  const sentAgain = session.audio.subarray(5 * BYTES_PER_SECOND);
  expect(sentAgain.equals(seconds(3, 2))).toBe(true);
});

describe("[R11] waits for the next socket", () => {
  /** A stream with the longest wait of each window, at a clock that stands still. */
  async function setupLosses() {
    const clock = stoppedClocks();
    const random = spyOn(Math, "random").mockReturnValue(1 - Number.EPSILON);
    const world = await setupLive({ stableMs: 5000 });
    const lossCount = () => world.tallies.provider_resumes;
    const untilAcknowledged = async () => {
      const { listener, session } = world;
      const byteCount = session.byteCount + BYTES_PER_SECOND;
      listener.send(seconds(1));
      await until(() => session.byteCount === byteCount);
      session.acknowledge();
      session.say(`final ${byteCount} 0 0 heard`);
      await until(() => listener.finals.at(-1)?.key === `${session.id}:${byteCount}`);
    };
    return {
      ...world,
      /** The socket is lost after so long; the next one is asked for after exactly that wait. */
      expectWait: async (aliveMs: number, waitMs: number, { isAtWork = true } = {}) => {
        if (isAtWork) await untilAcknowledged();
        const before = { losses: lossCount(), sockets: world.session.socketCount };
        clock.by(aliveMs);
        world.session.close(TOY_AWAY);
        await until(() => lossCount() > before.losses);
        world.sweep(monotonicMs() + waitMs - 1);
        await world.toy.answer();
        expect(world.toy.handshakes, `before ${waitMs} ms`).toHaveLength(before.sockets);
        clock.by(waitMs);
        world.sweep(monotonicMs());
        await until(() => lossCount() < world.session.socketCount && world.session.isConnected);
        await until(() => world.listener.state === "live");
      },
      [Symbol.asyncDispose]: async () => {
        random.mockRestore();
        clock[Symbol.dispose]();
        await world[Symbol.asyncDispose]();
      },
    };
  }

  test("grow from one that opens and closes at once to the next, up to ten seconds", async () => {
    await using world = await setupLosses();
    for (const waitMs of [300, 600, 1200, 2400, 4800, 9600, 10_000, 10_000]) {
      await world.expectWait(0, waitMs);
    }
  });

  test("begin anew after one that lived for five seconds, and not before", async () => {
    await using world = await setupLosses();
    await world.expectWait(0, 300);
    await world.expectWait(0, 600);
    await world.expectWait(4999, 1200);
    await world.expectWait(5000, 300);
    await world.expectWait(0, 600);
  });

  test("go on after one that lived as long and did nothing", async () => {
    await using world = await setupLosses();
    for (const waitMs of [300, 600, 1200]) {
      await world.expectWait(5000, waitMs, { isAtWork: false });
    }
  });
});

describe("[R11] a provider whose sockets open is back when it does something for the speech", () => {
  test.each<[string, string]>([
    ["acknowledges audio", heard(0, 1)],
    ["says something", "maybe x 0 0.5 good"],
  ])("when it %s, and not before", async (_, line) => {
    await using world = await setupLive();
    const { listener, session } = world;
    listener.send(seconds(1));
    await untilCame(session, 1);
    for (const byteCount of [2, 3].map((count) => count * BYTES_PER_SECOND)) {
      session.close(TOY_AWAY);
      await world.sweepUntil(() => session.byteCount === byteCount);
    }
    session.say("heard 0 -1", "# still there");
    await world.untilHeard(session);
    expect(listener.reports).toEqual(["ready", "interrupted"]);
    session.say(line);
    await until(() => listener.reports.length > 2);
    expect(listener.reports).toEqual(["ready", "interrupted", "resumed"]);
  });

  test.each<[string, (session: ToySession) => void]>([
    ["acknowledges nothing", () => undefined],
    ["acknowledges nothing new", (session) => session.say("heard 0 -1")],
    ["is closed, and its session lives on", (session) => session.close(TOY_AWAY)],
    ["is closed, and its session is over", (session) => session.close(TOY_EXPIRED)],
  ])("and its outage goes on while each of them %s", async (_, behave) => {
    await using world = await setupLive({ stalledMs: 100, stableMs: 50, outageMs: 2000 });
    const { listener, toy } = world;
    listener.send(seconds(1));
    await world.sweepUntil(() => {
      if (listener.state === "live") behave(toy.session);
      return listener.state === "ended";
    });
    expect(await listener.ended).toMatchObject({ code: "provider-timeout", retryable: true });
    expect(listener.reports).toEqual(["ready", "interrupted", "gap 0 to 1", "ended"]);
  });
});
