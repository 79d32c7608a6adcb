/**
 * The address of a PostgreSQL server, as `DATABASE_URL` has it: what libpq and Prisma write there, read in one place.
 *
 * Not by `URL`, which refuses what libpq takes (no host before a socket's folder), and takes a password that holds a raw "#",
 * "?" or "/" for something else. What is refused is told without a word of the address: it may hold a password.
 */
import { accepted, refused, type Parsed } from "../../kernel/result.ts";

/** libpq's words for how a connection is encrypted. */
export type TlsMode = "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full";

export interface TlsRequest {
  readonly mode: TlsMode;
  /** PEM files, read whenever a connection is opened: certificates are renewed while a process runs. */
  readonly rootFile: string | undefined;
  readonly certificateFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly keyPassword: string | undefined;
}

/** What is `undefined` is left to the driver: libpq's variables (PGHOST, PGUSER, PGPASSWORD), then its defaults. */
export interface ServerAddress {
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly database: string | undefined;
  /** Where the tables are: `?schema=` as Prisma reads it. */
  readonly schema: string | undefined;
  /** `?pgbouncer=true` as Prisma reads it: connections are a pooler's. Without it that is found out. */
  readonly isPooled: boolean;
  /** `undefined` where the address says nothing of TLS: then there is none. */
  readonly tls: TlsRequest | undefined;
  readonly applicationName: string | undefined;
  readonly options: string | undefined;
}

const SHAPE = /^postgres(?:ql)?:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?(#.*)?$/s;

const HOST = /^(?:\[([\da-f:.]+)\]|([^:]*))(?::(\d*))?$/i;

const RAW_CHARACTER =
  "expected the characters @ / ? # % of a user name or password as %40 %2F %3F %23 %25, and found one as it is";

export function parseServerAddress(text: string): Parsed<ServerAddress> {
  const shape = SHAPE.exec(text);
  if (shape === null) {
    return refused("expected a URL that begins with postgres:// or postgresql://");
  }
  const [, authority = "", path = "", query = "", fragment] = shape;
  // A raw "/", "?" or "#" in the password ends the authority early, and leaves its "@" behind.
  const isCutShort = path.includes("@") || /^[^=]*@/.test(query) || fragment !== undefined;
  if (isCutShort) return refused(RAW_CHARACTER);
  const at = authority.lastIndexOf("@");
  const [user, password] = splitOnce(at === -1 ? "" : authority.slice(0, at), ":");
  const host = HOST.exec(authority.slice(at + 1));
  if (host === null) return refused("expected one host, and at most one port behind it");
  const decoded = [user, password, host[1] ?? host[2], path].map(decode);
  if (decoded.includes(undefined)) return refused(RAW_CHARACTER);
  return readParameters(new URLSearchParams(query), decoded, host[3]);
}

function readParameters(
  parameters: URLSearchParams,
  [user, password, host, database]: readonly (string | undefined)[],
  portText: string | undefined,
): Parsed<ServerAddress> {
  // An empty value is libpq's "not set"; one in the query wins.
  const valueOf = (name: string, other?: string) => parameters.get(name) || other || undefined;
  const portFound = valueOf("port", portText);
  const port = portFound === undefined ? undefined : Number(portFound);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port <= 65_535)) {
    return refused("expected a port from 1 to 65535");
  }
  const hostFound = valueOf("host", host);
  if (hostFound?.includes(",") === true) return refused("expected one host, got several");
  const tls = parseTls(valueOf);
  if (!tls.ok) return tls;
  return accepted({
    user: valueOf("user", user),
    password: valueOf("password", password),
    host: hostFound,
    port,
    database: valueOf("dbname", database),
    schema: valueOf("schema"),
    isPooled: valueOf("pgbouncer") === "true",
    // As in libpq: nothing is encrypted on its way through a socket of this machine.
    tls: hostFound?.startsWith("/") === true ? undefined : tls.value,
    applicationName: valueOf("application_name", valueOf("fallback_application_name")),
    options: valueOf("options"),
  });
}

const MODES: Readonly<Record<string, TlsMode>> = {
  disable: "disable",
  allow: "allow",
  prefer: "prefer",
  require: "require",
  "verify-ca": "verify-ca",
  "verify-full": "verify-full",
  // The driver's own words, from before these were libpq's.
  "no-verify": "require",
  true: "verify-full",
  "1": "verify-full",
  false: "disable",
  "0": "disable",
};

function parseTls(valueOf: (name: string) => string | undefined): Parsed<TlsRequest | undefined> {
  const rootFound = valueOf("sslrootcert");
  const certificateFile = valueOf("sslcert");
  const keyFile = valueOf("sslkey");
  const modeFound = valueOf("sslmode") ?? valueOf("ssl");
  const hasFiles = rootFound !== undefined || certificateFile !== undefined;
  if (modeFound === undefined && keyFile === undefined && !hasFiles) return accepted(undefined);

  // Authorities of the public vouch for anybody's server: libpq has the name looked at as well.
  const isSystem = rootFound === "system";
  const mode = MODES[modeFound ?? (isSystem ? "verify-full" : "prefer")];
  if (mode === undefined) {
    return refused(
      "expected sslmode to be one of disable, allow, prefer, require, verify-ca, verify-full",
    );
  }
  if (isSystem && mode !== "verify-full") {
    return refused("expected sslmode=verify-full beside sslrootcert=system");
  }
  if (mode === "verify-ca" && rootFound === undefined) {
    return refused("expected sslrootcert=FILE beside sslmode=verify-ca");
  }
  if ((certificateFile === undefined) !== (keyFile === undefined)) {
    return refused("expected sslcert and sslkey together");
  }
  const rootFile = isSystem ? undefined : rootFound;
  const keyPassword = valueOf("sslpassword");
  return accepted({ mode, rootFile, certificateFile, keyFile, keyPassword });
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const index = text.indexOf(separator);
  return index === -1 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}

/** Undefined for what is no UTF-8. A "%" that begins no escape stands for itself, as it does for the driver. */
function decode(text = ""): string | undefined {
  try {
    return decodeURIComponent(text.replace(/%(?![\da-f]{2})/gi, "%25"));
  } catch {
    // The caller's refusal says it.
    return undefined;
  }
}
