import { describe, expect, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import { loadSample } from "../../../src/simulator/sample/sample.ts";
import { GLADIA_STREAM_LIMITS } from "../../../src/speech/gladia/gladia-limits.ts";
import { until } from "../../support/probes/until.ts";
import {
  BYTES_PER_SECOND,
  expectFinals,
  setupStream,
  speech,
  untilAnswered,
  type StreamWorld,
} from "../../support/stages/stream-stage.ts";

/** What a session is older than that is replaced as soon as nobody speaks. */
const OLD_MS = GLADIA_STREAM_LIMITS.rolloverMs + 1000;
/** What one is older than that is replaced where somebody speaks, too. */
const TOO_OLD_MS = GLADIA_STREAM_LIMITS.rolloverLatestMs + 1000;

/** Who looks from so late would take every answer that is still due for one that does not come. */
const LIMITS = { stalledMs: Infinity };

/** Looks at the stream as it will be looked at when its session is as old as this, until it is so. */
const untilAged = ({ listener }: StreamWorld, ageMs: number, isSo: () => boolean) =>
  until(() => {
    listener.stream.sweep(monotonicMs() + ageMs);
    return isSo();
  });

const rolledOver = (world: StreamWorld, ageMs: number) =>
  untilAged(world, ageMs, () => world.tallies.provider_rollovers === 1);

/** Speaks, and waits until all of it is heard. */
async function sayAtLength(world: StreamWorld, audio: Uint8Array): Promise<void> {
  world.listener.send(audio);
  await untilAnswered(world, audio.byteLength);
}

/** Cuts audio at a moment, in seconds. */
function cutAt(audio: Uint8Array, seconds: number): [before: Uint8Array, after: Uint8Array] {
  const bytes = seconds * BYTES_PER_SECOND;
  return [audio.subarray(0, bytes), audio.subarray(bytes)];
}

describe("[R13] a session that grows old is replaced before the provider ends it", () => {
  test.concurrent("between two utterances, and nobody is told", async () => {
    await using world = await setupStream({ limits: LIMITS });
    const { simulator, listener } = world;
    const firstId = await listener.ready;
    const [before, after] = cutAt(speech(4), 4);
    await sayAtLength(world, before);
    expectFinals(listener, 2);
    await rolledOver(world, OLD_MS);
    listener.send(after);
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    expect(listener.reports).toEqual(["ready", "ended"]);
    expectFinals(listener, 4);
    const sessions = listener.finals.map(({ key }) => key.startsWith(`${firstId}:`));
    expect(sessions).toEqual([true, true, false, false]);
    expect(simulator.observe().map(({ status }) => status)).toEqual(["done", "done"]);
    expect(world.tallies.finals_repeated).toBe(0);
  });

  test.concurrent("in the middle of an utterance where there is no pause", async () => {
    await using world = await setupStream({ limits: LIMITS });
    const { listener } = world;
    const firstId = await listener.ready;
    const [before, after] = cutAt(speech(3), 3);
    await sayAtLength(world, before);
    await rolledOver(world, TOO_OLD_MS);
    listener.send(after);
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    expectFinals(listener, 3);
    // What was shown of it under the old session's id is taken back.
    const torn = listener.utterances.filter(({ key }) => key === `${firstId}:00_00000001`);
    expect(torn[0]!.text).not.toBe("");
    expect(torn.at(-1)).toMatchObject({ text: "", isFinal: true });
  });

  test.concurrent("when somebody has begun and no partial has told it yet", async () => {
    await using world = await setupStream({ limits: LIMITS });
    const { listener } = world;
    await listener.ready;
    const [before, after] = cutAt(speech(2), 2.6);
    await sayAtLength(world, before);
    await rolledOver(world, OLD_MS);
    expect(listener.utterances.filter(({ startSeconds }) => startSeconds > 2)).toEqual([]);
    listener.send(after);
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    expectFinals(listener, 2);
  });

  test.concurrent("while its last final is still to come", async () => {
    await using world = await setupStream({ limits: LIMITS, simulator: { finalDelayMs: 2000 } });
    const { listener } = world;
    await listener.ready;
    const [before, after] = cutAt(speech(2), 2);
    await sayAtLength(world, before);
    await rolledOver(world, TOO_OLD_MS);
    expect(listener.finals).toEqual([]);
    listener.send(after);
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    expectFinals(listener, 2);
  });
});

describe("[R13] a cut loses no word and doubles none", () => {
  test.concurrent.each([1.3, 4.7, 8.1])("at %d s of a real voice", async (cutSeconds) => {
    const sample = await loadSample();
    await using world = await setupStream({ limits: LIMITS });
    const { listener } = world;
    await listener.ready;
    const [before, after] = cutAt(sample.pcm, cutSeconds);
    await sayAtLength(world, before);
    await rolledOver(world, TOO_OLD_MS);
    listener.send(after);
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    const words = listener.finals.map(({ text }) => text).join(" ");
    expect(words).toBe(sample.sentences.join(" "));
  });
});

describe("[R13] a session that cannot be replaced in time", () => {
  test.concurrent("goes on, and is replaced when the provider has ended it", async () => {
    await using world = await setupStream({ limits: LIMITS });
    const { simulator, listener } = world;
    await listener.ready;
    simulator.refuseNext(429);
    const [before, after] = cutAt(speech(3), 2);
    await sayAtLength(world, before);
    await untilAged(world, OLD_MS, () => simulator.postCount === 2);
    simulator.inflict({ kind: "end", code: 1000 });
    listener.send(after);
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    expectFinals(listener, 3);
    expect(listener.reports).toEqual(["ready", "interrupted", "resumed", "ended"]);
    expect(world.tallies).toMatchObject({ provider_rollovers: 0, provider_replacements: 1 });
  });

  test.concurrent("asks for a successor again, every twenty seconds", async () => {
    await using world = await setupStream({ limits: LIMITS });
    const { simulator, listener } = world;
    await listener.ready;
    simulator.refuseNext(429);
    await sayAtLength(world, speech(1));
    const askedAtMs = monotonicMs() + OLD_MS;
    listener.stream.sweep(askedAtMs);
    await until(() => simulator.postCount === 2);
    for (let seconds = 1; seconds < 20; seconds += 1) {
      listener.stream.sweep(askedAtMs + seconds * 1000 - 500);
      await Bun.sleep(0);
    }
    expect(world.tallies.provider_requests).toBe(2);
    await until(() => {
      listener.stream.sweep(askedAtMs + 20_000);
      return world.tallies.provider_requests === 3;
    });
    await rolledOver(world, OLD_MS + 30_000);
  });

  test.concurrent("leaves no successor behind when it ends", async () => {
    await using world = await setupStream({ limits: LIMITS });
    const { simulator, listener } = world;
    await listener.ready;
    // Somebody speaks all the time.
    await sayAtLength(world, cutAt(speech(1), 1)[0]);
    await untilAged(world, OLD_MS, () => simulator.observe()[1]?.isConnected === true);
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    await until(() => simulator.openSessionCount === 0);
    expect(world.tallies.provider_rollovers).toBe(0);
  });

  test.concurrent("goes on when its successor is lost before the change", async () => {
    await using world = await setupStream({ limits: LIMITS });
    const { simulator, listener } = world;
    await listener.ready;
    simulator.inflict({ kind: "refuse-handshakes", count: 1, status: 503 });
    const [before, after] = cutAt(speech(2), 2);
    await sayAtLength(world, before);
    await untilAged(world, OLD_MS, () => simulator.handshakeCount === 2);
    listener.send(after);
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    expectFinals(listener, 2);
    expect(listener.reports).toEqual(["ready", "ended"]);
    expect(world.tallies.provider_rollovers).toBe(0);
  });
});
