import { expect, test } from "bun:test";
import { Prisma } from "../../src/database/generated/client.ts";
import { StoreError, toStoreError } from "../../src/database/store-error.ts";
import { AssertionError } from "../../src/kernel/assert.ts";

const SAID = "what somebody said";

/** As `pg` throws it; PGlite has the same fields. */
function serverError(fields: Record<string, unknown>): Error {
  const message = `invalid value: ${SAID}`;
  return Object.assign(new Error(message), { severity: "ERROR", detail: SAID, ...fields });
}

/** As Prisma throws what its driver adapter threw. */
function prismaError(cause: Record<string, unknown>): Error {
  return Object.assign(new Error(SAID), { meta: { driverAdapterError: { cause } } });
}

const describe = ({ code, retryable, sqlState, message }: StoreError) => ({
  code,
  retryable,
  sqlState,
  message,
});

test("names code, constraint, table and column of the driver's failure, and quotes nothing", () => {
  const thrown = serverError({ code: "23505", constraint: "key", table: "rows", column: "name" });
  const failure = toStoreError(thrown, "writing a batch");
  expect(describe(failure)).toEqual({
    code: "row-refused",
    retryable: false,
    sqlState: "23505",
    message: "writing a batch: SQLSTATE 23505, constraint key, table rows, column name",
  });
  expect(failure.cause).toBeUndefined();
  expect(Bun.inspect(failure)).not.toContain(SAID);
});

test("finds the failure inside Prisma's wrapping, with the constraint's own form there", () => {
  const thrown = prismaError({
    originalCode: "23503",
    originalMessage: SAID,
    kind: "ForeignKeyConstraintViolation",
    constraint: { index: "participant_key" },
  });
  const failure = toStoreError(thrown, "writing a batch");
  expect(failure.sqlState).toBe("23503");
  expect(failure.message).toEndWith(
    "23503, kind ForeignKeyConstraintViolation, constraint participant_key",
  );
  expect(Bun.inspect(failure)).not.toContain(SAID);
});

test("takes a code of the network for no SQLSTATE, and whatever else is thrown for an outage", () => {
  const reset = Object.assign(new Error(`read ${SAID}`), { code: "ECONNRESET" });
  for (const thrown of [reset, new Error(SAID), SAID, null, undefined]) {
    expect(describe(toStoreError(thrown, "reading"))).toEqual({
      code: "database-unreachable",
      retryable: true,
      sqlState: undefined,
      message: "reading: no answer from the database",
    });
  }
});

test.each([
  ["timeout exceeded when trying to connect", "every connection was in use for too long"],
  ["Query read timeout", "did not answer in time"],
  ["Connection terminated unexpectedly", "closed the connection before it answered"],
])("[R33] %s is told by cause, also behind words of Prisma's", (driver, words) => {
  for (const thrown of [new Error(driver), new Error(`Invalid call: ${SAID}\n\n${driver}`)]) {
    const failure = toStoreError(thrown, "reading");
    expect(failure).toMatchObject({ code: "database-unreachable", retryable: true });
    expect(failure.message).toContain(words);
    expect(failure.message).not.toContain(SAID);
  }
});

test("[R33] what an operator can do about a server's refusal stands behind its SQLSTATE", () => {
  const failure = toStoreError(serverError({ code: "28P01", severity: "FATAL" }), "reading");
  expect(failure.message).toBe(
    "reading: SQLSTATE 28P01: user and password do not fit: check them in DATABASE_URL",
  );
});

test("hands on what is translated already", () => {
  const failure = new StoreError("schema-mismatch", "expected a table");
  expect(toStoreError(failure, "migrating")).toBe(failure);
});

test("a query that Prisma finds malformed is a bug of ours, and quotes nothing either", () => {
  const thrown = new Prisma.PrismaClientValidationError(SAID, { clientVersion: "0" });
  expect(() => toStoreError(thrown, "reading")).toThrow(
    new AssertionError("reading: malformed query"),
  );
});
