/** The kinds of settings that `settings.ts` is made of: each knows what a value may be and says so when it is not. */
import { parseServerAddress } from "../database/server/server-address.ts";
import { accepted, refused, type Parsed } from "../kernel/result.ts";

export interface Setting<Value> {
  readonly name: string;
  /** Read when `name` is not set. */
  readonly alias?: string;
  /** What stands when nothing is set; shown as it is written here. */
  readonly fallback: Value;
  /** How the table shows the default where its value says too little. */
  readonly fallbackText?: string;
  readonly unit?: string;
  readonly sentence: string;
  /** A problem says what was expected; it never quotes a secret. */
  readonly parse: (text: string) => Parsed<Value>;
}

type Described<Value> = Omit<Setting<Value>, "parse">;

export function text(setting: Described<string>): Setting<string> {
  return { ...setting, parse: accepted };
}

export function optionalText(
  setting: Omit<Described<undefined>, "fallback">,
): Setting<string | undefined> {
  return { ...setting, fallback: undefined, parse: accepted };
}

export function secret(
  setting: Omit<Described<undefined>, "fallback"> & { bytesLeast: number },
): Setting<string | undefined> {
  const { bytesLeast, ...rest } = setting;
  const parse = (found: string): Parsed<string | undefined> => {
    const bytes = Buffer.byteLength(found);
    if (bytes >= bytesLeast) return accepted(found);
    return refused(`expected at least ${bytesLeast} bytes, got ${bytes}`);
  };
  return { ...rest, fallback: undefined, parse };
}

export function whole(
  setting: Described<number> & { least: number; most: number },
): Setting<number> {
  const { least, most, ...rest } = setting;
  const parse = (found: string): Parsed<number> => {
    const value = /^\d{1,12}$/.test(found) ? Number(found) : Number.NaN;
    if (value >= least && value <= most) return accepted(value);
    return refused(`expected a whole number from ${least} to ${most}, got "${found}"`);
  };
  return { ...rest, parse };
}

export function choice<Value extends string>(
  setting: Described<Value> & { choices: readonly Value[] },
): Setting<Value> {
  const { choices, ...rest } = setting;
  const parse = (found: string): Parsed<Value> => {
    const chosen = choices.find((candidate) => candidate === found);
    if (chosen !== undefined) return accepted(chosen);
    return refused(`expected one of ${choices.join(", ")}, got "${found}"`);
  };
  return { ...rest, parse };
}

/** Origins of pages, separated by commas, in the spelling of browsers: in lower case, without the scheme's own port. */
export function origins(
  setting: Omit<Described<readonly string[]>, "fallback">,
): Setting<readonly string[]> {
  const parse = (found: string): Parsed<readonly string[]> => {
    const entries = found.split(",").map((entry) => entry.trim());
    const parsed = entries.filter(Boolean).map(parseOrigin);
    const wrong = parsed.indexOf(undefined);
    if (wrong === -1) return accepted(parsed.filter((origin) => origin !== undefined));
    return refused(
      `expected origins such as https://app.example or http://localhost:3000, without a path, got something else as number ${wrong + 1}`,
    );
  };
  return { ...setting, fallback: [], parse };
}

export function url(
  setting: Described<string> & { protocols: readonly string[] },
): Setting<string> {
  const { protocols, ...rest } = setting;
  return { ...rest, parse: (found) => parseUrl(found, protocols) };
}

export function optionalUrl(
  setting: Omit<Described<undefined>, "fallback"> & { protocols: readonly string[] },
): Setting<string | undefined> {
  const { protocols, ...rest } = setting;
  return { ...rest, fallback: undefined, parse: (found) => parseUrl(found, protocols) };
}

/** The address of a PostgreSQL server. */
export function optionalDatabaseUrl(
  setting: Omit<Described<undefined>, "fallback">,
): Setting<string | undefined> {
  const parse = (found: string): Parsed<string | undefined> => {
    const address = parseServerAddress(found);
    return address.ok ? accepted(found) : address;
  };
  return { ...setting, fallback: undefined, parse };
}

/** NOTE: a URL may hold a password, so that the problem does not quote it. */
function parseUrl(found: string, protocols: readonly string[]): Parsed<string> {
  const protocol = URL.canParse(found) ? new URL(found).protocol : "";
  if (protocols.includes(protocol)) return accepted(found);
  return refused(`expected a URL that begins with ${protocols.map((p) => `${p}//`).join(" or ")}`);
}

/** scheme://host[:port], and no pattern: origins are compared as a whole. NOTE: an entry may hold a password, so that it is not quoted. */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^/?#@*\\\s]+$/i;

/** Undefined for what is no origin. */
function parseOrigin(found: string): string | undefined {
  if (!ORIGIN.test(found) || !URL.canParse(found)) return undefined;
  const { protocol, host } = new URL(found);
  return host === "" ? undefined : `${protocol}//${host}`.toLowerCase();
}
