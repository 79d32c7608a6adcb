/** Why a connection to PostgreSQL could not be opened: one sentence that names the cause and what to do. */
import type { ServerAddress } from "./server-address.ts";

/** A file that the address names cannot be read. */
export class FileProblem extends Error {
  override readonly name = "FileProblem";

  constructor(parameter: string, path: string, cause: unknown) {
    const reason = codeOf(cause) ?? "no reason given";
    super(`${parameter} names ${path}, which cannot be read (${reason})`, { cause });
  }
}

/**
 * `undefined` for what the server itself refused: its SQLSTATE says more, see `sqlstate.ts`.
 *
 * The driver's own messages are not quoted but compared: what a server writes into a certificate may be anything.
 */
export function describeConnectionFailure(
  error: unknown,
  address: ServerAddress,
  limitMs: number,
): string | undefined {
  if (error instanceof FileProblem) return error.message;
  if (typeof error === "object" && error !== null && "severity" in error) return undefined;
  const place = placeOf(address);
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : "";
  const known = BY_CODE[code ?? ""] ?? BY_MESSAGE[message];
  if (known !== undefined) return known(place, limitMs);
  if (message.startsWith("SASL: ")) return NO_PASSWORD;
  if (code !== undefined && /CERT|SSL|TLS/.test(code)) {
    return `the TLS handshake with ${place} failed (${code}): compare sslmode, sslrootcert, sslcert and sslkey with what the server expects`;
  }
  return `the connection to ${place} failed (${code ?? "no reason given"})`;
}

/** Without user and password. */
function placeOf({ host, port }: ServerAddress): string {
  if (host?.startsWith("/") === true) return `the socket ${host}/.s.PGSQL.${port ?? 5432}`;
  return `${host ?? "localhost"}:${port ?? 5432}`;
}

type Sentence = (place: string, limitMs: number) => string;

const unresolved: Sentence = (place) =>
  `the host of ${place} has no address: check its name in DATABASE_URL, and the DNS of this machine`;
const unreachable: Sentence = (place) =>
  `no route leads to ${place}: check the address in DATABASE_URL, and the network`;
const silent: Sentence = (place, limitMs) =>
  `${place} did not answer within ${limitMs} ms: check the address in DATABASE_URL, firewalls, and the server's load`;
const closed: Sentence = (place) =>
  `${place} closed the connection before it was open: check that PostgreSQL answers there, and its log`;
const forbidden: Sentence = (place) =>
  `this user may not open ${place}: check the rights of the socket and its folder`;
const untrusted: Sentence = (place) =>
  `the certificate of ${place} comes from no authority known here: name its authority with sslrootcert=FILE`;
const misnamed: Sentence = (place) =>
  `the certificate of ${place} is for another name: connect by its name, or check the authority alone with sslmode=verify-ca`;
const withoutTls: Sentence = (place) =>
  `${place} offers no TLS: switch it on there, or ask for none with sslmode=disable`;

const NO_PASSWORD =
  "the server asks for a password that DATABASE_URL does not have, or answers it wrongly: check the password";

const BY_CODE: Readonly<Record<string, Sentence>> = {
  ENOTFOUND: unresolved,
  EAI_AGAIN: unresolved,
  EAI_FAIL: unresolved,
  EAI_NODATA: unresolved,
  EAI_NONAME: unresolved,
  DNS_ENOTFOUND: unresolved,
  DNS_ESERVFAIL: unresolved,
  DNS_ETIMEOUT: unresolved,
  ECONNREFUSED: (place) =>
    `nothing listens at ${place}: start the server, or check host and port in DATABASE_URL`,
  ENOENT: (place) =>
    `there is no ${place.replace(/^the /, "")}: start the server, or check the folder in DATABASE_URL`,
  EACCES: forbidden,
  EPERM: forbidden,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  EADDRNOTAVAIL: unreachable,
  ETIMEDOUT: silent,
  ECONNRESET: closed,
  EPIPE: closed,
  EMFILE: () => "this process has no file descriptor left: raise its limit (ulimit -n)",
  ENFILE: () => "this machine has no file descriptor left: raise its limit",
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  CERT_UNTRUSTED: untrusted,
  CERT_SIGNATURE_FAILURE: untrusted,
  CERT_HAS_EXPIRED: (place) => `the certificate of ${place} has expired: renew it there`,
  CERT_NOT_YET_VALID: (place) =>
    `the certificate of ${place} is not valid yet: check the clock of this machine`,
  ERR_TLS_CERT_ALTNAME_INVALID: misnamed,
  HOSTNAME_MISMATCH: misnamed,
};

const BY_MESSAGE: Readonly<Record<string, Sentence>> = {
  "timeout expired": silent,
  "Connection terminated due to connection timeout": silent,
  "Connection terminated unexpectedly": closed,
  "Connection terminated": closed,
  "The server does not support SSL connections": withoutTls,
  "There was an error establishing an SSL connection": closed,
};

/** Of several attempts, to each address of a name, the last one speaks. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0)
    return codeOf(error.errors.at(-1));
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
