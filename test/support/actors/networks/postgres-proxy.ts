import type { Socket } from "node:net";
import { startTcpRelay } from "./tcp-relay.ts";

/** Stands between a client and its PostgreSQL server, and loses replies. */
export interface PostgresProxy extends AsyncDisposable {
  /** The database's address, by way of the proxy. */
  readonly url: string;
  /** Replies that said "committed" and that the client has not heard. */
  readonly lostReplyCount: number;
}

export interface PostgresProxyOptions {
  /** Text of the statements that are concerned. */
  readonly statement: string;
  /** Every n-th of them is forwarded whole, and then the client's connection is cut. */
  readonly loseEvery: number;
}

/** Ends whatever a client asks at once; it sends nothing more before the answer has come. */
const SYNC = "S\u0000\u0000\u0000\u0004";

/** Ends the answer: the server is outside of any transaction. */
const READY_FOR_QUERY = "Z\u0000\u0000\u0000\u0005I";

const ROWS_WRITTEN = "INSERT 0 ";

/** A new connection to the server for each of the client's. */
export async function startPostgresProxy(
  databaseUrl: string,
  { statement, loseEvery }: PostgresProxyOptions,
): Promise<PostgresProxy> {
  let statementCount = 0;
  let lostReplyCount = 0;

  const join = (client: Socket, dial: () => Socket) => {
    const server = dial();
    let asked = "";
    let answered = "";
    let isCut = false;
    client.on("data", (bytes) => {
      server.write(bytes);
      asked += bytes.toString("latin1");
      if (!asked.endsWith(SYNC)) return;
      if (asked.includes(statement)) {
        statementCount += 1;
        isCut = statementCount % loseEvery === 0;
      }
      asked = "";
      if (isCut) client.destroy();
    });
    server.on("data", (bytes) => {
      if (!isCut) {
        client.write(bytes);
        return;
      }
      answered += bytes.toString("latin1");
      if (!answered.endsWith(READY_FOR_QUERY)) return;
      if (answered.includes(ROWS_WRITTEN)) lostReplyCount += 1;
      server.end();
    });
    client.on("close", () => {
      if (!isCut) server.end();
    });
    server.on("close", () => client.destroy());
  };

  const relay = await startTcpRelay(new URL(databaseUrl), join);
  const url = new URL(databaseUrl);
  url.port = String(relay.port);
  return {
    url: url.href,
    get lostReplyCount() {
      return lostReplyCount;
    },
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}
