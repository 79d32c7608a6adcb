/** The speech provider that a configuration names, and the finals that it still owes. */
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { MemoryBudget } from "../relay/memory-budget.ts";
import { recoverAbandonedSessions } from "../relay/recovery/abandoned-sessions.ts";
import type { Config } from "../settings/config.ts";
import { createGladiaAdapter } from "../speech/gladia/gladia-adapter.ts";
import { GLADIA_STREAM_LIMITS } from "../speech/gladia/gladia-limits.ts";
import type { ProviderAdapter } from "../speech/provider-adapter.ts";
import { ProviderStreams } from "../speech/stream/provider-streams.ts";
import { createTranscriptSink } from "../transcripts/append-transcript-chunk.ts";
import type { Storage } from "./storage.ts";

export function createAdapter(config: Config): ProviderAdapter {
  const { gladiaApiKey, gladiaApiUrl, gladiaRegion, gladiaSocketOrigins } = config;
  return createGladiaAdapter({
    apiKey: gladiaApiKey ?? "",
    apiUrl: gladiaApiUrl,
    socketOrigins: gladiaSocketOrigins,
    region: gladiaRegion === "auto" ? undefined : gladiaRegion,
  });
}

export interface ProviderDeps {
  readonly adapter: ProviderAdapter;
  readonly metrics: Metrics;
  readonly memory: MemoryBudget;
  readonly log: Log;
}

export function createProvider(config: Config, deps: ProviderDeps): ProviderStreams {
  const { metrics } = deps;
  const provider = new ProviderStreams(
    { ...deps, tallies: metrics.tallies },
    { placesMax: config.gladiaMaxSessions, limits: GLADIA_STREAM_LIMITS },
  );
  metrics.track("provider_streams_queued", () => provider.queuedCount);
  metrics.track("provider_streams_active", () => provider.streamCount);
  return provider;
}

export interface RecoveryDeps {
  readonly adapter: ProviderAdapter;
  readonly storage: Storage;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Fetches the finals that an earlier process never heard. Goes on beside live sessions; never rejects. */
export async function fetchAbandonedFinals(deps: RecoveryDeps): Promise<void> {
  const { adapter, storage, metrics, log, signal } = deps;
  await recoverAbandonedSessions({
    sessions: storage.journal.providerSessions,
    ask: adapter.askForFinals,
    sink: createTranscriptSink(storage.queue),
    tallies: metrics.tallies,
    log,
    signal,
  });
}
