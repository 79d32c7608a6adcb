import { describe, expect, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import {
  CLOSE_ABNORMAL,
  ProviderSocket,
  type ProviderSocketDeps,
} from "../../../src/speech/stream/provider-socket.ts";
import { ToyProvider } from "../../support/actors/doubles/toy-provider.ts";
import { stoppedClocks } from "../../support/probes/fake-time.ts";
import { until } from "../../support/probes/until.ts";

/** Codes of nobody in particular, which either side may close with. */
const GOING = 3100;
const STAYING = 3200;

/** A socket, not connected, that notes what it is told; `broken` throws when it is called. */
function setup({ url, broken }: { url?: string; broken?: keyof ProviderSocketDeps } = {}) {
  const toy = new ToyProvider();
  const session = toy.grant();
  const events: string[] = [];
  const bugs: unknown[] = [];
  const note = (callback: keyof ProviderSocketDeps, event: string) => {
    events.push(event);
    if (callback === broken) throw new Error(`the test broke "${broken}"`);
  };
  const socket: ProviderSocket = new ProviderSocket(
    {
      onOpen: () => note("onOpen", "open"),
      onText: (text) => note("onText", text),
      onLost: (code, wasOpen) => {
        // Whoever is told may connect at once.
        expect(socket).toMatchObject({ isConnected: false, isOpen: false, bufferedBytes: 0 });
        note("onLost", `lost ${code} ${wasOpen}`);
      },
      onFailed: (error) => bugs.push(error),
    },
    url ?? session.url,
  );
  return {
    toy,
    session,
    socket,
    events,
    bugs,
    [Symbol.asyncDispose]: async () => {
      socket.close(GOING);
      await toy[Symbol.asyncDispose]();
    },
  };
}

/** The same, open. */
async function setupOpen(...options: Parameters<typeof setup>) {
  const world = setup(...options);
  world.socket.connect();
  await until(() => world.socket.isOpen && world.session.isConnected);
  return world;
}

describe("a provider's socket", () => {
  test("is there from the moment at which it is asked for, and open when the provider says so", async () => {
    using clock = stoppedClocks();
    const held = Promise.withResolvers<void>();
    await using world = setup();
    const { socket, toy, events } = world;
    toy.handshakesHeld = held.promise;
    expect(socket).toMatchObject({ isConnected: false, isOpen: false, bufferedBytes: 0 });
    const askedAtMs = monotonicMs();
    socket.connect();
    await until(() => toy.handshakes.length === 1);
    clock.by(700);
    expect(socket).toMatchObject({ isConnected: true, isOpen: false, connectedAtMs: askedAtMs });
    held.resolve();
    await until(() => events.length === 1);
    expect(events).toEqual(["open"]);
    expect(socket).toMatchObject({
      isConnected: true,
      isOpen: true,
      connectedAtMs: askedAtMs + 700,
    });
  });

  test("asks for no compression, which would cost more than everything else", async () => {
    await using world = await setupOpen();
    expect(world.toy.handshakes[0]!.get("sec-websocket-extensions")).toBeNull();
  });

  test("sends audio and text in order, and hears text alone", async () => {
    await using world = await setupOpen();
    const { socket, session, events } = world;
    socket.send(new Uint8Array([1, 2]));
    socket.send("stop");
    socket.send(new Uint8Array([3]));
    await until(() => session.byteCount === 3);
    expect([...session.audio]).toEqual([1, 2, 3]);
    expect(session.texts).toEqual(["stop"]);
    session.sayBytes(new Uint8Array([4]));
    session.say("one", "two");
    await until(() => events.length === 3);
    expect(events).toEqual(["open", "one", "two"]);
  });

  test.each<[string, number, (world: Awaited<ReturnType<typeof setupOpen>>) => void]>([
    ["is closed", STAYING, ({ session }) => session.close(STAYING)],
    ["breaks", CLOSE_ABNORMAL, ({ session }) => session.terminate()],
  ])("that %s is gone before that is told, with its code", async (_, code, lose) => {
    await using world = await setupOpen();
    lose(world);
    await until(() => world.events.length === 2);
    expect(world.events).toEqual(["open", `lost ${code} true`]);
    expect(world.bugs).toEqual([]);
    // Who sends now is not told: what was not acknowledged is sent again anyway.
    world.socket.send("stop");
  });

  test("that never opened is told as such", async () => {
    await using world = setup();
    const { socket, toy, events } = world;
    toy.refusedHandshakes = 1;
    socket.connect();
    await until(() => events.length > 0);
    expect(events).toHaveLength(1);
    expect(events[0]).toEndWith(" false");
    expect(socket.isConnected).toBe(false);
    socket.connect();
    await until(() => socket.isOpen);
    expect(events.slice(1)).toEqual(["open"]);
  });

  test("that cannot even be asked for is lost at once, and nobody learns its URL", async () => {
    await using world = setup({ url: "ws://127.0.0.1:1/live?token=secret#fragment" });
    world.socket.connect();
    expect(world.events).toEqual([`lost ${CLOSE_ABNORMAL} false`]);
    expect(world.bugs).toEqual([]);
    expect(world.socket.isConnected).toBe(false);
  });
});

describe("a socket that this side closes", () => {
  test("was open or not, gets the code, and is never told as lost", async () => {
    await using world = await setupOpen();
    const { socket, session, events } = world;
    expect(socket.close(STAYING)).toBe(true);
    expect(socket).toMatchObject({ isConnected: false, isOpen: false });
    expect(socket.close(GOING)).toBe(false);
    await until(() => session.closeCodes.length === 1);
    await world.toy.answer();
    expect(session.closeCodes).toEqual([STAYING]);
    expect(events).toEqual(["open"]);
  });

  test("is not heard any more, and cannot be taken for the next one", async () => {
    await using world = await setupOpen();
    const { socket, session, events } = world;
    session.say("said before");
    await until(() => events.includes("said before"));
    // It is on its way when the socket is let go of.
    session.say("said too late");
    socket.close(STAYING);
    socket.connect();
    await until(() => session.socketCount === 2 && socket.isOpen);
    await until(() => session.closeCodes.length === 1);
    session.say("said on the next one");
    await until(() => events.at(-1) === "said on the next one");
    expect(events).toEqual(["open", "said before", "open", "said on the next one"]);
    expect(socket).toMatchObject({ isConnected: true, isOpen: true });
  });

  test("while it opens, opens for nobody", async () => {
    const held = Promise.withResolvers<void>();
    await using world = setup();
    const { socket, session, toy, events } = world;
    toy.handshakesHeld = held.promise;
    socket.connect();
    await until(() => toy.handshakes.length === 1);
    expect(socket.close(STAYING)).toBe(false);
    toy.handshakesHeld = undefined;
    socket.connect();
    held.resolve();
    await until(() => socket.isOpen);
    session.say("hello");
    await until(() => events.includes("hello"));
    expect(events).toEqual(["open", "hello"]);
  });
});

test.each<[keyof ProviderSocketDeps, string]>([
  ["onOpen", "open"],
  ["onText", "hello"],
  ["onLost", `lost ${STAYING} true`],
])("[R24] a bug behind %s is told, and the socket goes on", async (broken, event) => {
  await using world = await setupOpen({ broken });
  const { socket, session, events, bugs } = world;
  session.say("hello", "and goodbye");
  await until(() => events.includes("and goodbye"));
  session.close(STAYING);
  await until(() => !socket.isConnected);
  expect(events).toEqual(["open", "hello", "and goodbye", `lost ${STAYING} true`]);
  expect(events).toContain(event);
  const bug = new Error(`the test broke "${broken}"`);
  expect(bugs).toEqual(broken === "onText" ? [bug, bug] : [bug]);
});
