import { describe, expect, test } from "bun:test";
import {
  checkServing,
  ConfigError,
  readConfig,
  type Config,
  type Environment,
} from "../../src/settings/config.ts";
import { SETTINGS } from "../../src/settings/settings.ts";
import { readSourceTree } from "../law/source-tree.ts";

const SECRET = "a secret of thirty-two bytes, or more";

/** The problems of a configuration that is refused. */
function problemsOf(
  environment: Environment,
  check?: (config: Config) => readonly string[],
): readonly string[] {
  try {
    readConfig(environment, check);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) expect(error.message).toContain(problem);
    return error.problems;
  }
  return [];
}

describe("without any variable", () => {
  test("every setting has its default", () => {
    const config: Record<string, unknown> = readConfig({});
    for (const [key, { fallback }] of Object.entries(SETTINGS))
      expect(config[key]).toEqual(fallback);
    expect(config).toMatchObject({
      port: 3001,
      batchFlushIntervalMs: 300,
      batchMaxSize: 100,
      batchMaxQueue: 1000,
      shutdownDeadlineMs: 10_000,
      databaseUrl: undefined,
      allowedOrigins: [],
      logLevel: "info",
    });
  });

  test("an empty or blank variable is not set", () => {
    const blank = Object.fromEntries(
      Object.values(SETTINGS).map(({ name }, index) => [name, index % 2 === 0 ? "" : "  "]),
    );
    expect(readConfig(blank)).toEqual(readConfig({}));
  });
});

test("every setting has a name of its own", () => {
  const names = Object.values(SETTINGS).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test("every setting is read by somebody", async () => {
  const sources = await readSourceTree(["src"]);
  const readers = sources.filter(({ path }) => path !== "src/settings/settings.ts");
  const code = readers.map((file) => file.code).join("\n");
  const isRead = (key: string) => new RegExp(String.raw`(?:\.|[{,]\s*)${key}\b`).test(code);
  expect(Object.keys(SETTINGS).filter((key) => !isRead(key))).toEqual([]);
});

test("reads every kind of setting", () => {
  expect(
    readConfig({
      PORT: " 0 ",
      DATABASE_URL: "postgresql://user:word@localhost/stenogate",
      TRANSCRIPTION_JWKS_URL: "https://issuer.example/keys",
      ALLOWED_ORIGINS: "https://a.example, ,https://b.example,",
      SESSION_POLICY: "create",
      METRICS_TOKEN: "sixteen bytes ...",
      BATCH_MAX_SIZE: "5000",
    }),
  ).toMatchObject({
    port: 0,
    databaseUrl: "postgresql://user:word@localhost/stenogate",
    jwksUrl: "https://issuer.example/keys",
    allowedOrigins: ["https://a.example", "https://b.example"],
    sessionPolicy: "create",
    metricsToken: "sixteen bytes ...",
    batchMaxSize: 5000,
  });
});

test("reads WS_PORT where PORT is not set, and names it when it is wrong", () => {
  expect(readConfig({ WS_PORT: "4000" }).port).toBe(4000);
  expect(readConfig({ PORT: "", WS_PORT: "4000" }).port).toBe(4000);
  expect(readConfig({ PORT: "5000", WS_PORT: "4000" }).port).toBe(5000);
  expect(problemsOf({ WS_PORT: "http" })).toEqual([
    'PORT: expected a whole number from 0 to 65535, got "http" in WS_PORT',
  ]);
});

test("[R32] reports every problem at once, each by its setting's name", () => {
  const problems = problemsOf(
    {
      PORT: "70000",
      DATABASE_URL: "mysql://localhost/x",
      GLADIA_API_URL: "api.gladia.io",
      GLADIA_REGION: "mars",
      TRANSCRIPTION_JWT_SECRET: "too short",
      TRANSCRIPTION_JWKS_URL: "ftp://issuer.example",
      BATCH_FLUSH_INTERVAL_MS: "0",
      MAX_SESSIONS: "-1",
      METRICS_TOKEN: "short",
      SHUTDOWN_DEADLINE_MS: "1e4",
      ALLOWED_ORIGINS: "https://app.example/page",
      LOG_LEVEL: "loud",
    },
    checkServing,
  );
  expect(problems.map((problem) => problem.split(":")[0])).toEqual([
    "PORT",
    "DATABASE_URL",
    "GLADIA_API_URL",
    "GLADIA_REGION",
    "TRANSCRIPTION_JWT_SECRET",
    "TRANSCRIPTION_JWKS_URL",
    "BATCH_FLUSH_INTERVAL_MS",
    "MAX_SESSIONS",
    "ALLOWED_ORIGINS",
    "METRICS_TOKEN",
    "SHUTDOWN_DEADLINE_MS",
    "LOG_LEVEL",
    "GLADIA_API_KEY",
  ]);
});

test.each(["3001.5", "0x10", "1e3", "+1", "-0", "١", "9".repeat(30)])(
  "[R32] takes %p for no whole number",
  (text) => {
    expect(problemsOf({ PORT: text })).toEqual([
      `PORT: expected a whole number from 0 to 65535, got "${text}"`,
    ]);
  },
);

test("[R32] quotes no secret, and no URL, which may hold a password", () => {
  const quoted = "hunter2";
  const problems = problemsOf({
    TRANSCRIPTION_JWT_SECRET: quoted,
    METRICS_TOKEN: quoted,
    DATABASE_URL: `mysql://user:${quoted}@localhost`,
    GLADIA_API_URL: `//${quoted}`,
    TRANSCRIPTION_JWKS_URL: quoted,
    ALLOWED_ORIGINS: `https://user:${quoted}@app.example`,
  });
  expect(problems).toHaveLength(6);
  expect(problems.join()).not.toContain(quoted);
});

describe("an origin of a page", () => {
  test.each([
    ["https://app.example", "https://app.example"],
    ["HTTPS://App.Example", "https://app.example"],
    ["https://app.example:443", "https://app.example"],
    ["http://localhost:3000", "http://localhost:3000"],
    ["https://app.example:8443", "https://app.example:8443"],
    ["http://[::1]:3000", "http://[::1]:3000"],
    ["https://bücher.example", "https://xn--bcher-kva.example"],
    ["capacitor://localhost", "capacitor://localhost"],
  ])("%p is read as browsers write it, as %p", (text, origin) => {
    expect(readConfig({ ALLOWED_ORIGINS: text }).allowedOrigins).toEqual([origin]);
  });

  test.each([
    "app.example",
    "https://",
    "https://app.example/",
    "https://app.example/page",
    "https://app.example?x",
    "https://app.example#x",
    "https://user:word@app.example",
    "https://*.app.example",
    "https://app.example:port",
    "https://app.example https://b.example",
    "https:app.example",
    "https:\\\\app.example",
    "file:///",
    "null",
    "*",
  ])("[R32] is not %p", (text) => {
    expect(problemsOf({ ALLOWED_ORIGINS: `https://a.example, ${text}` })).toEqual([
      expect.stringMatching(
        /^ALLOWED_ORIGINS: expected origins such as .* got something else as number 2$/,
      ),
    ]);
  });
});

test("counts the bytes of a secret, not its characters", () => {
  expect(readConfig({ TRANSCRIPTION_JWT_SECRET: "é".repeat(16) }).jwtSecret).toBe("é".repeat(16));
  expect(problemsOf({ TRANSCRIPTION_JWT_SECRET: "é".repeat(15) })).toEqual([
    "TRANSCRIPTION_JWT_SECRET: expected at least 32 bytes, got 30",
  ]);
});

describe("[R32] serving", () => {
  const names = (environment: Environment) =>
    problemsOf(environment, checkServing).map((problem) => problem.split(":")[0]);
  const served = { GLADIA_API_KEY: "key", TRANSCRIPTION_JWT_SECRET: SECRET };

  test("needs a key of the provider and a way to check tokens", () => {
    expect(names({})).toEqual(["GLADIA_API_KEY", "TRANSCRIPTION_JWT_SECRET"]);
    expect(names(served)).toEqual([]);
    const keySet = { GLADIA_API_KEY: "key", TRANSCRIPTION_JWKS_URL: "https://issuer.example/keys" };
    expect(names(keySet)).toEqual([]);
    expect(names({ ...keySet, DEMO_PAGE: "1" })).toEqual(["DEMO_PAGE"]);
    expect(names({ ...served, DEMO_PAGE: "1" })).toEqual([]);
  });

  test("does not call a secret missing that is only too short", () => {
    expect(names({ GLADIA_API_KEY: "key", TRANSCRIPTION_JWT_SECRET: "short" })).toEqual([
      "TRANSCRIPTION_JWT_SECRET",
    ]);
  });
});
