/** Databases of both kinds, so that one suite runs over each of them. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase, type Database } from "../../../../src/database/db.ts";
import { openEmbedded } from "../../../../src/database/embedded.ts";
import { lendEmbeddedConnection } from "../../../../src/database/migration-connection.ts";
import { applyMigrations } from "../../../../src/database/migrations.ts";
import { createGuardedFolder } from "../../probes/guarded-folder.ts";
import { postgres } from "./postgres.ts";

/** The process's open database, empty but for the schema, and gone with `await using`. */
export interface DatabaseWorld extends AsyncDisposable {
  readonly database: Database;
  query<Row>(sql: string, ...parameters: readonly unknown[]): Promise<Row[]>;
}

export interface WorldOptions {
  /** Whether the tables exist already. */
  readonly migrated: boolean;
}

export type CreateWorld = (options: WorldOptions) => Promise<DatabaseWorld>;

export const createServerWorld: CreateWorld = async ({ migrated }) => {
  const server = await postgres.createDatabase({ migrated });
  const database = await openDatabase({ kind: "postgres", url: server.url, connectionsMax: 4 });
  return toWorld(database, async () => {
    await server[Symbol.asyncDispose]();
  });
};

export const createEmbeddedWorld: CreateWorld = async ({ migrated }) => {
  templates ??= createTemplates();
  const { empty, filled } = await templates;
  const directory = await mkdtemp(join(tmpdir(), "stenogate-embedded-"));
  await cp(migrated ? filled : empty, directory, { recursive: true });
  const database = await openDatabase({ kind: "embedded", directory });
  return toWorld(database, () => rm(directory, { recursive: true }));
};

/** One migrated world for many tests, emptied after each of them; for the kind whose worlds are slow to make. */
export function shareWorld(createWorld: CreateWorld): {
  readonly createWorld: CreateWorld;
  readonly close: () => Promise<void>;
} {
  let shared: Promise<DatabaseWorld> | undefined;
  return {
    async createWorld(options) {
      shared ??= createWorld(options);
      const world = await shared;
      return {
        ...world,
        async [Symbol.asyncDispose]() {
          await world.query('TRUNCATE "VideoSession" CASCADE');
        },
      };
    },
    async close() {
      await (await shared)?.[Symbol.asyncDispose]();
    },
  };
}

function toWorld(database: Database, remove: () => Promise<void>): DatabaseWorld {
  return {
    database,
    query: (sql, ...parameters) => database.prisma.$queryRawUnsafe(sql, ...parameters),
    async [Symbol.asyncDispose]() {
      await database.close();
      await remove();
    },
  };
}

interface Templates {
  readonly empty: string;
  readonly filled: string;
}

/** Making a cluster takes an embedded database four seconds, copying one a tenth of one. */
let templates: Promise<Templates> | undefined;

async function createTemplates(): Promise<Templates> {
  const { path } = await createGuardedFolder("stenogate-embedded-templates-");
  const empty = join(path, "empty");
  const filled = join(path, "filled");
  await (await openEmbedded(empty)).close();
  await cp(empty, filled, { recursive: true });
  const embedded = await openEmbedded(filled);
  await applyMigrations(await lendEmbeddedConnection(embedded.postgres)());
  await embedded.close();
  return { empty, filled };
}
