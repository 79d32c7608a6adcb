import type { PGlite } from "@electric-sql/pglite";
import type { QueryResultRow } from "pg";
import { createConnectionSetup } from "./connection-setup.ts";
import { requireServerAddress, ServerClient } from "./server-client.ts";
import { toStoreError } from "./store-error.ts";

/** One connection to the database that nobody else uses until it is disposed. Failures are `StoreError`s. */
export interface MigrationConnection extends AsyncDisposable {
  /** One statement; resolves to its rows, which are what the caller selected. */
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<readonly Row[]>;
  /** A script of statements. */
  run(script: string): Promise<void>;
}

/** A new index on a large table takes minutes; zero is PostgreSQL's "no limit". */
const STATEMENT_LIMIT_MS = 0;

/** Start-up waits for it: long enough for a server on another continent, short enough to be told about. */
const CONNECT_LIMIT_MS = 5_000;

/** A connection of its own, outside the pool, because PostgreSQL ties an advisory lock to the connection that took it. */
export async function openServerConnection(url: string): Promise<MigrationConnection> {
  const address = requireServerAddress(url);
  const client = new ServerClient(address, { connectLimitMs: CONNECT_LIMIT_MS });
  // A connection that is lost between two statements would otherwise end the process; the next statement reports it.
  client.on("error", () => undefined);
  try {
    await translated(async () => {
      await client.connect();
      await createConnectionSetup(address.schema, STATEMENT_LIMIT_MS).prepare(client);
    });
  } catch (error) {
    await client.end();
    throw error;
  }
  return {
    query: <Row>(sql: string, parameters: readonly unknown[] = []) =>
      translated(async () => (await client.query<Row & QueryResultRow>(sql, [...parameters])).rows),
    run: (script) =>
      translated(async () => {
        await client.query(script);
      }),
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
    return {
      query: <Row>(sql: string, parameters: readonly unknown[] = []) =>
        translated(async () => (await postgres.query<Row>(sql, [...parameters])).rows),
      run: (script) =>
        translated(async () => {
          await postgres.exec(script);
        }),
      [Symbol.asyncDispose]() {
        loan.resolve();
        return Promise.resolve();
      },
    };
  };
}

async function translated<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw toStoreError(error, "migrating");
  }
}
