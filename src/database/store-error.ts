import { assert } from "../kernel/assert.ts";
import { AppError, type FailureOptions } from "../kernel/errors.ts";
import { Prisma } from "./generated/client.ts";
import { classifySqlState, SERVER_ADVICE, type StoreFailureCode } from "./sqlstate.ts";

interface StoreFailureOptions extends Pick<FailureOptions, "cause"> {
  /** The server's code, where the failure came from the server. */
  readonly sqlState?: string | undefined;
}

/**
 * The database did not do what was asked. Only `database-unreachable` is worth repeating unchanged.
 *
 * The messages of Prisma and PostgreSQL quote rows, and rows are what people said: this error names codes, constraints and
 * columns instead, and never has one of theirs as its cause.
 */
export class StoreError extends AppError<StoreFailureCode> {
  override readonly name = "StoreError";
  readonly sqlState: string | undefined;

  constructor(code: StoreFailureCode, message: string, options: StoreFailureOptions = {}) {
    super(code, message, { retryable: code === "database-unreachable", cause: options.cause });
    this.sqlState = options.sqlState;
  }
}

/** Translates whatever Prisma, `pg` or PGlite threw while doing `what`. */
export function toStoreError(error: unknown, what: string): StoreError {
  if (error instanceof StoreError) return error;
  assert(!(error instanceof Prisma.PrismaClientValidationError), `${what}: malformed query`);
  const problem = toFields(toFields(error)["meta"])["connectionProblem"];
  if (typeof problem === "string") {
    return new StoreError("database-unreachable", `${what}: ${problem}`);
  }
  const failure = driverFailure(error);
  const sqlState = failure["originalCode"] ?? failure["code"];
  // Node's own codes (ECONNRESET) stand in the same property; a server's failure has a severity or came through Prisma.
  const isFromServer = "originalCode" in failure || "severity" in failure;
  if (!isFromServer || typeof sqlState !== "string") {
    return new StoreError("database-unreachable", `${what}: ${describeSilence(error)}`);
  }
  const code = classifySqlState(sqlState);
  const message = [`${what}: SQLSTATE ${sqlState}`, ...identifiersOf(failure)].join(", ");
  const advice = SERVER_ADVICE[sqlState];
  return new StoreError(code, advice === undefined ? message : `${message}: ${advice}`, {
    sqlState,
  });
}

/** The connection was there, and the answer did not come. The driver's words are compared and never quoted. */
function describeSilence(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  const found = Object.entries(SILENCES).find(([words]) => message.endsWith(words));
  return found?.[1] ?? "no answer from the database";
}

const SILENCES: Readonly<Record<string, string>> = {
  "timeout exceeded when trying to connect":
    "every connection was in use for too long: look for slow or locked statements in the database",
  "Query read timeout":
    "the database took the statement and did not answer in time: check its load, and the network",
  "Connection terminated unexpectedly":
    "the database closed the connection before it answered: check its log",
  "Connection terminated": "the connection was closed before the database answered",
};

type Fields = Readonly<Record<string, unknown>>;

/** The fields of the driver's error, out of Prisma's wrapping where there is one. */
function driverFailure(error: unknown): Fields {
  const meta = toFields(toFields(error)["meta"]);
  const adapterError = toFields(meta["driverAdapterError"]);
  return "cause" in adapterError ? toFields(adapterError["cause"]) : toFields(error);
}

/** Names out of the schema, which are safe to log; `message` and `detail` are not. */
function identifiersOf(failure: Fields): readonly string[] {
  const constraint = toFields(failure["constraint"]);
  const names = {
    kind: failure["kind"],
    constraint: constraint["index"] ?? failure["constraint"],
    table: failure["table"],
    column: failure["column"],
  };
  return Object.entries(names).flatMap(([name, value]) =>
    typeof value === "string" && value !== "postgres" ? [`${name} ${value}`] : [],
  );
}

function toFields(value: unknown): Fields {
  // Any object can be read by name when every value stays unknown.
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}
