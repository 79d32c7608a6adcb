import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A port of the loopback behind which somebody else's stands. Disposing it cuts whatever goes through it. */
export interface TcpRelay extends AsyncDisposable {
  readonly port: number;
}

/**
 * Listens on a free port. `join` gets every client, and opens the way to `target` by `dial`, at most once; from then on both
 * sockets are its own, but for the end of the relay. Nothing has to listen for their errors: a close event follows.
 */
export async function startTcpRelay(
  target: URL,
  join: (client: Socket, dial: () => Socket) => void,
): Promise<TcpRelay> {
  const sockets = new Set<Socket>();
  const adopt = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    return socket;
  };
  const dial = () => adopt(connect(Number(target.port), target.hostname));
  const listener = createServer((client) => join(adopt(client), dial)).listen(0, "127.0.0.1");
  await once(listener, "listening");
  // A listener on a TCP port has an address of this form.
  const { port } = listener.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, "close");
    },
  };
}
