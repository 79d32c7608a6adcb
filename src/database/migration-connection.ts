import type { PGlite } from "@electric-sql/pglite";
import { escapeIdentifier, type Client, type QueryResultRow } from "pg";
import { requireServerAddress, ServerClient } from "./server/server-client.ts";
import { DEFAULT_SCHEMA } from "./store-client.ts";
import { toStoreError } from "./store-error.ts";

/** One connection to the database that nobody else uses until it is disposed. Failures are `StoreError`s. */
export interface MigrationConnection extends AsyncDisposable {
  /** One statement; resolves to its rows, which are what the caller selected. */
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<readonly Row[]>;
  /** A script of statements. */
  run(script: string): Promise<void>;
  /**
   * Runs `work` in one transaction: committed when it resolves, undone when it rejects.
   *
   * R31: in it names are looked for in the schema of the address alone, and nothing has a limit but the wait for a lock. All
   * of that ends with it.
   */
  transaction<Value>(lockLimitMs: number, work: () => Promise<Value>): Promise<Value>;
}

/** Start-up waits for it: long enough for a server on another continent, short enough to be told about. */
const CONNECT_LIMIT_MS = 5_000;

/** A connection of its own, outside the pool, because PostgreSQL ties an advisory lock to the connection that took it. */
export async function openServerConnection(url: string): Promise<MigrationConnection> {
  const address = requireServerAddress(url);
  const client: Client = new ServerClient(address, { connectLimitMs: CONNECT_LIMIT_MS });
  // A connection that is lost between two statements would otherwise end the process; the next statement reports it.
  client.on("error", () => undefined);
  try {
    await translated(async () => {
      await client.connect();
    });
  } catch (error) {
    await client.end();
    throw error;
  }
  const run = (script: string) =>
    translated(async () => {
      await client.query(script);
    });
  return {
    query: <Row>(sql: string, parameters: readonly unknown[] = []) =>
      translated(async () => (await client.query<Row & QueryResultRow>(sql, [...parameters])).rows),
    run,
    transaction: createTransaction(run, address.schema),
    [Symbol.asyncDispose]: () => client.end(),
  };
}

/** Lends out the only connection that an embedded database has; whoever comes later waits for the one before. */
export function lendEmbeddedConnection(postgres: PGlite): () => Promise<MigrationConnection> {
  let returned: Promise<void> = Promise.resolve();
  return async () => {
    const previous = returned;
    const loan = Promise.withResolvers<void>();
    returned = loan.promise;
    await previous;
    const run = (script: string) =>
      translated(async () => {
        await postgres.exec(script);
      });
    return {
      query: <Row>(sql: string, parameters: readonly unknown[] = []) =>
        translated(async () => (await postgres.query<Row>(sql, [...parameters])).rows),
      run,
      transaction: createTransaction(run),
      [Symbol.asyncDispose]() {
        loan.resolve();
        return Promise.resolve();
      },
    };
  };
}

function createTransaction(
  run: MigrationConnection["run"],
  schema: string = DEFAULT_SCHEMA,
): MigrationConnection["transaction"] {
  return async (lockLimitMs, work) => {
    try {
      // A new index on a large table takes minutes; zero is PostgreSQL's "no limit".
      await run(`BEGIN;
        SET LOCAL search_path TO ${escapeIdentifier(schema)};
        SET LOCAL lock_timeout = ${lockLimitMs};
        SET LOCAL statement_timeout = 0`);
      const value = await work();
      await run("COMMIT");
      return value;
    } catch (error) {
      // A connection that is lost has rolled back already.
      await run("ROLLBACK").catch(() => undefined);
      throw error;
    }
  };
}

async function translated<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw toStoreError(error, "migrating");
  }
}
