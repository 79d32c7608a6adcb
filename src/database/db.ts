import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaPGlite } from "pglite-prisma-adapter";
import { assert } from "../kernel/assert.ts";
import { deadline } from "../kernel/deadline.ts";
import { openEmbedded } from "./embedded.ts";
import {
  lendEmbeddedConnection,
  openServerConnection,
  type MigrationConnection,
} from "./migration-connection.ts";
import { requireServerAddress, ServerPool } from "./server/server-client.ts";
import { SessionLimits } from "./server/session-limits.ts";
import { StoreClient } from "./store-client.ts";
import { toStoreError } from "./store-error.ts";

export type DatabaseOptions =
  | {
      readonly kind: "postgres";
      readonly url: string;
      /** Connections in the pool, opened as they are needed. */
      readonly connectionsMax: number;
    }
  | {
      readonly kind: "embedded";
      /** Owned by this process while the database is open; created with its parents. */
      readonly directory: string;
    };

export interface Database {
  readonly prisma: StoreClient;
  /** A connection for `migrations.ts`; with an embedded database nothing else may use `prisma` before it is disposed. */
  migrationConnection(): Promise<MigrationConnection>;
  /** Rejects with a `StoreError` unless the database answers within `limitMs`. */
  ping(limitMs: number): Promise<void>;
  /** Ends all connections. Repetition is harmless. */
  close(): Promise<void>;
}

/** A healthy server gives a connection in milliseconds. */
const CONNECT_LIMIT_MS = 3_000;

/** Waiting for a connection, new or from the pool. Longer, so that a connection that cannot be opened says why. */
const POOL_LIMIT_MS = CONNECT_LIMIT_MS + 500;

/** A batch takes milliseconds. A statement that is stuck behind a lock gives up in half of the shutdown's ten seconds. */
const STATEMENT_LIMIT_MS = 5_000;

/** The server ends a statement first; this is for the server that no longer answers at all. */
const ANSWER_LIMIT_MS = STATEMENT_LIMIT_MS + 1_000;

interface Slot {
  readonly options: DatabaseOptions;
  readonly database: Promise<Database>;
  /** Present once closing began; the slot is empty when it resolves. */
  closing?: Promise<void>;
}

declare global {
  /** R31: the process's only database, shared even when this module is loaded twice. */
  var stenogateDatabase: Slot | undefined;
}

/**
 * R31: opens the process's one database, or returns the open one when the options are the same.
 *
 * PostgreSQL is not contacted before the first statement: the gateway also starts while it is away.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  // NOTE: no other await may stand before the slot is taken, or two callers would both find it empty.
  await globalThis.stenogateDatabase?.closing;
  const open = globalThis.stenogateDatabase;
  if (open !== undefined) {
    const isSame = Bun.deepEquals(open.options, options);
    assert(isSame, "expected one database per process, but another one is open");
    return open.database;
  }
  const slot: Slot = { options, database: connect(options) };
  globalThis.stenogateDatabase = slot;
  try {
    return await slot.database;
  } catch (error) {
    globalThis.stenogateDatabase = undefined;
    throw error;
  }
}

async function connect(options: DatabaseOptions): Promise<Database> {
  const source = options.kind === "postgres" ? poolSource(options) : await embeddedSource(options);
  // Prisma's longer error formats quote our source; none of its messages is ever shown anyway.
  const prisma = new StoreClient(
    { adapter: source.adapter, errorFormat: "minimal" },
    source.schema,
  );
  let closing: Promise<void> | undefined;

  const end = async () => {
    try {
      await prisma.$disconnect();
      await source.close();
    } finally {
      globalThis.stenogateDatabase = undefined;
    }
  };
  return {
    prisma,
    migrationConnection: source.migrationConnection,
    async ping(limitMs) {
      try {
        await deadline(prisma.$queryRaw`SELECT 1`, limitMs, "the database's answer");
      } catch (error) {
        throw toStoreError(error, "asking for a sign of life");
      }
    },
    close() {
      if (closing === undefined) {
        closing = end();
        // The slot is this database's own: nobody else can take it before the end.
        if (globalThis.stenogateDatabase) globalThis.stenogateDatabase.closing = closing;
      }
      return closing;
    },
  };
}

/** Where the statements go, and what has to be let go of after Prisma. */
interface Source {
  readonly adapter: PrismaPg | PrismaPGlite;
  readonly schema: string | undefined;
  readonly migrationConnection: () => Promise<MigrationConnection>;
  readonly close: () => Promise<void>;
}

type PostgresOptions = Extract<DatabaseOptions, { kind: "postgres" }>;
type EmbeddedOptions = Extract<DatabaseOptions, { kind: "embedded" }>;

/** NOTE: the pool is ours, because an adapter with its own would open a second one for a query after the end (R31). */
function poolSource({ url, connectionsMax }: PostgresOptions): Source {
  const address = requireServerAddress(url);
  const { schema } = address;
  const pool = new ServerPool(address, {
    connectionsMax,
    connectLimitMs: CONNECT_LIMIT_MS,
    poolLimitMs: POOL_LIMIT_MS,
    answerLimitMs: ANSWER_LIMIT_MS,
    limits: new SessionLimits({ ...address, statementLimitMs: STATEMENT_LIMIT_MS }),
  });
  return {
    adapter: new PrismaPg(pool, schema === undefined ? {} : { schema }),
    schema,
    migrationConnection: () => openServerConnection(url),
    close: () => pool.end(),
  };
}

async function embeddedSource({ directory }: EmbeddedOptions): Promise<Source> {
  const embedded = await openEmbedded(directory);
  return {
    adapter: new PrismaPGlite(embedded.postgres),
    schema: undefined,
    migrationConnection: lendEmbeddedConnection(embedded.postgres),
    close: embedded.close,
  };
}
