import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** Stands before a server, and from some moment on lets nobody hear anything, as a network does that swallows packets. */
export interface StallingProxy extends AsyncDisposable {
  /** The server's address, by way of the proxy. */
  readonly url: string;
  /** Connections that were accepted so far. */
  readonly connectionCount: number;
  /** From now on bytes are swallowed both ways and connections are accepted, but nothing is closed. */
  stall(): void;
}

/** Listens on a free port of the loopback. */
export async function startStallingProxy(serverUrl: string): Promise<StallingProxy> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let isStalled = false;
  let connectionCount = 0;

  const keep = (socket: Socket, other: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("data", (bytes) => {
      if (!isStalled) other.write(bytes);
    });
    // The close event follows.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      if (!isStalled) other.end();
    });
  };
  const listener = createServer((client) => {
    connectionCount += 1;
    const server = connect(Number(target.port), target.hostname);
    keep(client, server);
    keep(server, client);
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const url = new URL(serverUrl);
  // A listener on a TCP port has an address of this form.
  url.port = String((listener.address() as AddressInfo).port);
  url.hostname = "127.0.0.1";
  return {
    url: url.href,
    get connectionCount() {
      return connectionCount;
    },
    stall: () => {
      isStalled = true;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, "close");
    },
  };
}
