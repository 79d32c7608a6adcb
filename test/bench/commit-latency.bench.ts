/**
 * How long a final waits until the database has it, while a thousand of them come every second: journal, batch queue, store
 * and a PostgreSQL whose commits reach the disk, as the gateway puts them together.
 *
 *     bun run test/bench/commit-latency.bench.ts [--seconds 20] [--rate 1000] [--sync normal|full]
 *
 * The first seconds warm up and do not count. Prints one line of JSON; README.md beside this file says what it means.
 */
import { parseArgs } from "node:util";
import { openStorage } from "../../src/app/storage.ts";
import { sleep } from "../../src/kernel/timers.ts";
import { createLog } from "../../src/observe/log.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { readConfig } from "../../src/settings/config.ts";
import { createDatabaseOn, startPreparedServer } from "../support/actors/databases/postgres.ts";
import { createGuardedFolder } from "../support/probes/guarded-folder.ts";
import { createFinals } from "./finals.ts";
import { describeCircumstances, rounded } from "./machine.ts";

const WARM_UP_SECONDS = 3;

/** The queue's own interval is a third of a second. */
const LAST_FLUSH_LIMIT_MS = 5000;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    rate: { type: "string", default: "1000" },
    sync: { type: "string", default: "normal" },
  },
});
const seconds = Number(values.seconds);
const finalsPerSecond = Number(values.rate);
if (!(seconds > 0 && finalsPerSecond > 0)) {
  throw new Error(`expected positive numbers, got ${JSON.stringify(values)}`);
}

await using opened = new AsyncDisposableStack();
const server = opened.use(await startPreparedServer({ isDurable: true }));
const target = opened.use(await createDatabaseOn(server));
const folder = opened.use(await createGuardedFolder("stenogate-latency-"));
const config = readConfig({
  DATABASE_URL: target.url,
  DATA_DIR: folder.path,
  SESSION_POLICY: "create",
  JOURNAL_SYNC: values.sync,
});
const metrics = new Metrics();
const commitMs: number[] = [];
// The waits that `/metrics` counts in buckets, one by one.
metrics.observeCommit = (waitedSeconds) => void commitMs.push(waitedSeconds * 1000);
const storage = await openStorage(config, { metrics, log: createLog("warn") });
opened.defer(() => storage.close());

await send(0, WARM_UP_SECONDS);
commitMs.length = 0;
const statementsBefore = await target.statementCount("%");
const cpuBefore = process.cpuUsage();
await send(WARM_UP_SECONDS, seconds);
const { user, system } = process.cpuUsage(cpuBefore);
const statements = (await target.statementCount("%")) - statementsBefore;
const { kept, lost } = await storage.queue.flushAllPending(LAST_FLUSH_LIMIT_MS);
if (kept + lost > 0)
  throw new Error(`expected every final to be committed, got ${kept + lost} left`);

const sortedMs = commitMs.toSorted((one, other) => one - other);
const quantileMs = (share: number) => rounded(sortedMs[Math.ceil(share * sortedMs.length) - 1]!);
console.log(
  JSON.stringify({
    bench: "commit-latency",
    ...(await describeCircumstances(target)),
    finalsPerSecond,
    seconds,
    sync: values.sync,
    commitMs: { p50: quantileMs(0.5), p99: quantileMs(0.99), max: quantileMs(1) },
    statementsPerSecond: rounded(statements / seconds),
    cpuShare: rounded((user + system) / 1e6 / seconds),
  }),
);

/** Finals come evenly, whatever becomes of the ones before them. */
async function send(firstSecond: number, durationSeconds: number): Promise<void> {
  const finals = createFinals(firstSecond * finalsPerSecond, durationSeconds * finalsPerSecond);
  const startedAtMs = performance.now();
  for (let sent = 0; sent < finals.length;) {
    const due = ((performance.now() - startedAtMs) / 1000) * finalsPerSecond;
    for (; sent < Math.min(due, finals.length); sent += 1) {
      storage.queue.enqueue(finals[sent]!, () => undefined);
    }
    await sleep(1);
  }
}
