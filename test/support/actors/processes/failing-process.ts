/**
 * A gateway, or what looks like one, whose code can be made to fail: each line of its standard input names how. It is the whole
 * of `stenogate serve` where `real` is its argument; otherwise the process serves nothing, and its shutdown takes as long as
 * the line `end` is in coming.
 */
import { startApp, type App } from "../../../../src/app/app.ts";
import { ProcessLife } from "../../../../src/commands/process-life.ts";
import { after } from "../../../../src/kernel/timers.ts";
import { createLog, type Log } from "../../../../src/observe/log.ts";
import { Metrics } from "../../../../src/observe/metrics.ts";
import { checkServing, readConfig, type Config } from "../../../../src/settings/config.ts";

const shutDownEnds = Promise.withResolvers<number>();

const FAILURES: Readonly<Record<string, () => void>> = {
  exception: () =>
    void after(0, () => {
      throw new Error("the secret of the exception");
    }),
  rejection: () => void Promise.reject(new Error("the secret of the rejection")),
  rejections: () => {
    for (let count = 0; count <= 100; count += 1) void Promise.reject(new Error("one of many"));
  },
  end: () => shutDownEnds.resolve(0),
  lose: () => shutDownEnds.resolve(1),
};

/** An app that only ends. */
function createIdleApp(log: Log): App {
  const metrics = new Metrics();
  return {
    url: new URL("http://127.0.0.1:1"),
    metrics,
    get storage(): never {
      throw new Error("expected nobody to ask for it");
    },
    shutDown: async () => {
      log.info("Draining");
      const lost = await shutDownEnds.promise;
      log.info("Shut down", { uncaught: metrics.tallies.uncaught_errors });
      return lost;
    },
  };
}

async function start(kind: string | undefined, config: Config, log: Log): Promise<App> {
  if (kind === "real") return startApp(config, log);
  return createIdleApp(log);
}

async function obey(): Promise<void> {
  for await (const line of console) FAILURES[line]?.();
}

const [, , kind] = process.argv;
const config = readConfig(process.env, kind === "real" ? checkServing : undefined);
const log = createLog("info");
const life = new ProcessLife({ log }, config);
life.start();
void obey();
if (kind === "starting") {
  log.info("Starting");
  await new Promise(() => undefined);
}
const app = await start(kind, config, log);
log.info("Listening", { url: app.url.href });
process.exit(await life.run(app));
