import { expect, test } from "bun:test";
import { scriptedApi } from "../../support/actors/doubles/scripted-api.ts";
import { until } from "../../support/probes/until.ts";
import {
  expectFinals,
  openStream,
  setupStream,
  speech,
} from "../../support/stages/stream-stage.ts";

/** Each is called out of another edge: a promise, or one of the events of the provider's socket. */
const EDGES = [
  "onAligned",
  "onReady",
  "onUtterance",
  "onInterrupted",
  "onResumed",
  "onEnded",
] as const;

test.each(EDGES)(
  "[R24] a bug behind %p is told to its stream's owner; the others go on, and its place is free",
  async (broken) => {
    await using world = await setupStream({ placesMax: 2 });
    const unlucky = world.open(broken);
    const both = [world.listener, unlucky];
    for (const listener of both) listener.send(speech(3));
    // Both sockets are struck, but for one that is gone already.
    const heardCount = () => world.simulator.observe().filter((seen) => seen.byteCount > 0).length;
    await until(() => heardCount() === 2 || (unlucky.bugs.length > 0 && heardCount() > 0));
    world.simulator.inflict({ kind: "terminate" });
    for (const listener of both) listener.stream.finish();
    await until(() => unlucky.bugs.length > 0);
    expect(unlucky.bugs).toEqual([new Error(`the test broke "${broken}"`)]);
    expect(unlucky.state).toBe("ended");
    expect(await world.listener.ended).toBeUndefined();
    expectFinals(world.listener, 3);
    expect(world.provider.streamCount).toBe(0);
    const [next, another] = [world.open(), world.open()];
    await Promise.all([next.ready, another.ready]);
  },
);

test("a provider that names a URL which no socket can have is asked again, and the URL is not logged", async () => {
  const secret = "the-token-of-the-session";
  // Well formed, and refused by the platform.
  const url = `ws://127.0.0.1:1/v2/live?token=${secret}#fragment`;
  await using api = scriptedApi(() => Response.json({ id: "session", url }, { status: 201 }));
  using world = openStream({ apiUrl: api.url, limits: { readyMs: 300 } });
  const failure = await world.listener.ended;
  expect(failure?.code).toBe("provider-timeout");
  expect(world.listener.bugs).toEqual([]);
  expect(JSON.stringify([world.log.lines, failure])).not.toContain(secret);
});
