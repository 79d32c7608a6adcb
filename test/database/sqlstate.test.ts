import { expect, test } from "bun:test";
import { classifySqlState, type StoreFailureCode } from "../../src/database/sqlstate.ts";

const TABLE: Readonly<Record<StoreFailureCode, readonly (string | undefined)[]>> = {
  "database-unreachable": [
    undefined,
    "08006", // connection failure
    "25006", // read-only transaction: a replica that is not promoted yet
    "28P01", // wrong password
    "40001", // serialization failure
    "40P01", // deadlock
    "53100", // disk full
    "53300", // too many connections
    "55P03", // lock not available
    "57014", // statement timeout
    "57P01", // administrator shutdown
    "57P03", // starting up
    "58030", // input/output error
    "XX000", // internal error
  ],
  "row-refused": [
    "21000", // a key twice in one statement
    "22001", // string too long
    "22003", // number out of range
    "22021", // NUL byte
    "23502", // null
    "23503", // foreign key
    "23505", // duplicate
    "23514", // check
    "44000", // check option of a view
    "54000", // too large for its index
  ],
  "schema-mismatch": [
    "3F000", // no such schema
    "42501", // no right
    "42703", // no such column
    "42P01", // no such table
    "42P10", // no such unique constraint
  ],
};

for (const [code, sqlStates] of Object.entries(TABLE)) {
  test.each([...sqlStates])(`SQLSTATE %p is ${code}`, (sqlState) => {
    expect(classifySqlState(sqlState)).toBe(code as StoreFailureCode);
  });
}
