import { EXPECTED_SLUG, isNameable } from "../auth/token-claims.ts";
import { mintToken } from "../auth/token-minter.ts";
import { accepted, refused, type Parsed } from "../kernel/result.ts";
import { readConfig } from "../settings/config.ts";
import { readFlag, UsageError, type Command, type FlagValues } from "./command.ts";

/** Long enough for a try-out, short enough to forget. */
const TTL_DEFAULT = "1h";

/** A token that cannot be called back should not outlive a month. */
const TTL_SECONDS_MAX = 31 * 24 * 3600;

const SECONDS_BY_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Prints a token for one participant of one call, signed with `TRANSCRIPTION_JWT_SECRET`. */
export const token: Command = {
  name: "token",
  summary: "print a token for one participant of one call",
  flags: {
    session: { type: "string", value: "SLUG", sentence: "The call (required)." },
    identity: { type: "string", value: "NAME", sentence: "The participant inside it (required)." },
    name: {
      type: "string",
      value: "NAME",
      sentence: "What people read; the identity when absent.",
    },
    subject: {
      type: "string",
      value: "ID",
      sentence: "Whose limits count; the identity when absent.",
    },
    ttl: {
      type: "string",
      value: "TIME",
      sentence: `90s, 30m, 1h, 7d; ${TTL_DEFAULT} when absent.`,
    },
  },
  readsSettings: false,
  run: async (flags, environment) => {
    const identity = requireFlag(flags, "identity");
    const sessionSlug = requireFlag(flags, "session");
    if (!isNameable(sessionSlug)) throw new UsageError(`--session: expected ${EXPECTED_SLUG}`);
    const ttl = parseTtl(readFlag(flags, "ttl") ?? TTL_DEFAULT);
    if (!ttl.ok) throw new UsageError(`--ttl: ${ttl.problem}`);
    const config = readConfig(environment, ({ jwtSecret }) =>
      jwtSecret === undefined ? ["TRANSCRIPTION_JWT_SECRET: expected the key to sign with"] : [],
    );
    const signed = await mintToken({
      secret: config.jwtSecret ?? "",
      subject: readFlag(flags, "subject") ?? identity,
      sessionSlug,
      identity,
      name: readFlag(flags, "name"),
      ttlSeconds: ttl.value,
      audience: config.jwtAudience,
      issuer: config.jwtIssuer,
    });
    console.log(signed);
    return 0;
  },
};

/** Seconds of a time such as "90s" or "1h". */
export function parseTtl(text: string): Parsed<number> {
  const [, amount, unit] = /^(\d{1,7})([smhd])$/.exec(text) ?? [];
  const seconds = Number(amount) * (SECONDS_BY_UNIT[unit ?? ""] ?? Number.NaN);
  if (seconds >= 1 && seconds <= TTL_SECONDS_MAX) return accepted(seconds);
  return refused(`expected a time from 1s to 31d such as 90s, 30m or 1h, got "${text}"`);
}

function requireFlag(flags: FlagValues, name: string): string {
  const value = readFlag(flags, name);
  if (value === undefined) throw new UsageError(`expected --${name}`);
  return value;
}
