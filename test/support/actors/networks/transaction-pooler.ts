/**
 * Stands before a PostgreSQL server as PgBouncer does in transaction mode: few connections to the server, and each transaction
 * of a client gets another one of them than the one before.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface TransactionPooler extends AsyncDisposable {
  /** The database's address, by way of the pooler. */
  readonly url: string;
  /** Transactions that were handed on so far. */
  readonly transactionCount: number;
}

export interface TransactionPoolerOptions {
  readonly connections: number;
  /** An option of a connection that it does not know: it is refused, as by PgBouncer, or ignored, as by one so configured. */
  readonly unknownOptions: "refuse" | "ignore";
}

const KNOWN_OPTIONS = new Set(["user", "database", "application_name", "client_encoding"]);

/** The first four bytes after the length, of a client that asks for TLS. */
const TLS_REQUEST = 80_877_103;
const PROTOCOL = 196_608;

/** One connection to the server, lent to one client's transaction at a time. */
interface ServerConnection {
  readonly socket: Socket;
  onMessage: (type: string, whole: Buffer) => void;
}

export async function startTransactionPooler(
  databaseUrl: string,
  { connections, unknownOptions }: TransactionPoolerOptions,
): Promise<TransactionPooler> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const adopt = (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    return socket;
  };
  const pool = Array.from({ length: connections }, () =>
    openServerConnection(adopt(connect(Number(target.port), target.hostname)), target),
  );
  const idle = await Promise.all(pool);
  const waiting: (() => void)[] = [];
  let transactionCount = 0;

  const serve = (client: Socket) => {
    let lent: ServerConnection | undefined;
    let isStarted = false;
    let asked: Buffer[] = [];

    const lend = () => {
      // The one that has rested longest: never the one before.
      lent = idle.shift();
      if (lent === undefined) {
        waiting.push(lend);
        return;
      }
      transactionCount += 1;
      lent.onMessage = (type, whole) => {
        client.write(whole);
        // Within a transaction the client keeps it.
        if (type !== "Z" || whole.at(-1) !== "I".charCodeAt(0) || lent === undefined) return;
        idle.push(lent);
        lent = undefined;
        waiting.shift()?.();
      };
      send();
    };
    const send = () => {
      lent?.socket.write(Buffer.concat(asked));
      asked = [];
    };
    readMessages(client, (type, whole) => {
      if (!isStarted) {
        isStarted = greet(client, whole, unknownOptions);
        return;
      }
      if (type === "X") return void client.end();
      asked.push(whole);
      if (type !== "Q" && type !== "S") return;
      if (lent === undefined) lend();
      else send();
    });
  };
  const listener = createServer((client) => serve(adopt(client))).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const url = new URL(databaseUrl);
  // A listener on a TCP port has an address of this form.
  url.port = String((listener.address() as AddressInfo).port);
  return {
    url: url.href,
    get transactionCount() {
      return transactionCount;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, "close");
    },
  };
}

/** Answers a connection's first message; true when the client may send statements. */
function greet(
  client: Socket,
  first: Buffer,
  unknownOptions: TransactionPoolerOptions["unknownOptions"],
): boolean {
  if (first.readInt32BE(4) === TLS_REQUEST) {
    client.write("N");
    return false;
  }
  const words = first.toString("utf8", 8).split("\0");
  const unknown = words.filter(
    (word, index) => index % 2 === 0 && word !== "" && !KNOWN_OPTIONS.has(word),
  );
  if (unknown.length > 0 && unknownOptions === "refuse") {
    const fields = `SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: ${unknown[0]}\0\0`;
    client.end(message("E", Buffer.from(fields)));
    return false;
  }
  const key = Buffer.alloc(8, 7);
  client.write(message("R", Buffer.alloc(4)));
  client.write(message("K", key));
  client.write(message("Z", Buffer.from("I")));
  return true;
}

/** Resolves once the server takes statements; it lets everybody in. */
function openServerConnection(socket: Socket, target: URL): Promise<ServerConnection> {
  const { promise, resolve } = Promise.withResolvers<ServerConnection>();
  const connection: ServerConnection = {
    socket,
    onMessage: (type) => {
      if (type === "Z") resolve(connection);
    },
  };
  readMessages(socket, (type, whole) => connection.onMessage(type, whole), true);
  const names = `user\0${target.username}\0database\0${target.pathname.slice(1)}\0\0`;
  const version = Buffer.alloc(4);
  version.writeInt32BE(PROTOCOL);
  socket.write(message("", Buffer.concat([version, Buffer.from(names)])));
  return promise;
}

/** Calls back for each whole message. A client's first ones, until one is a start, have no type. */
function readMessages(
  socket: Socket,
  onMessage: (type: string, whole: Buffer) => void,
  isTyped = false,
): void {
  let left: Buffer = Buffer.alloc(0);
  let typeBytes = isTyped ? 1 : 0;
  socket.on("data", (bytes: Buffer) => {
    left = Buffer.concat([left, bytes]);
    while (left.length >= typeBytes + 4) {
      const end = typeBytes + left.readInt32BE(typeBytes);
      if (left.length < end) return;
      const whole = left.subarray(0, end);
      left = left.subarray(end);
      const type = whole.toString("latin1", 0, typeBytes);
      if (typeBytes === 0 && whole.readInt32BE(4) === PROTOCOL) typeBytes = 1;
      onMessage(type, whole);
    }
  });
}

function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}
