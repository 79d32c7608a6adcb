/** The PostgreSQL server that all tests of this process share. It starts when the first test asks for a database. */
import { Client } from "pg";
import { openServerConnection } from "../../../../src/database/migration-connection.ts";
import { applyMigrations } from "../../../../src/database/migrations.ts";
import {
  startPostgresServer,
  type PostgresServer,
  type PostgresServerOptions,
} from "./postgres-server.ts";

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** How often statements that match the SQL pattern (`LIKE`, after PostgreSQL's normalisation) ran in this database. */
  statementCount(pattern: string): Promise<number>;
}

const TEMPLATE = "migrated_template";
const MAINTENANCE = "postgres";

let shared: Promise<PostgresServer> | undefined;

export const postgres = {
  /** A database of the test's own; migrated unless it says otherwise. */
  async createDatabase(options: { readonly migrated?: boolean } = {}): Promise<TestDatabase> {
    shared ??= startPreparedServer();
    return createDatabaseOn(await shared, options);
  },
};

/** A server of the test's own, to be stopped and started, with the same preparation. */
export async function startPreparedServer(
  options?: PostgresServerOptions,
): Promise<PostgresServer> {
  const server = await startPostgresServer(options);
  await queryOnce(server.urlOf(MAINTENANCE), "CREATE EXTENSION pg_stat_statements");
  await queryOnce(server.urlOf(MAINTENANCE), `CREATE DATABASE ${TEMPLATE}`);
  await using connection = await openServerConnection(server.urlOf(TEMPLATE));
  await applyMigrations(connection);
  return server;
}

export async function createDatabaseOn(
  server: PostgresServer,
  { migrated = true }: { readonly migrated?: boolean } = {},
): Promise<TestDatabase> {
  const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
  const maintenanceUrl = server.urlOf(MAINTENANCE);
  const template = migrated ? TEMPLATE : "template0";
  await queryOnce(maintenanceUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = server.urlOf(name);
  return {
    url,
    query: (sql, parameters) => queryOnce(url, sql, parameters),
    async statementCount(pattern) {
      const [row] = await queryOnce<{ calls: string | null }>(
        maintenanceUrl,
        `SELECT sum(calls) AS calls FROM pg_stat_statements
          WHERE dbid = (SELECT oid FROM pg_database WHERE datname = $1) AND query LIKE $2`,
        [name, pattern],
      );
      return Number(row?.calls ?? 0);
    },
    async [Symbol.asyncDispose]() {
      // FORCE ends the connections of a test that failed before it closed its own.
      await queryOnce(maintenanceUrl, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function queryOnce<Row>(
  url: string,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    // The caller knows what it selected.
    const { rows } = await client.query(sql, [...parameters]);
    return rows as Row[];
  } finally {
    await client.end();
  }
}
