/** Connections to a PostgreSQL server: one that cannot be opened says why, and what to do about it. */
import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { Client, Connection, type ClientConfig } from "pg";
import { describeConnectionFailure, FileProblem } from "./connection-failure.ts";
import { parseServerAddress, type ServerAddress, type TlsRequest } from "./server-address.ts";
import { StoreError } from "./store-error.ts";

/** How the connections of one owner are tuned. */
export interface ServerClientOptions {
  /** From the first packet to a connection that takes statements. */
  readonly connectLimitMs: number;
  /** Of one statement, from this side; for the server that no longer answers at all. */
  readonly answerLimitMs?: number;
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

type ClientClass = new () => ServerClient;

/** For a pool, which makes its clients itself. */
export function createClientClass(
  address: ServerAddress,
  options: ServerClientOptions,
): ClientClass {
  return class extends ServerClient {
    constructor() {
      super(address, options);
    }
  };
}

export class ServerClient extends Client {
  readonly #address: ServerAddress;
  readonly #connectLimitMs: number;
  /** Found before there is anything to connect; told by `connect`, because a constructor that throws breaks a pool. */
  readonly #problem: FileProblem | undefined;

  constructor(address: ServerAddress, options: ServerClientOptions) {
    const files = readTls(address.tls);
    super(toClientConfig(address, options, files instanceof FileProblem ? undefined : files));
    this.#address = address;
    this.#connectLimitMs = options.connectLimitMs;
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
  { connectLimitMs, answerLimitMs }: ServerClientOptions,
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
    options,
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
