/** What the writer does about a failure: wait and repeat, set one row aside, or ask for an operator. */
export type StoreFailureCode = "database-unreachable" | "row-refused" | "schema-mismatch";

/** A row names a call or a participant that does not exist: its cached id is stale (R8). */
export const FOREIGN_KEY_VIOLATION = "23503";

/** The class is the first two characters of an SQLSTATE: PostgreSQL manual, appendix A. */
const REFUSED_ROW_CLASSES: ReadonlySet<string> = new Set([
  "21", // cardinality violation: two rows of the batch turn out to have one key
  "22", // data exception: a NUL byte, a number out of range
  "23", // integrity constraint violation
  "44", // a view's check option
  "54", // program limit exceeded: a value larger than an index or a row can hold
]);

const SCHEMA_CLASSES: ReadonlySet<string> = new Set([
  "3F", // the schema in the search path does not exist
  "42", // a missing table or column, or no right to use it
]);

/**
 * The fact behind an SQLSTATE; `undefined` stands for a failure that never reached the server.
 *
 * Everything that is not known to be the row's or the schema's fault counts as an outage, because an outage is waited for
 * and loses nothing (R5): connections (08), rollbacks (40), resources (53), objects in use (55), operators (57), and the rest.
 */
export function classifySqlState(sqlState: string | undefined): StoreFailureCode {
  const sqlClass = sqlState?.slice(0, 2) ?? "";
  if (REFUSED_ROW_CLASSES.has(sqlClass)) return "row-refused";
  if (SCHEMA_CLASSES.has(sqlClass)) return "schema-mismatch";
  return "database-unreachable";
}

/** What the operator can do about a server that lets nobody in; what rows and tables are refused for needs no such word. */
export const SERVER_ADVICE: Readonly<Record<string, string>> = {
  "08P01":
    "a pooler or the server broke the exchange off: check the pooler's log, and the query of DATABASE_URL",
  "28000":
    "the server lets this user, host or certificate not in: check pg_hba.conf, and whether it wants TLS (sslmode=require) or a client certificate (sslcert, sslkey)",
  "28P01": "user and password do not fit: check them in DATABASE_URL",
  "3D000": "there is no such database: create it, or check its name in DATABASE_URL",
  "42501": "the user lacks a right: grant it on the schema and its tables",
  "53300":
    "the server has no connection left: raise max_connections, or put fewer clients before it",
  "57P03": "the server is starting or stopping: it answers later",
};
