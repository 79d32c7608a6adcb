import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { migrationFiles } from "../../src/database/migration-files.ts";

const FOLDER = `${import.meta.dir}/../../prisma/migrations`;

test("the executable carries exactly the migrations of the folder, in order", async () => {
  const names = (await readdir(FOLDER)).filter((name) => name !== "migration_lock.toml");
  const files = names
    .toSorted()
    .map(async (name) => ({ name, sql: await Bun.file(`${FOLDER}/${name}/migration.sql`).text() }));
  expect(migrationFiles).toEqual(await Promise.all(files));
});
