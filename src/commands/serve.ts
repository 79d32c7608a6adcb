import { startApp } from "../app/app.ts";
import { VERSION } from "../app/version.ts";
import { createLog } from "../observe/log.ts";
import { checkServing, readConfig } from "../settings/config.ts";
import type { Command } from "./command.ts";
import { ProcessLife } from "./process-life.ts";

/** Runs the gateway until SIGTERM or SIGINT. */
export const serve: Command = {
  name: "serve",
  summary: "run the gateway",
  flags: {},
  readsSettings: true,
  run: async (_flags, environment) => {
    const config = readConfig(environment, checkServing);
    const log = createLog(config.logLevel);
    const life = new ProcessLife({ log }, config);
    life.start();
    const app = await startApp(config, log);
    log.info("Listening", { url: app.url.href, version: VERSION });
    return life.run(app);
  },
};
