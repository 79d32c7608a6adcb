/** Reads the settings. A wrong configuration is reported whole: all problems at once, by name (R32). */
import { accepted, refused, type Parsed } from "../kernel/result.ts";
import type { Setting } from "./setting-kinds.ts";
import { SETTINGS } from "./settings.ts";

type Settings = typeof SETTINGS;
export type SettingKey = keyof Settings;
export type Config = {
  readonly [Key in SettingKey]: Settings[Key] extends Setting<infer Value> ? Value : never;
};

/** The variables that settings are read from. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Ends start-up: exit code 78 (EX_CONFIG of sysexits.h). */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the configuration has ${problems.length} problem(s):\n  ${problems.join("\n  ")}`);
    this.problems = problems;
  }
}

/** Reads all settings. `check` adds what a command needs beyond them. Throws a `ConfigError` with every problem. */
export function readConfig(
  environment: Environment,
  check: (config: Config) => readonly string[] = () => [],
): Config {
  const problems = new Map<string, string>();
  const values = Object.entries(SETTINGS).map(([key, setting]) => {
    // The table's parsers differ in their values; each fits its own key.
    const parsed = readSetting(setting as Setting<unknown>, environment);
    if (parsed.ok) return [key, parsed.value] as const;
    problems.set(setting.name, `${setting.name}: ${parsed.problem}`);
    return [key, setting.fallback] as const;
  });
  // Every key of the table has got a value of its setting.
  const config = Object.fromEntries(values) as Config;
  // A setting whose value is wrong is not reported as missing too.
  const needs = check(config).filter((need) => !problems.has(need.slice(0, need.indexOf(":"))));
  if (problems.size > 0 || needs.length > 0)
    throw new ConfigError([...problems.values(), ...needs]);
  return config;
}

/** What `serve` needs beyond valid values. */
export function checkServing(config: Config): readonly string[] {
  const problems: string[] = [];
  if (config.gladiaApiKey === undefined) {
    problems.push("GLADIA_API_KEY: expected a key; `stenogate demo` runs without one");
  }
  if (config.jwtSecret === undefined && config.jwksUrl === undefined) {
    problems.push(
      "TRANSCRIPTION_JWT_SECRET: expected it or TRANSCRIPTION_JWKS_URL, so that tokens can be checked",
    );
  }
  if (config.demoPage === "1" && config.jwtSecret === undefined) {
    problems.push(
      "DEMO_PAGE: expected TRANSCRIPTION_JWT_SECRET beside it, to sign the page's tokens",
    );
  }
  return problems;
}

function readSetting<Value>(setting: Setting<Value>, environment: Environment): Parsed<Value> {
  const own = environment[setting.name]?.trim();
  const aliased = setting.alias === undefined ? undefined : environment[setting.alias]?.trim();
  // An empty variable is how environment files say "not set".
  if (own) return setting.parse(own);
  if (!aliased) return accepted(setting.fallback);
  const parsed = setting.parse(aliased);
  return parsed.ok ? parsed : refused(`${parsed.problem} in ${setting.alias}`);
}
