/**
 * What our statements need of the connection that they run on: the zone in which times are written, and a limit.
 *
 * R31: the connection may be a pooler's, which hands each transaction to another one of the server's, and that one to another
 * application afterwards. So nothing is ever SET on it. Where the connection is ours, both are options of its opening. Where
 * it is not, they are set within the statement's own transaction, in the same packet, and end with it.
 *
 * It counts as ours when the server took the options and says afterwards that they hold. PgBouncer refuses them, or, told to
 * ignore them, lets them not hold.
 */
import { escapeIdentifier, escapeLiteral, Query, type Connection } from "pg";

declare module "pg" {
  // The driver's own methods, which its types leave out.
  interface Query {
    prepare(connection: Connection): void;
    handleDataRow(message: unknown): void;
    handleCommandComplete(message: unknown, connection: Connection): void;
  }
}

/** UTC is needed because the driver adapter reads a time and drops its offset. */
const ZONE = "UTC";

export interface SessionLimitsOptions {
  readonly statementLimitMs: number;
  /**
   * What the search path is, where the address names one. No statement of ours needs it; what triggers of the application
   * look for is found by it.
   */
  readonly schema: string | undefined;
  /** True where the address says that the connection is a pooler's; otherwise that is found out. */
  readonly isPooled: boolean;
}

/** Shared by the connections to one server. */
export class SessionLimits {
  readonly #settings: Readonly<Record<string, string>>;
  #isOurs: boolean;

  constructor({ statementLimitMs, schema, isPooled }: SessionLimitsOptions) {
    this.#settings = {
      TimeZone: ZONE,
      statement_timeout: `${statementLimitMs}ms`,
      ...(schema === undefined ? {} : { search_path: escapeIdentifier(schema) }),
    };
    this.#isOurs = !isPooled;
  }

  /** Whether connections are opened with the options. Once it is false it stays so. */
  get isOurs(): boolean {
    return this.#isOurs;
  }

  /** In the form of the server's command line, where a backslash keeps words together. */
  get options(): string {
    return Object.entries(this.#settings)
      .map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\\s]/g, "\\$&")}`)
      .join(" ");
  }

  /** True where a connection with the options failed because of them, so that one without is worth a try. */
  learnFromRefusal(error: unknown): boolean {
    if (typeof error !== "object" || error === null) return false;
    const isRefusal = "code" in error && error.code === PROTOCOL_VIOLATION;
    if (isRefusal) this.#isOurs = false;
    return isRefusal;
  }

  /** A statement whose only row says whether the options hold: by what no pooler sets on its own account. */
  get check(): string {
    const { statement_timeout: limit = "" } = this.#settings;
    return `SELECT current_setting('statement_timeout')::interval = '${limit}'::interval AS holds`;
  }

  learnFromCheck(rows: readonly unknown[]): void {
    const [row] = rows;
    const holds = typeof row === "object" && row !== null && "holds" in row && row.holds === true;
    if (!holds) this.#isOurs = false;
  }

  /** The same, for one transaction. */
  get statement(): string {
    const calls = Object.entries(this.#settings).map(
      ([name, value]) => `set_config('${name}', ${escapeLiteral(value)}, true)`,
    );
    return `SELECT ${calls.join(", ")}`;
  }
}

/** What PgBouncer answers to an option that it does not know. */
const PROTOCOL_VIOLATION = "08P01";

/**
 * A statement, and before it another one that sets the limits of both's transaction.
 *
 * The server begins a transaction with the first message and ends it with the Sync behind the last, and counts a statement's
 * time anew after each: so the limit is in force for the second one, at the cost of no round trip.
 */
export class LimitedQuery extends Query {
  readonly #limits: string;
  #isLimited = false;

  constructor(limits: string, parameters: ConstructorParameters<typeof Query>) {
    super(...parameters);
    this.#limits = limits;
    // Alone, it would go out in the protocol's simple form, which knows no second statement with values.
    Object.assign(this, { queryMode: "extended" });
  }

  override prepare(connection: Connection): void {
    connection.parse({ name: "", text: this.#limits, types: [] }, true);
    connection.bind({}, true);
    connection.execute({}, true);
    super.prepare(connection);
  }

  override handleDataRow(message: unknown): void {
    if (this.#isLimited) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: Connection): void {
    if (this.#isLimited) super.handleCommandComplete(message, connection);
    this.#isLimited = true;
  }
}
