import { expect, test } from "bun:test";
import type { ClientBase } from "pg";
import { createConnectionSetup } from "../../src/database/connection-setup.ts";

async function statementsFor(schema: string | undefined, statementLimitMs = 5000) {
  const statements: string[] = [];
  // Nothing else of a client is used.
  const client = {
    query: async (sql: string) => void statements.push(sql),
  } as unknown as ClientBase;
  const setup = createConnectionSetup(schema, statementLimitMs);
  await setup.prepare(client);
  return { schema: setup.schema, statements };
}

test("sets zone and limit in one statement, and leaves the schema to the server where none is named", async () => {
  expect(await statementsFor(undefined, 1234)).toEqual({
    schema: undefined,
    statements: ["SET TIME ZONE 'UTC'; SET statement_timeout = 1234"],
  });
});

test("a schema named in the address is a name, whatever is in it", async () => {
  const schema = 'a"; DROP SCHEMA public; --';
  const found = await statementsFor(schema);
  expect(found.schema).toBe(schema);
  expect(found.statements[0]).toEndWith('SET search_path TO "a""; DROP SCHEMA public; --"');
});
