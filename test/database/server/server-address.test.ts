import { describe, expect, test } from "bun:test";
import { parseServerAddress } from "../../../src/database/server/server-address.ts";

const SECRET = "s3cret";

const ACCEPTED: Readonly<Record<string, object>> = {
  "postgres://h/d": { host: "h", database: "d", user: undefined, port: undefined, tls: undefined },
  "postgresql://u:p@h:5433/d?schema=app": {
    user: "u",
    password: "p",
    host: "h",
    port: 5433,
    database: "d",
    schema: "app",
  },
  "postgresql://u:p%40s%2Fs@h/d": { password: "p@s/s", host: "h" },
  "postgresql://u:p@ss:word@h/d": { user: "u", password: "p@ss:word", host: "h" },
  "postgresql://u:50%@h/d": { password: "50%", host: "h" },
  "postgresql://u@[::1]:5433/d": { host: "::1", port: 5433 },
  "postgresql://u@/d?host=/run/postgresql": { user: "u", host: "/run/postgresql", database: "d" },
  "postgresql:///d?host=/run&user=u&password=p&port=1&application_name=a@b": {
    user: "u",
    password: "p",
    host: "/run",
    port: 1,
    applicationName: "a@b",
  },
  "postgresql://%2Frun%2Fpostgresql/d": { host: "/run/postgresql" },
  "postgresql://": { host: undefined, database: undefined },
  "postgresql://h/d?dbname=other&pgbouncer=true&connection_limit=1": { database: "other" },
};

const REFUSED: Readonly<Record<string, string>> = {
  "": "begins with postgres:// or postgresql://",
  "host=h dbname=d": "begins with postgres:// or postgresql://",
  "mysql://h/d": "begins with postgres:// or postgresql://",
  [`postgresql://u:${SECRET}/x@h/d`]: "%40 %2F %3F %23 %25",
  [`postgresql://u:${SECRET}#x@h/d`]: "%40 %2F %3F %23 %25",
  [`postgresql://u:${SECRET}?x@h/d`]: "%40 %2F %3F %23 %25",
  [`postgresql://u:12/${SECRET}@h/d`]: "%40 %2F %3F %23 %25",
  [`postgresql://u:12#${SECRET}@h/d`]: "%40 %2F %3F %23 %25",
  [`postgresql://u:12?${SECRET}@h/d`]: "%40 %2F %3F %23 %25",
  [`postgresql://u:${SECRET}%ff@h/d`]: "%40 %2F %3F %23 %25",
  [`postgresql://u:${SECRET}@h1,h2/d`]: "expected one host, got several",
  [`postgresql://u:${SECRET}@h1:1,h2:2/d`]: "expected one host",
  [`postgresql://u:${SECRET}@h:0/d`]: "expected a port from 1 to 65535",
  [`postgresql://u:${SECRET}@h:65536/d`]: "expected a port from 1 to 65535",
  [`postgresql://u:${SECRET}@h/d?port=x`]: "expected a port from 1 to 65535",
  [`postgresql://u:${SECRET}@h/d?sslmode=on`]: "expected sslmode to be one of disable, allow,",
  [`postgresql://u:${SECRET}@h/d?sslmode=verify-ca`]: "expected sslrootcert=FILE beside",
  [`postgresql://u:${SECRET}@h/d?sslmode=require&sslrootcert=system`]:
    "expected sslmode=verify-full beside",
  [`postgresql://u:${SECRET}@h/d?sslmode=require&sslcert=/c`]:
    "expected sslcert and sslkey together",
  [`postgresql://u:${SECRET}@h/d?sslkey=/k`]: "expected sslcert and sslkey together",
};

describe("[R32] the database's address", () => {
  test.each(Object.keys(ACCEPTED))("%s is taken", (text) => {
    const address = parseServerAddress(text);
    expect(address).toMatchObject({ ok: true, value: ACCEPTED[text]! });
  });

  test.each(Object.keys(REFUSED))(
    "%s is refused, with what to do and without a word of it",
    (text) => {
      const address = parseServerAddress(text);
      expect(address).toMatchObject({ ok: false });
      const problem = address.ok ? "" : address.problem;
      expect(problem).toContain(REFUSED[text]!);
      expect(problem).not.toContain(SECRET);
    },
  );

  test.each([
    ["sslmode=verify-full", "verify-full"],
    ["sslrootcert=system", "verify-full"],
    ["sslrootcert=/r", "prefer"],
    ["ssl=true", "verify-full"],
    ["sslmode=no-verify", "require"],
  ])("%s means %s", (query, mode) => {
    const address = parseServerAddress(`postgresql://h/d?${query}`);
    expect(address).toMatchObject({ ok: true, value: { tls: { mode } } });
  });
});
