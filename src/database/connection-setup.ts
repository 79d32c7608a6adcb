import { escapeIdentifier, type ClientBase } from "pg";

/** How every connection to one server is set up. */
export interface ConnectionSetup {
  /** Where the tables are: `?schema=` as Prisma reads it, otherwise what the server decides. */
  readonly schema: string | undefined;
  readonly prepare: (client: ClientBase) => Promise<void>;
}

/**
 * What a connection needs before its first statement.
 *
 * UTC is needed because the driver adapter reads a time and drops its offset. The settings are sent as a statement, and not
 * with the connection request, because connection poolers refuse unknown settings there.
 */
export function createConnectionSetup(
  schema: string | undefined,
  statementLimitMs: number,
): ConnectionSetup {
  const settings = [
    "SET TIME ZONE 'UTC'",
    `SET statement_timeout = ${statementLimitMs}`,
    ...(schema === undefined ? [] : [`SET search_path TO ${escapeIdentifier(schema)}`]),
  ].join("; ");
  return {
    schema,
    async prepare(client) {
      await client.query(settings);
    },
  };
}
