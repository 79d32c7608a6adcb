import { expect, describe, spyOn, test } from "bun:test";
import { MemoryBudget } from "../../../src/relay/memory-budget.ts";
import { AudioBacklog } from "../../../src/speech/audio/audio-backlog.ts";
import type { ProviderSession } from "../../../src/speech/stream/provider-session.ts";
import { until } from "../../support/probes/until.ts";
import { BYTES_PER_SECOND } from "../../support/stages/stream-stage.ts";
import { heard, openToySession, seconds, untilCame } from "../../support/stages/toy-stage.ts";

/** Of one second each, filled with 1, 2, 3 … */
function backlogOf(frameCount: number, secondsMax = frameCount): AudioBacklog {
  const bytesMax = secondsMax * BYTES_PER_SECOND;
  const backlog = new AudioBacklog(new MemoryBudget(2 ** 30), { bytesMax, bytesMin: 0 });
  for (let mark = 1; mark <= frameCount; mark += 1) backlog.append(seconds(1, mark));
  return backlog;
}

/** How far it has come, in seconds of the source. */
const progressOf = ({ acknowledged, cursor }: ProviderSession) => ({
  acknowledged: acknowledged / BYTES_PER_SECOND,
  cursor: cursor / BYTES_PER_SECOND,
});

describe("[R11] what a provider session has", () => {
  test("is counted from the place in the source where it begins", async () => {
    await using world = await openToySession({ startSeconds: 5 });
    const { session, grant, told } = world;
    expect(progressOf(session)).toEqual({ acknowledged: 5, cursor: 5 });
    session.send(seconds(2));
    expect(progressOf(session)).toEqual({ acknowledged: 5, cursor: 7 });
    await untilCame(grant, 2);
    grant.say(heard(0, 1));
    await world.untilHeard();
    expect(progressOf(session)).toEqual({ acknowledged: 6, cursor: 7 });
    expect(told).toEqual(["open", "acknowledged"]);
  });

  test("never falls, whatever the provider counts", async () => {
    await using world = await openToySession();
    world.session.send(seconds(3));
    await untilCame(world.grant, 3);
    world.grant.say(heard(0, 2), heard(0, 1));
    await world.untilHeard();
    expect(progressOf(world.session)).toEqual({ acknowledged: 2, cursor: 3 });
  });

  test("is never more than was sent, so that the next socket gets the rest", async () => {
    await using world = await openToySession();
    const { session, grant } = world;
    const backlog = backlogOf(5);
    session.send(backlog.readAt(0)!);
    session.send(backlog.readAt(session.cursor)!);
    await untilCame(grant, 2);
    grant.say(heard(0, 30));
    await world.untilHeard();
    expect(progressOf(session)).toEqual({ acknowledged: 2, cursor: 2 });
    backlog.release(session.acknowledged);
    session.send(backlog.readAt(session.cursor)!);
    expect(progressOf(session)).toEqual({ acknowledged: 2, cursor: 3 });
    await untilCame(grant, 3);
    await world.reopen();
    expect(session.sendFrom(backlog)).toBe(3 * BYTES_PER_SECOND);
    await untilCame(grant, 6);
    expect(grant.frames.map(([mark]) => mark)).toEqual([1, 2, 3, 3, 4, 5]);
  });

  test("it holds twice when acknowledgements were lost with their socket, and no word moves", async () => {
    await using world = await openToySession();
    const { session, grant, told, utterances, alignments } = world;
    const backlog = backlogOf(6);
    session.sendFrom(backlog);
    await untilCame(grant, 5);
    grant.say(heard(0, 2), "maybe x 1 2 good");
    await world.untilHeard();
    await world.reopen();
    expect(progressOf(session)).toEqual({ acknowledged: 2, cursor: 2 });
    session.sendFrom(backlog);
    await untilCame(grant, 9);
    grant.say(heard(5, 6));
    await world.untilHeard();
    expect(told.slice(-2)).toEqual(["drift 3", "acknowledged"]);
    // It has the third second now, as it had before; by its count that is the sixth.
    expect(progressOf(session)).toEqual({ acknowledged: 3, cursor: 6 });
    expect(alignments.at(-1)).toEqual([5, 2]);
    grant.say(heard(6, 9), "final y 6 7 morning");
    await world.untilHeard();
    expect(utterances.at(-1)).toMatchObject({ startSeconds: 3, endSeconds: 4 });
    expect(progressOf(session)).toEqual({ acknowledged: 6, cursor: 6 });
    expect(told.filter((event) => event.startsWith("drift"))).toHaveLength(1);
  });
});

describe("a replay", () => {
  test("[R11] sends five seconds in a turn, in the frames in which they came", async () => {
    await using world = await openToySession();
    const { session, grant } = world;
    const backlog = backlogOf(7);
    expect(session.sendFrom(backlog)).toBe(5 * BYTES_PER_SECOND);
    expect(session.sendFrom(backlog)).toBe(2 * BYTES_PER_SECOND);
    expect(session.sendFrom(backlog)).toBe(0);
    await untilCame(grant, 7);
    expect(grant.frames.map(([mark]) => mark)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test("[R12] leaves out what is not kept any more, and tells where the rest stands", async () => {
    await using world = await openToySession();
    const { session, grant, alignments, utterances } = world;
    session.send(seconds(1));
    session.sendFrom(backlogOf(8, 2));
    await untilCame(grant, 3);
    expect(alignments).toEqual([
      [0, 0],
      [1, 6],
    ]);
    expect(grant.frames.map(([mark]) => mark)).toEqual([0, 7, 8]);
    grant.say("final x 0.5 2.5 good morning");
    await world.untilHeard();
    expect(utterances).toMatchObject([{ startSeconds: 0.5, endSeconds: 7.5 }]);
  });

  test("[R10] pauses while the socket holds 256 KiB that it could not send, and goes on then", async () => {
    const frame = new Uint8Array(64 * 1024);
    const frameCount = 640;
    await using world = await openToySession({ bytesPerSecond: frame.byteLength * frameCount });
    const { session, grant } = world;
    const memory = new MemoryBudget(2 ** 30);
    const backlog = new AudioBacklog(memory, { bytesMax: Infinity, bytesMin: 0 });
    for (let count = 0; count < frameCount; count += 1) backlog.append(frame);
    const heldBytes: number[] = [];
    {
      const { send } = WebSocket.prototype;
      using _ = spyOn(WebSocket.prototype, "send").mockImplementation(function (
        this: WebSocket,
        ...data
      ) {
        heldBytes.push(this.bufferedAmount);
        send.apply(this, data);
      });
      // The toy has no turn to read in.
      session.sendFrom(backlog);
      expect(session.cursor).toBeLessThan(backlog.end);
      expect(session.sendFrom(backlog)).toBe(0);
    }
    expect(Math.max(...heldBytes)).toBeGreaterThan(0);
    expect(Math.max(...heldBytes)).toBeLessThan(256 * 1024);
    expect(Math.max(...heldBytes)).toBeGreaterThanOrEqual(256 * 1024 - 2 * frame.byteLength);
    await until(() => {
      session.sendFrom(backlog);
      return grant.byteCount === backlog.end;
    });
  });
});
