/** What may happen to a PostgreSQL server, beyond being stopped in order. */
import { Client } from "pg";
import { deadline } from "../../../src/kernel/deadline.ts";
import { monotonicMs, sleep } from "../../../src/kernel/timers.ts";
import type { PostgresServer } from "../../support/actors/databases/postgres-server.ts";

const LOCK_POLL_MS = 5;

/** How often the slots are looked after: a client that connects anew gets none for longer. */
const SIEGE_POLL_MS = 50;

/** A server whose slots are all taken refuses at once. */
const CONNECT_LIMIT_MS = 2000;

/**
 * SIGKILL for the postmaster and all its processes while finals are being written. It can be started again.
 *
 * `before commit`: their statement waits for a lock. `near commit`: it got the lock a moment ago.
 */
export async function crashPostgres(
  server: PostgresServer,
  url: string,
  moment: "before commit" | "near commit",
): Promise<void> {
  const blocker = await connect(url);
  await blocker.query('BEGIN; LOCK TABLE "TranscriptSegment" IN SHARE MODE');
  await untilSomebodyWaits(blocker);
  // The postmaster comes first: it must not mourn its children and begin anew.
  const { rows } = await blocker.query<{ pid: number }>(`
    SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int AS pid
    UNION ALL SELECT pid FROM pg_stat_activity`);
  if (moment === "near commit") await blocker.query("ROLLBACK");
  for (const { pid } of rows) killIfAlive(pid);
  // It has ended already; the server's own bookkeeping hears of it by this.
  await server.stop();
  await blocker.end();
}

async function untilSomebodyWaits(client: Client): Promise<void> {
  for (;;) {
    const { rowCount } = await client.query("SELECT FROM pg_locks WHERE NOT granted");
    if (rowCount !== 0) return;
    await sleep(LOCK_POLL_MS);
  }
}

/** Ends everybody else's connections and takes every slot of the server, for `durationMs`. Returns the connections ended. */
export async function exhaustConnections(url: string, durationMs: number): Promise<number> {
  const besieger = await connect(url);
  const occupiers: Client[] = [];
  let endedCount = 0;
  const endAtMs = monotonicMs() + durationMs;
  try {
    while (monotonicMs() < endAtMs) {
      const { rowCount } = await besieger.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND application_name <> $1`,
        [OCCUPIER],
      );
      endedCount += rowCount ?? 0;
      await takeFreeSlots(url, occupiers);
      await sleep(SIEGE_POLL_MS);
    }
  } finally {
    await Promise.all([besieger, ...occupiers].map((client) => client.end()));
  }
  return endedCount;
}

const OCCUPIER = "occupier";

/** Tests connect as a superuser: the slots reserved for those go too. */
async function takeFreeSlots(url: string, occupiers: Client[]): Promise<void> {
  for (;;) {
    try {
      occupiers.push(await connect(url));
    } catch {
      // No slot is left, which is the aim.
      return;
    }
  }
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: OCCUPIER });
  // The server may end it at any time; without a listener that would end this process.
  client.on("error", () => undefined);
  await deadline(client.connect(), CONNECT_LIMIT_MS, "a connection");
  return client;
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** More turns than any pooler here has connections. */
const NEIGHBOUR_TURNS = 8;

/** What another application may leave on the connections of a pooler that both share. */
export async function leaveSearchPath(poolerUrl: string, schema: string): Promise<void> {
  const client = new Client({ connectionString: poolerUrl });
  await client.connect();
  for (let turn = 0; turn < NEIGHBOUR_TURNS; turn += 1) {
    await client.query(`SET search_path TO ${schema}`);
  }
  await client.end();
}
