/** What is ordered of the network does happen: a proof over a network that harms nothing proves nothing. */
import { expect, test } from "bun:test";
import { until } from "../../probes/until.ts";
import { CALM, startHostileNetwork, type Course, type HostileNetwork } from "./hostile-network.ts";

/** Sent upwards, and echoed. */
const MESSAGE = "x".repeat(3000);

test("a calm course carries everything, whole and both ways", async () => {
  await using world = await setup([]);
  const client = world.connect();
  await until(() => client.isOpen);
  client.socket.send(MESSAGE);
  await until(() => client.messages.length === 1);
  client.socket.close(1000);
  expect(await client.closed).toBe(1000);
  expect(client.messages).toEqual([MESSAGE]);
  expect(world.network.struck).toEqual([]);
});

test.each(["reset", "finish", "truncate"] as const)(
  "a %s on the way up breaks both sides, and the next connection is let be",
  async (kind) => {
    await using world = await setup([
      { fault: { kind }, strikesAfter: { direction: "up", bytes: 2000 } },
    ]);
    const first = world.connect();
    await until(() => first.isOpen);
    first.socket.send(MESSAGE);
    expect(await first.closed).toBe(1006);
    await until(() => world.serverCloses.length === 1);
    // Only a fault that lets the piece through lets the message through.
    expect(world.received).toEqual(kind === "finish" ? [MESSAGE] : []);
    const second = world.connect();
    await until(() => second.isOpen);
    second.socket.send(MESSAGE);
    await until(() => second.messages.length === 1);
    expect(world.network.struck).toEqual([kind]);
  },
);

test("what is truncated on the way down ends inside a frame", async () => {
  await using world = await setup([
    { fault: { kind: "truncate" }, strikesAfter: { direction: "down", bytes: 2000 } },
  ]);
  const client = world.connect();
  await until(() => client.isOpen);
  client.socket.send(MESSAGE);
  expect(await client.closed).toBe(1006);
  expect(world.received).toEqual([MESSAGE]);
  expect(client.messages).toEqual([]);
});

test("in a stall neither side hears that the other one is gone, until it is released", async () => {
  const fault = { kind: "stall", directions: ["up", "down"], forMs: 3_600_000 } as const;
  await using world = await setup([{ fault, strikesAfter: { direction: "up", bytes: 2000 } }]);
  const first = world.connect();
  await until(() => first.isOpen);
  first.socket.send(MESSAGE);
  await until(() => world.network.struck.length === 1);
  first.socket.terminate();
  const second = world.connect();
  await until(() => second.isOpen);
  second.socket.send(MESSAGE);
  await until(() => second.messages.length === 1);
  // The whole of the second connection fits in, and the server still believes in the first one.
  expect(world.serverCloses).toEqual([]);
  world.network.release();
  await until(() => world.serverCloses.length === 1);
});

test("a stall that goes on delivers what had to wait", async () => {
  const fault = { kind: "stall", directions: ["down"], forMs: 3_600_000, goesOn: true } as const;
  await using world = await setup([{ fault, strikesAfter: { direction: "up", bytes: 500 } }]);
  const client = world.connect();
  await until(() => client.isOpen);
  for (let sent = 0; sent < 5; sent += 1) client.socket.send(MESSAGE);
  await until(() => world.received.length === 5);
  expect(client.messages).toEqual([]);
  world.network.release();
  await until(() => client.messages.length === 5);
});

test("odd pieces and delays change nothing but the time", async () => {
  await using world = await setup([{ pieceBytes: 7, pieceMs: 0, delayMs: { up: 5, down: 5 } }]);
  const client = world.connect();
  await until(() => client.isOpen);
  client.socket.send(MESSAGE);
  await until(() => client.messages.length === 1);
  expect(client.messages).toEqual([MESSAGE]);
});

test("while the network is away every connection is reset", async () => {
  await using world = await setup([
    {
      fault: { kind: "reset" },
      strikesAfter: { direction: "up", bytes: 1 },
      awayMs: 3_600_000,
    },
  ]);
  expect(await world.connect().closed).toBe(1006);
  expect(await world.connect().closed).toBe(1006);
  expect(world.network.connectionCount).toBe(1);
});

interface World extends AsyncDisposable {
  readonly network: HostileNetwork;
  /** By the server, over all connections. */
  readonly received: readonly string[];
  readonly serverCloses: readonly number[];
  connect(): Client;
}

interface Client {
  readonly socket: WebSocket;
  readonly messages: readonly string[];
  readonly isOpen: boolean;
  readonly closed: Promise<number>;
}

/** A server that echoes, behind a network whose first connections take these courses. */
async function setup(courses: readonly Partial<Course>[]): Promise<World> {
  const received: string[] = [];
  const serverCloses: number[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response()),
    websocket: {
      message: (socket, text) => {
        received.push(String(text));
        socket.send(text);
      },
      close: (_, code) => void serverCloses.push(code),
    },
  });
  const network = await startHostileNetwork(server.url, (index) => ({
    ...CALM,
    ...courses[index],
  }));
  return {
    network,
    received,
    serverCloses,
    connect: () => openClient(network.url),
    [Symbol.asyncDispose]: async () => {
      await network[Symbol.asyncDispose]();
      await server.stop(true);
    },
  };
}

function openClient(url: URL): Client {
  const socket = new WebSocket(url.href.replace("http", "ws"));
  const messages: string[] = [];
  const closed = Promise.withResolvers<number>();
  socket.addEventListener("message", ({ data }: MessageEvent<string>) => messages.push(data));
  socket.addEventListener("close", ({ code }) => closed.resolve(code));
  return {
    socket,
    messages,
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    closed: closed.promise,
  };
}
