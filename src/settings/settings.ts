/**
 * Every setting of the gateway, in one table: name, what it may be, default, unit and sentence.
 *
 * The README's table, `.env.example` and `--help` are generated from it. Nothing else in the program reads the environment.
 */
import { LOG_LEVELS, type LogLevel } from "../observe/log.ts";
import {
  BATCH_QUEUE_BOUNDS,
  DEFAULT_BATCH_QUEUE_CONFIG,
} from "../transcripts/queue/batch-queue-config.ts";
import {
  choice,
  optionalDatabaseUrl,
  optionalText,
  optionalUrl,
  origins,
  secret,
  text,
  url,
  whole,
} from "./setting-kinds.ts";

/** Settings by their name in the program. */
export const SETTINGS = {
  port: whole({
    name: "PORT",
    alias: "WS_PORT",
    fallback: 3001,
    least: 0,
    most: 65_535,
    sentence:
      "Port of the one listener; 0 lets the system choose. `WS_PORT` is read when it is not set.",
  }),
  host: text({ name: "HOST", fallback: "0.0.0.0", sentence: "Address to listen on." }),
  databaseUrl: optionalDatabaseUrl({
    name: "DATABASE_URL",
    fallbackText: "embedded database under `DATA_DIR`",
    sentence: "PostgreSQL 15 or newer.",
  }),
  dataDir: text({
    name: "DATA_DIR",
    fallback: "data",
    sentence: "Folder of journal, dead letters and embedded database; one process at a time.",
  }),
  sessionPolicy: choice({
    name: "SESSION_POLICY",
    choices: ["require", "create", "auto"],
    fallback: "auto",
    fallbackText: "`require` with `DATABASE_URL`, otherwise `create`",
    sentence: "`require`: a call's row must exist; `create`: its first final creates it.",
  }),
  gladiaApiKey: optionalText({
    name: "GLADIA_API_KEY",
    sentence: "Key of the Gladia account. Secret.",
  }),
  gladiaApiUrl: url({
    name: "GLADIA_API_URL",
    protocols: ["http:", "https:"],
    fallback: "https://api.gladia.io",
    sentence: "Where Gladia's API is.",
  }),
  gladiaSocketOrigins: origins({
    name: "GLADIA_SOCKET_ORIGINS",
    fallbackText: "none",
    sentence:
      "Origins outside the domain of Gladia's API to which speech may be sent too, such as `wss://live.example`, separated by commas.",
  }),
  gladiaRegion: choice({
    name: "GLADIA_REGION",
    choices: ["us-west", "eu-west", "auto"],
    fallback: "auto",
    fallbackText: "Gladia's choice",
    sentence: "`us-west` or `eu-west`: where the provider works.",
  }),
  gladiaMaxSessions: whole({
    name: "GLADIA_MAX_SESSIONS",
    fallback: 30,
    least: 1,
    most: 100_000,
    sentence:
      "Provider sessions that the account allows at once (1 free, 30 paid); more clients wait in line.",
  }),
  jwtSecret: secret({
    name: "TRANSCRIPTION_JWT_SECRET",
    bytesLeast: 32,
    sentence:
      "Key of HS256 tokens, at least 32 bytes. Secret. This or `TRANSCRIPTION_JWKS_URL` is needed.",
  }),
  jwksUrl: optionalUrl({
    name: "TRANSCRIPTION_JWKS_URL",
    protocols: ["http:", "https:"],
    sentence: "Key set of RS256, ES256 and EdDSA tokens.",
  }),
  jwtAudience: optionalText({
    name: "TRANSCRIPTION_JWT_AUDIENCE",
    sentence: "What a token's `aud` must name; not asked for without it.",
  }),
  jwtIssuer: optionalText({
    name: "TRANSCRIPTION_JWT_ISSUER",
    sentence: "What a token's `iss` must be; not asked for without it.",
  }),
  batchFlushIntervalMs: whole({
    name: "BATCH_FLUSH_INTERVAL_MS",
    fallback: DEFAULT_BATCH_QUEUE_CONFIG.flushIntervalMs,
    ...BATCH_QUEUE_BOUNDS.flushIntervalMs,
    unit: "ms",
    sentence: "What waits goes out this often; no final waits longer than one and a half times.",
  }),
  batchMaxSize: whole({
    name: "BATCH_MAX_SIZE",
    fallback: DEFAULT_BATCH_QUEUE_CONFIG.maxBatchSize,
    ...BATCH_QUEUE_BOUNDS.maxBatchSize,
    unit: "rows",
    sentence: "Rows of one statement; a full batch does not wait.",
  }),
  batchMaxQueue: whole({
    name: "BATCH_MAX_QUEUE",
    fallback: DEFAULT_BATCH_QUEUE_CONFIG.maxQueueSize,
    ...BATCH_QUEUE_BOUNDS.maxQueueSize,
    unit: "rows",
    sentence: "Waiting finals from which the gateway warns.",
  }),
  unknownSessionLimitMs: whole({
    name: "UNKNOWN_SESSION_LIMIT_MS",
    fallback: 60_000,
    least: 0,
    most: 86_400_000,
    unit: "ms",
    sentence: "A final whose call does not exist goes to the dead letters after this time.",
  }),
  journalMaxBytes: whole({
    name: "JOURNAL_MAX_BYTES",
    fallback: 268_435_456,
    least: 65_536,
    most: 999_999_999,
    unit: "bytes",
    sentence: "Bound of the journal; from 80 % on the gateway takes no new sessions.",
  }),
  journalSync: choice({
    name: "JOURNAL_SYNC",
    choices: ["normal", "full"],
    fallback: "normal",
    sentence: "`normal`: finals survive a killed process; `full`: a power cut too.",
  }),
  configFile: optionalText({
    name: "CONFIG_FILE",
    sentence: "Environment file from which SIGHUP reads the three `BATCH_` settings again.",
  }),
  maxSessions: whole({
    name: "MAX_SESSIONS",
    fallback: 1000,
    least: 1,
    most: 100_000,
    sentence: "Sessions of the process; more are closed with 1013.",
  }),
  maxSessionsPerSubject: whole({
    name: "MAX_SESSIONS_PER_SUBJECT",
    fallback: 4,
    least: 1,
    most: 100_000,
    sentence: "Sessions of one token subject; more are closed with 1013.",
  }),
  maxSessionsPerCall: whole({
    name: "MAX_SESSIONS_PER_CALL",
    fallback: 200,
    least: 1,
    most: 100_000,
    sentence: "Sessions of one call (`sessionSlug`); more are closed with 1013.",
  }),
  maxSessionMemoryBytes: whole({
    name: "MAX_SESSION_MEMORY_BYTES",
    fallback: 1_073_741_824,
    least: 16_777_216,
    most: 137_438_953_472,
    unit: "bytes",
    sentence:
      "What all sessions may keep: from 80 % on no new session, beyond it the oldest audio is dropped.",
  }),
  maxAttemptsPerAddress: whole({
    name: "MAX_ATTEMPTS_PER_ADDRESS",
    fallback: 1200,
    least: 1,
    most: 1_000_000,
    unit: "a minute",
    sentence: "Connections that one address may open; more are closed with 1013.",
  }),
  maxAttemptsPerSubject: whole({
    name: "MAX_ATTEMPTS_PER_SUBJECT",
    fallback: 60,
    least: 1,
    most: 1_000_000,
    unit: "a minute",
    sentence: "Connections that one token subject may open; more are closed with 1013.",
  }),
  trustProxy: whole({
    name: "TRUST_PROXY",
    fallback: 0,
    least: 0,
    most: 10,
    unit: "proxies",
    sentence: "Proxies in front that each add to `X-Forwarded-For`; 0 leaves that header unread.",
  }),
  resumeGraceMs: whole({
    name: "RESUME_GRACE_MS",
    fallback: 30_000,
    least: 0,
    most: 600_000,
    unit: "ms",
    sentence: "A client that was cut off may come back to its session within this time.",
  }),
  clientIdleMs: whole({
    name: "CLIENT_IDLE_MS",
    fallback: 3_600_000,
    least: 10_000,
    most: 86_400_000,
    unit: "ms",
    sentence: "A client that sends no audio for this long is closed with 4008.",
  }),
  allowedOrigins: origins({
    name: "ALLOWED_ORIGINS",
    fallbackText: "all",
    sentence: "Origins of pages that may connect, separated by commas.",
  }),
  metricsToken: secret({
    name: "METRICS_TOKEN",
    bytesLeast: 16,
    sentence:
      "Bearer token that `/metrics` asks for, at least 16 bytes; without it `/metrics` is open. Secret.",
  }),
  shutdownDeadlineMs: whole({
    name: "SHUTDOWN_DEADLINE_MS",
    fallback: 10_000,
    least: 1000,
    most: 600_000,
    unit: "ms",
    sentence: "A shutdown takes at most this long.",
  }),
  demoPage: choice({
    name: "DEMO_PAGE",
    choices: ["0", "1"],
    fallback: "0",
    sentence:
      "1 serves the microphone page at `/`. It hands out tokens to whoever asks: never in public.",
  }),
  logLevel: choice<LogLevel>({
    name: "LOG_LEVEL",
    choices: LOG_LEVELS,
    fallback: "info",
    sentence: "Least level that is logged.",
  }),
} as const;
