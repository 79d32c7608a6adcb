import { databaseOptions } from "../app/storage.ts";
import { openDatabase } from "../database/db.ts";
import { applyMigrations } from "../database/migrations.ts";
import { readConfig } from "../settings/config.ts";
import type { Command } from "./command.ts";

/** Brings the database of `DATABASE_URL`, or the embedded one, to this build's schema. Running it again changes nothing. */
export const migrate: Command = {
  name: "migrate",
  summary: "bring the database to this version's schema",
  flags: {},
  readsSettings: false,
  run: async (_flags, environment) => {
    const config = readConfig(environment);
    const database = await openDatabase(databaseOptions(config));
    try {
      await using connection = await database.migrationConnection();
      const { applied, already } = await applyMigrations(connection);
      for (const name of applied) console.log(`applied ${name}`);
      console.log(`${applied.length} applied, ${already.length} already there`);
      return 0;
    } finally {
      await database.close();
    }
  },
};
