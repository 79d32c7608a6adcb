/** Connections to a PostgreSQL server: one that cannot be opened says why, and what to do about it. */
import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { Client, Connection, Pool, type ClientConfig, type PoolClient, type QueryConfig } from "pg";
import { StoreError } from "../store-error.ts";
import { describeConnectionFailure, FileProblem } from "./connection-failure.ts";
import { parseServerAddress, type ServerAddress, type TlsRequest } from "./server-address.ts";
import { LimitedQuery, type SessionLimits } from "./session-limits.ts";

/** How the connections of one owner are tuned. */
export interface ServerClientOptions {
  /** From the first packet to a connection that takes statements. */
  readonly connectLimitMs: number;
  /** Of one statement, from this side; for the server that no longer answers at all. */
  readonly answerLimitMs?: number;
  /** Without them a connection stays as the server makes it. */
  readonly limits?: SessionLimits;
}

/** The settings have looked at it before; whoever comes by another way hears the same words. */
export function requireServerAddress(url: string): ServerAddress {
  const address = parseServerAddress(url);
  if (address.ok) return address.value;
  throw new StoreError("database-unreachable", `the database's address: ${address.problem}`);
}

/** What Prisma hands on of an error that it does not know, and so the way by which the sentence reaches `toStoreError`. */
class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code = "connection-failed";
  readonly meta: { readonly connectionProblem: string };

  constructor(connectionProblem: string) {
    super(connectionProblem);
    this.meta = { connectionProblem };
  }
}

export interface ServerPoolOptions extends ServerClientOptions {
  readonly limits: SessionLimits;
  readonly connectionsMax: number;
  /** Of waiting for a connection, new or from the pool. */
  readonly poolLimitMs: number;
}

type Connected = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: () => void,
) => void;

/** Connections that are opened as they are needed. One that a pooler refuses for its options is opened without them. */
export class ServerPool extends Pool {
  readonly #limits: SessionLimits;

  constructor(address: ServerAddress, options: ServerPoolOptions) {
    const { limits } = options;
    super({
      Client: class extends ServerClient {
        constructor() {
          super(address, options);
        }
      },
      max: options.connectionsMax,
      connectionTimeoutMillis: options.poolLimitMs,
      // oxlint-disable-next-line typescript/no-misused-promises -- The pool waits for it, although its type does not say so.
      onConnect: async (client) => {
        if (limits.isOurs) limits.learnFromCheck((await client.query(limits.check)).rows);
      },
    });
    this.#limits = limits;
    // An idle connection that dies is replaced when the next one is needed; without a listener it would end the process.
    this.on("error", () => undefined);
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<PoolClient> | void {
    if (callback === undefined) {
      return new Promise((resolve, reject) => {
        this.connect((error, client) => {
          if (client !== undefined) resolve(client);
          else reject(error ?? new Error("expected a connection or a failure"));
        });
      });
    }
    // Of connections that are opened at once, each one was refused for itself.
    const hadOptions = this.#limits.isOurs;
    super.connect((error, client, done) => {
      if (hadOptions && this.#limits.learnFromRefusal(error)) super.connect(callback);
      else callback(error, client, done);
    });
  }
}

export class ServerClient extends Client {
  readonly #address: ServerAddress;
  readonly #connectLimitMs: number;
  readonly #limits: SessionLimits | undefined;
  /** Found before there is anything to connect; told by `connect`, because a constructor that throws breaks a pool. */
  readonly #problem: FileProblem | undefined;

  constructor(address: ServerAddress, options: ServerClientOptions) {
    const files = readTls(address.tls);
    super(toClientConfig(address, options, files instanceof FileProblem ? undefined : files));
    this.#address = address;
    this.#connectLimitMs = options.connectLimitMs;
    this.#limits = options.limits;
    this.#problem = files instanceof FileProblem ? files : undefined;
  }

  override connect(): Promise<Client>;
  override connect(callback: (error: Error | null) => void): void;
  override connect(callback?: (error: Error | null) => void): Promise<Client> | void {
    if (callback === undefined) {
      return new Promise((resolve, reject) => {
        this.connect((error) => (error === null ? resolve(this) : reject(error)));
      });
    }
    if (this.#problem !== undefined) {
      process.nextTick(callback, this.#explain(this.#problem));
      return;
    }
    super.connect((error: Error | null) => callback(error === null ? null : this.#explain(error)));
  }

  /** In the driver's own forms; what it calls back, or else resolves to, is its own. */
  override query(...parameters: readonly unknown[]): never {
    // The driver's overloads cannot be written down again; what goes in and comes out is theirs.
    const plain = super.query.bind(this) as (...parameters: readonly unknown[]) => never;
    const limits = this.#limits;
    if (limits === undefined || limits.isOurs) return plain(...parameters);
    // As the overloads have it: a text or an object, then perhaps values, then perhaps a callback.
    const [statement, values, last] = parameters as [string | QueryConfig, unknown, unknown];
    const callback = typeof values === "function" ? values : last;
    if (typeof callback === "function") {
      const own = Array.isArray(values) ? values : undefined;
      // The driver calls it with a failure or a result.
      return plain(new LimitedQuery(limits.statement, [statement, own, callback as () => void]));
    }
    const answer = new Promise((resolve, reject) => {
      this.query(statement, values, (error: Error | null, result: unknown) =>
        error === null ? resolve(result) : reject(error),
      );
    });
    // The overloads without a callback return a promise of the result.
    return answer as never;
  }

  /** What the server itself refuses keeps its SQLSTATE. */
  #explain(error: Error): Error {
    const problem = describeConnectionFailure(error, this.#address, this.#connectLimitMs);
    return problem === undefined ? error : new ConnectionError(problem);
  }
}

/**
 * Goes on without TLS where the server has none.
 *
 * The driver knows no such mode: it takes the server's "N" for the end. Everything else is its own way to a secure stream.
 */
class OptionalTlsConnection extends Connection {
  // The driver's own methods, which its types leave out.
  declare connect: (port: number, host: string) => void;
  declare attachListeners: (stream: Connection["stream"]) => void;

  constructor(config: ClientConfig) {
    super(config);
    const connect = this.connect.bind(this);
    this.connect = (port, host) => {
      connect(port, host);
      const [answered] = this.stream.listeners("data");
      this.stream.removeAllListeners("data");
      this.stream.once("data", (answer: Buffer) => {
        if (answer.toString("latin1") !== "N") {
          answered?.(answer);
          return;
        }
        this.attachListeners(this.stream);
        // To the client, the sign to go on.
        this.emit("sslconnect");
      });
    };
  }
}

function toClientConfig(
  address: ServerAddress,
  { connectLimitMs, answerLimitMs, limits }: ServerClientOptions,
  ssl: ConnectionOptions | false | undefined,
): ClientConfig & { connection?: Connection } {
  const { user, password, host, port, database, applicationName, options, tls } = address;
  const isOptional = tls?.mode === "prefer" || tls?.mode === "allow";
  const keepAlive = true;
  return {
    user,
    password,
    host,
    port,
    database,
    options: [options, limits?.isOurs === true ? limits.options : undefined]
      .filter(Boolean)
      .join(" "),
    application_name: applicationName,
    connectionTimeoutMillis: connectLimitMs,
    query_timeout: answerLimitMs,
    keepAlive,
    ssl,
    ...(isOptional ? { connection: new OptionalTlsConnection({ ssl, keepAlive }) } : {}),
  };
}

/** What libpq makes of each mode; `undefined` leaves it to the driver. */
function readTls(tls: TlsRequest | undefined): ConnectionOptions | false | undefined | FileProblem {
  if (tls === undefined) return undefined;
  if (tls.mode === "disable") return false;
  try {
    const ca = readPem("sslrootcert", tls.rootFile);
    const own = {
      cert: readPem("sslcert", tls.certificateFile),
      key: readPem("sslkey", tls.keyFile),
      passphrase: tls.keyPassword,
    };
    const options = Object.fromEntries(
      Object.entries({ ca, ...own }).filter(([, value]) => value !== undefined),
    );
    if (tls.mode === "verify-full") return options;
    // An authority that is named is asked, whatever the mode; only "verify-full" looks at the name.
    return ca === undefined
      ? { ...options, rejectUnauthorized: false }
      : { ...options, checkServerIdentity: () => undefined };
  } catch (error) {
    if (error instanceof FileProblem) return error;
    throw error;
  }
}

function readPem(parameter: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new FileProblem(parameter, path, cause);
  }
}
