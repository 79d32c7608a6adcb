import { readQuery } from "../kernel/request-url.ts";
import { AuthError } from "./auth-error.ts";

/** What a client offers beside its token, so that the server can select a sub-protocol that is no secret. */
const PLAIN_PROTOCOL = "stenogate";

/** A browser's WebSocket cannot set headers: the token comes as an offered sub-protocol with this prefix. */
const TOKEN_PROTOCOL_PREFIX = "access_token.";

/**
 * The request's token: from `Authorization: Bearer`, the sub-protocol `access_token.<jwt>` or `?token=`.
 *
 * The same token may come in several places. Differing ones are an `AuthError` "token-invalid": choosing one would let
 * whoever can add to a URL or a header decide who speaks.
 */
export function findToken(request: Request): string | undefined {
  const tokens = new Set([
    ...readAuthorization(request),
    ...readOfferedProtocols(request).flatMap(readTokenProtocol),
    ...readQuery(request).getAll("token"),
  ]);
  tokens.delete("");
  if (tokens.size > 1) {
    throw new AuthError("token-invalid", `expected one token, got ${tokens.size} differing ones`);
  }
  const [token] = tokens;
  return token;
}

/**
 * The sub-protocol that the upgrade's answer must name, if any: a browser that offered some fails when none is selected.
 *
 * "stenogate" goes first. A client that offers its token alone gets it back, which tells nobody else anything.
 */
export function selectProtocol(request: Request): string | undefined {
  const offered = readOfferedProtocols(request);
  if (offered.includes(PLAIN_PROTOCOL)) return PLAIN_PROTOCOL;
  return offered.find((protocol) => protocol.startsWith(TOKEN_PROTOCOL_PREFIX));
}

function readAuthorization(request: Request): readonly string[] {
  const header = request.headers.get("authorization") ?? "";
  // Another scheme belongs to somebody else, such as a proxy with Basic.
  const [, token] = /^bearer +(\S+) *$/i.exec(header) ?? [];
  return token === undefined ? [] : [token];
}

function readOfferedProtocols(request: Request): readonly string[] {
  const header = request.headers.get("sec-websocket-protocol") ?? "";
  return header.split(",").map((protocol) => protocol.trim());
}

function readTokenProtocol(protocol: string): readonly string[] {
  if (!protocol.startsWith(TOKEN_PROTOCOL_PREFIX)) return [];
  return [protocol.slice(TOKEN_PROTOCOL_PREFIX.length)];
}
