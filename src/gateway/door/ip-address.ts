/** IP addresses as texts: one spelling for each, and the network that counts as one client. */
import { isIPv4, isIPv6 } from "node:net";

/** Longer than any address with zone, brackets and port; a zone is an interface's name, of 15 characters in Linux. */
const TEXT_LENGTH_MAX = 80;

/** `[v6]`, `[v6]:port` or `v4:port`. */
const BRACKETED = /^\[([^\]]+)\](?::\d{1,5})?$/;
const V4_WITH_PORT = /^([\d.]+):\d{1,5}$/;

const ZONE = /%[\w.~-]+$/;

/** Of an IPv6 address; the last two may be written as IPv4. */
const GROUPS = 8;
const GROUPS_OF_NETWORK = 4;

/** ::ffff:0:0/96, an IPv4 address in an IPv6 socket (RFC 4291, 2.5.5.2). */
const MAPPED = "0:0:0:0:0:ffff:";

/**
 * The address in its one spelling: dotted IPv4, also where it was mapped into IPv6, or eight lower-case hexadecimal groups without
 * leading zeros. A port, brackets and a zone are left out. Undefined for everything else.
 */
export function parseIpAddress(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed.length > TEXT_LENGTH_MAX) return undefined;
  const bare = (BRACKETED.exec(trimmed) ?? V4_WITH_PORT.exec(trimmed))?.[1] ?? trimmed;
  if (isIPv4(bare)) return bare;
  const address = bare.replace(ZONE, "");
  return isIPv6(address) ? unmapped(toGroups(address)) : undefined;
}

/** Whom an address belongs to: an IPv4 address by itself, an IPv6 address with its /64, which one subscriber has to himself. */
export function networkOf(address: string): string {
  const groups = address.split(":");
  if (groups.length !== GROUPS) return address;
  return `${groups.slice(0, GROUPS_OF_NETWORK).join(":")}::/64`;
}

/** Eight groups of a valid IPv6 address. */
function toGroups(address: string): string {
  const [head = "", tail] = withoutDots(address).split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: GROUPS - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after]
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}

/** `::1.2.3.4` → `::102:304`. */
function withoutDots(address: string): string {
  const start = address.lastIndexOf(":") + 1;
  const [a, b, c, d] = address.slice(start).split(".").map(Number);
  if (a === undefined || b === undefined || c === undefined || d === undefined) return address;
  return `${address.slice(0, start)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

function unmapped(groups: string): string {
  if (!groups.startsWith(MAPPED)) return groups;
  const [high = 0, low = 0] = groups
    .slice(MAPPED.length)
    .split(":")
    .map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}
