import init from "../../prisma/migrations/20261123120000_init/migration.sql" with { type: "text" };
import translations from "../../prisma/migrations/20261123140000_translations/migration.sql" with { type: "text" };

export interface MigrationFile {
  /** The folder's name under prisma/migrations; names sort by time. */
  readonly name: string;
  readonly sql: string;
}

/** prisma/migrations, carried inside the executable. A test holds the list equal to the folder. */
export const migrationFiles: readonly MigrationFile[] = [
  { name: "20261123120000_init", sql: init },
  { name: "20261123140000_translations", sql: translations },
];
