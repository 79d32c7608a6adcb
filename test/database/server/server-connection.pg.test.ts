import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../../src/database/db.ts";
import { openServerConnection } from "../../../src/database/migration-connection.ts";
import { StoreError } from "../../../src/database/store-error.ts";
import { startPostgresServer } from "../../support/actors/databases/postgres-server.ts";

/** Making the server takes seconds on a busy machine. */
const LIMIT_MS = 120_000;

const FOLDER = join(import.meta.dir, "certificates");
const fileOf = (name: string) => join(FOLDER, name);
const read = (name: string) => Bun.file(fileOf(name)).text();

const ACCESS = `
local   all all                     trust
host    all postgres   127.0.0.1/32 trust
host    all all        ::1/128      reject
hostssl all sealed     127.0.0.1/32 trust
hostssl all certified  127.0.0.1/32 cert
host    all locked     127.0.0.1/32 scram-sha-256
`;

/** A server with TLS and a socket, whose users are let in each in another way; it serves all tests of this file. */
async function startSealedServer() {
  const sockets = await mkdtemp(join(tmpdir(), "stenogate-socket-"));
  await chmod(sockets, 0o777);
  const server = await startPostgresServer({
    files: {
      "server.crt": await read("server.pem"),
      "server.key": await read("server.key"),
      "root.crt": await read("ca.pem"),
      "pg_hba.conf": ACCESS,
    },
    settings: ["ssl=on", "ssl_ca_file=root.crt", `unix_socket_directories=${sockets}`],
  });
  await using connection = await openServerConnection(server.urlOf("postgres"));
  for (const user of ["sealed", "certified", "locked"]) {
    await connection.run(`CREATE ROLE "${user}" LOGIN PASSWORD 'p@s/s:w#r%d?'`);
  }
  const { port } = new URL(server.urlOf("postgres"));
  return { server, sockets, port };
}

let started: ReturnType<typeof startSealedServer> | undefined;
const sealed = () => (started ??= startSealedServer());

afterAll(async () => {
  const { server, sockets } = (await started) ?? {};
  await server?.[Symbol.asyncDispose]();
  if (sockets !== undefined) await rm(sockets, { recursive: true });
});

interface Place {
  readonly port: string;
  readonly sockets: string;
}

const PASSWORD = encodeURIComponent("p@s/s:w#r%d?");
const CLIENT = `sslcert=${fileOf("client.pem")}&sslkey=${fileOf("client.key")}`;
const ROOT = `sslrootcert=${fileOf("ca.pem")}`;
const STRANGER = `sslrootcert=${fileOf("stranger.pem")}`;

/** By what the address says: whether the connection is encrypted. */
const OPENED: Readonly<
  Record<string, (place: Place) => readonly [url: string, isSealed: boolean]>
> = {
  "nothing of TLS": ({ port }) => [`postgresql://postgres@127.0.0.1:${port}/postgres`, false],
  "sslmode=disable": ({ port }) => [
    `postgresql://postgres@127.0.0.1:${port}/postgres?sslmode=disable`,
    false,
  ],
  "sslmode=allow": ({ port }) => [
    `postgresql://sealed@127.0.0.1:${port}/postgres?sslmode=allow`,
    true,
  ],
  "sslmode=prefer": ({ port }) => [
    `postgresql://sealed@127.0.0.1:${port}/postgres?sslmode=prefer`,
    true,
  ],
  "sslmode=require, from an authority that nobody knows": ({ port }) => [
    `postgresql://sealed@127.0.0.1:${port}/postgres?sslmode=require`,
    true,
  ],
  "sslmode=require and the authority": ({ port }) => [
    `postgresql://sealed@127.0.0.1:${port}/postgres?sslmode=require&${ROOT}`,
    true,
  ],
  "sslmode=verify-ca, by an address that the certificate does not name": ({ port }) => [
    `postgresql://sealed@127.0.0.1:${port}/postgres?sslmode=verify-ca&${ROOT}`,
    true,
  ],
  "sslmode=verify-full, by the certificate's name": ({ port }) => [
    `postgresql://sealed@localhost:${port}/postgres?sslmode=verify-full&${ROOT}`,
    true,
  ],
  "a client certificate": ({ port }) => [
    `postgresql://certified@127.0.0.1:${port}/postgres?sslmode=require&${CLIENT}`,
    true,
  ],
  "a password of special characters": ({ port }) => [
    `postgresql://locked:${PASSWORD}@127.0.0.1:${port}/postgres`,
    false,
  ],
  "a socket's folder as host, and no host before": ({ port, sockets }) => [
    `postgresql://postgres@/postgres?host=${sockets}&port=${port}&sslmode=require`,
    false,
  ],
  "a socket's folder in the host's place": ({ port, sockets }) => [
    `postgresql://postgres@${encodeURIComponent(sockets)}:${port}/postgres`,
    false,
  ],
};

/** By what is wrong: what the operator reads. */
const REFUSED: Readonly<Record<string, (place: Place) => readonly [url: string, words: string]>> = {
  "a host without an address": ({ port }) => [
    `postgresql://postgres@stenogate.invalid:${port}/postgres`,
    `the host of stenogate.invalid:${port} has no address: check its name in DATABASE_URL`,
  ],
  "a port where nobody listens": () => [
    "postgresql://postgres@127.0.0.1:1/postgres",
    "nothing listens at 127.0.0.1:1: start the server",
  ],
  "a name of two addresses where nobody listens": () => [
    "postgresql://postgres@localhost:1/postgres",
    "nothing listens at localhost:1: start the server",
  ],
  "a socket that is not there": ({ port }) => [
    `postgresql://postgres@/postgres?host=/nowhere&port=${port}`,
    `there is no socket /nowhere/.s.PGSQL.${port}: start the server`,
  ],
  "a certificate of an unknown authority": ({ port }) => [
    `postgresql://sealed@localhost:${port}/postgres?sslmode=verify-full`,
    "comes from no authority known here: name its authority with sslrootcert=FILE",
  ],
  "a certificate of another authority": ({ port }) => [
    `postgresql://sealed@localhost:${port}/postgres?sslmode=require&${STRANGER}`,
    "comes from no authority known here: name its authority with sslrootcert=FILE",
  ],
  "a certificate for another name": ({ port }) => [
    `postgresql://sealed@127.0.0.1:${port}/postgres?sslmode=verify-full&${ROOT}`,
    "is for another name: connect by its name",
  ],
  "an authority's file that is not there": ({ port }) => [
    `postgresql://sealed@localhost:${port}/postgres?sslmode=verify-full&sslrootcert=/nowhere.pem`,
    "sslrootcert names /nowhere.pem, which cannot be read (ENOENT)",
  ],
  "a user who is let in by TLS alone": ({ port }) => [
    `postgresql://sealed@127.0.0.1:${port}/postgres`,
    "SQLSTATE 28000",
  ],
  "a missing client certificate": ({ port }) => [
    `postgresql://certified@127.0.0.1:${port}/postgres?sslmode=require`,
    "a client certificate (sslcert, sslkey)",
  ],
  "a wrong password": ({ port }) => [
    `postgresql://locked:wrong@127.0.0.1:${port}/postgres`,
    "user and password do not fit: check them in DATABASE_URL",
  ],
  "no password": ({ port }) => [
    `postgresql://locked@127.0.0.1:${port}/postgres`,
    "the server asks for a password that DATABASE_URL does not have",
  ],
  "a database that is not there": ({ port }) => [
    `postgresql://postgres@127.0.0.1:${port}/nowhere`,
    "there is no such database: create it",
  ],
};

describe("[R32] an address says how to connect", () => {
  test.each(Object.keys(OPENED))(
    "%s",
    async (words) => {
      const [url, isSealed] = OPENED[words]!(await sealed());
      await using connection = await openServerConnection(url);
      const rows = await connection.query(
        "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
      );
      expect(rows).toEqual([{ ssl: isSealed }]);
    },
    LIMIT_MS,
  );
});

describe("[R33] a database that cannot be reached says why, and what to do", () => {
  test.each(Object.keys(REFUSED))(
    "%s",
    async (kind) => {
      const [url, words] = REFUSED[kind]!(await sealed());
      const database = await openDatabase({ kind: "postgres", url, connectionsMax: 1 });
      try {
        // By way of Prisma, whose own words come between, and without it.
        const failures = await Promise.all([
          database.ping(30_000).catch((error: unknown) => error),
          database.migrationConnection().catch((error: unknown) => error),
        ]);
        for (const failure of failures) {
          expect(failure).toBeInstanceOf(StoreError);
          expect(failure).toMatchObject({ code: "database-unreachable", retryable: true });
          expect((failure as StoreError).message).toContain(words);
          expect((failure as StoreError).message).not.toContain("no answer");
        }
      } finally {
        await database.close();
      }
    },
    LIMIT_MS,
  );
});

test(
  "[R32] sslmode=prefer goes on without TLS where the server has none, and require does not",
  async () => {
    await using server = await startPostgresServer();
    await using connection = await openServerConnection(
      `${server.urlOf("postgres")}?sslmode=prefer`,
    );
    expect(await connection.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    const refused = openServerConnection(`${server.urlOf("postgres")}?sslmode=require`);
    await expect(refused).rejects.toThrow("offers no TLS: switch it on there");
  },
  LIMIT_MS,
);
