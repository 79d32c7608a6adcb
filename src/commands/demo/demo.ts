import { startApp, type App } from "../../app/app.ts";
import { createLog } from "../../observe/log.ts";
import { readConfig, type Config, type Environment } from "../../settings/config.ts";
import { loadSample } from "../../simulator/sample/sample.ts";
import { startSimulator } from "../../simulator/simulator.ts";
import { EXIT, type Command } from "../command.ts";
import { runUntilSignal } from "../process-life.ts";
import { readStoredFinals, speakSample, type Pass } from "./demo-pass.ts";
import { createDemoScreen } from "./demo-screen.ts";

/**
 * Shows the whole path on one machine: a spoken recording goes through the public socket to the Gladia simulator and comes
 * back as captions; its finals stand in an embedded database. Needs no key, no database and no network.
 */
export const demo: Command = {
  name: "demo",
  summary: "show captions of a spoken recording, without a key or a database",
  flags: {
    once: {
      type: "boolean",
      sentence: "End after one pass: 0 when every final that was shown is in the database.",
    },
  },
  readsSettings: false,
  run: async (flags, environment) => {
    await using simulator = await openSimulator();
    const config = readConfig(demoEnvironment(environment, simulator.url));
    const log = createLog(config.logLevel);
    console.log(
      "Starting. The first start makes an embedded database, which takes a few seconds.\n",
    );
    const app = await startApp(config, log);
    const isComplete = await showPass(app, config, simulator.url);
    if (flags["once"] === true) {
      const lost = await app.shutDown();
      return isComplete && lost === 0 ? 0 : EXIT.failure;
    }
    const ended = runUntilSignal(app, config, log);
    const { port } = app.url;
    console.log(`\nSpeak yourself: http://localhost:${port}/ (Ctrl-C ends the server)`);
    return await ended;
  },
};

async function openSimulator() {
  const simulator = await startSimulator();
  return { url: simulator.url, [Symbol.asyncDispose]: () => simulator.stop() };
}

/** The demo never touches a real account or database; what it needs beyond that has defaults that suit a laptop. */
function demoEnvironment(environment: Environment, simulatorUrl: string): Environment {
  return {
    HOST: "127.0.0.1",
    LOG_LEVEL: "warn",
    TRANSCRIPTION_JWT_SECRET: crypto.randomUUID() + crypto.randomUUID(),
    ...environment,
    DATABASE_URL: undefined,
    SESSION_POLICY: undefined,
    GLADIA_API_URL: simulatorUrl,
    GLADIA_API_KEY: "demo",
    GLADIA_REGION: undefined,
    ALLOWED_ORIGINS: undefined,
    DEMO_PAGE: "1",
  };
}

/** Resolves with whether every final that was shown is stored, word for word. */
async function showPass(app: App, config: Config, simulatorUrl: string): Promise<boolean> {
  const screen = createDemoScreen(process.stdout);
  const sample = await loadSample();
  screen.showParts({
    gateway: app.url.href,
    provider: `Gladia simulator at ${simulatorUrl}`,
    database: `embedded, in ${config.dataDir}/postgres`,
    seconds: sample.pcm.byteLength / 2 / sample.sampleRate,
  });
  const pass: Pass = {
    gatewayUrl: app.url,
    secret: config.jwtSecret ?? "",
    audience: config.jwtAudience,
    issuer: config.jwtIssuer,
    sessionSlug: `demo-${Date.now().toString(36)}`,
    identity: "speaker",
  };
  const { finals, closeCode } = await speakSample(pass, sample, (message) => screen.show(message));
  const stored = await readStoredFinals(app.storage.database, pass.sessionSlug, finals.length);
  screen.showRows(pass.sessionSlug, stored);
  const kept = finals.filter((final) =>
    stored.some((row) => row.utteranceId === final.utterance_id && row.text === final.text),
  );
  const metrics = await fetch(new URL("/metrics", app.url), {
    headers:
      config.metricsToken === undefined ? {} : { authorization: `Bearer ${config.metricsToken}` },
  });
  screen.showMetrics(await metrics.json());
  screen.showVerdict({ shown: finals.length, kept: kept.length, closeCode });
  return finals.length > 0 && kept.length === finals.length && closeCode === 1000;
}
