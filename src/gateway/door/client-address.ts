import { parseIpAddress } from "./ip-address.ts";

/** Stands for a socket that has no address any more, because it is closed. All of them count as one client. */
const UNKNOWN_ADDRESS = "unknown";

/**
 * Where a request comes from, in the spelling of `parseIpAddress`. Personal data: it is never logged at info.
 *
 * With `trustedProxies` = n it is the n-th entry of `X-Forwarded-For` from the right: the outermost of our own proxies wrote
 * it, and what stands to its left anybody may have written. Where that entry is no address, or there are fewer, it is the
 * socket's own.
 */
export function findClientAddress(
  request: Request,
  socketAddress: string | undefined,
  trustedProxies: number,
): string {
  const forwarded = trustedProxies === 0 ? undefined : findForwarded(request, trustedProxies);
  return forwarded ?? parseIpAddress(socketAddress ?? "") ?? UNKNOWN_ADDRESS;
}

/** NOTE: several header lines are one list (RFC 9110, 5.3); `get` joins them in their order. */
function findForwarded({ headers }: Request, trustedProxies: number): string | undefined {
  const entries = headers.get("x-forwarded-for")?.split(",") ?? [];
  const entry = entries.at(-trustedProxies);
  return entry === undefined ? undefined : parseIpAddress(entry);
}
