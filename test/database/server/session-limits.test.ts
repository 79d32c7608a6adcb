import { expect, test } from "bun:test";
import { SessionLimits } from "../../../src/database/server/session-limits.ts";

const create = (changes: { schema?: string; isPooled?: boolean } = {}) =>
  new SessionLimits({ statementLimitMs: 1234, schema: undefined, isPooled: false, ...changes });

test("[R31] options of an own connection and settings of a transaction are the same", () => {
  expect(create().options).toBe("-c TimeZone=UTC -c statement_timeout=1234ms");
  expect(create().statement).toBe(
    "SELECT set_config('TimeZone', 'UTC', true), set_config('statement_timeout', '1234ms', true)",
  );
});

test("a schema named in the address is a name, whatever is in it", () => {
  const limits = create({ schema: `a"\\ '; DROP SCHEMA public; --` });
  expect(limits.options).toEndWith(
    String.raw`-c search_path="a""\\\ ';\ DROP\ SCHEMA\ public;\ --"`,
  );
  expect(limits.statement).toEndWith(
    String.raw`set_config('search_path',  E'"a""\\ ''; DROP SCHEMA public; --"', true)`,
  );
});

test("[R31] a connection counts as a pooler's once its options were refused, or do not hold", () => {
  const refused = create();
  expect(refused.learnFromRefusal(Object.assign(new Error(), { code: "28P01" }))).toBeFalse();
  expect(refused.isOurs).toBeTrue();
  const refusal = Object.assign(new Error(), { code: "08P01" });
  expect(refused.learnFromRefusal(refusal)).toBeTrue();
  expect(refused.isOurs).toBeFalse();

  const ignored = create();
  ignored.learnFromCheck([{ holds: true }]);
  expect(ignored.isOurs).toBeTrue();
  ignored.learnFromCheck([{ holds: false }]);
  expect(ignored.isOurs).toBeFalse();
  expect(create({ isPooled: true }).isOurs).toBeFalse();
});
