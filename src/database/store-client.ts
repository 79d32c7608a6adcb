import { escapeIdentifier } from "pg";
import { Prisma, PrismaClient } from "./generated/client.ts";

/** Where the tables are when an address names no schema; Prisma's own statements say the same. */
export const DEFAULT_SCHEMA = "public";

/** The tables' full names, for statements that Prisma does not write. */
export interface Tables {
  readonly videoSession: Prisma.Sql;
  readonly participant: Prisma.Sql;
  readonly transcriptSegment: Prisma.Sql;
}

/**
 * Prisma, and the full names of its tables.
 *
 * R31: a name without its schema means whatever the connection's search path says, and behind a pooler the connection is
 * another one for each statement.
 */
export class StoreClient extends PrismaClient {
  readonly tables: Tables;

  constructor(
    options: ConstructorParameters<typeof PrismaClient>[0],
    schema: string = DEFAULT_SCHEMA,
  ) {
    super(options);
    const named = (table: string) => Prisma.raw(`${escapeIdentifier(schema)}."${table}"`);
    this.tables = {
      videoSession: named("VideoSession"),
      participant: named("Participant"),
      transcriptSegment: named("TranscriptSegment"),
    };
  }
}
