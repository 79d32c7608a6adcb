/**
 * The whole catalogue of figures, in one table, and the registry that answers `/metrics`.
 *
 * What happens per frame or per message is counted in a plain object (`tallies`), one addition each, and read by
 * Prometheus only when it scrapes. What depends on a state is read from its owner at that moment (`track`). Labels come
 * from closed sets; an id is never a label.
 */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";

/** Counted on hot paths: name → help. Exposed as `stenogate_<name>_total`. */
const TALLIES = {
  audio_frames: "Audio frames received from clients",
  audio_bytes: "Audio bytes received from clients",
  audio_dropped_bytes: "Audio bytes that the provider never heard",
  partials_sent: "Partial transcripts sent to their owner",
  partials_dropped: "Partial transcripts left out because their reader was slow",
  finals_sent: "Final transcripts sent to their owner",
  finals_received: "Final transcripts received from the provider",
  segments_queued: "Finals handed to the batch queue",
  segments_flushed: "Finals committed to the database",
  segments_unjournaled: "Finals that the journal could not take and that waited in memory alone",
  segments_dropped: "Finals that were lost",
  flushes: "Batches handed to the database",
  flush_errors: "Batches that the database did not accept as a whole",
  sessions_started: "Sessions started",
  sessions_resumed: "Connections that took up a session again",
  messages_replayed: "Messages sent again to a client that came back",
  finals_missed: "Finals that could not be sent again to a client that came back",
  keys_stale: "Tokens checked with an old key set, because a fresh one could not be fetched",
  provider_requests: "Requests for a provider session",
  provider_retries: "Requests for a provider session that were repeated",
  provider_resumes: "Provider sockets opened again after a loss",
  provider_replacements: "Provider sessions replaced because the earlier one was over",
  provider_rollovers: "Provider sessions replaced before they grew too old",
  provider_stalls: "Provider sockets given up because nothing was acknowledged",
  audio_replayed_bytes: "Audio bytes sent to the provider late, or again",
  audio_drift_bytes:
    "Audio bytes that the provider holds twice, because acknowledgements were lost",
  finals_repeated: "Finals that the provider reported again and that were left out",
  finals_superseded: "Finals of a piece that were left out because the whole had taken its place",
  finals_torn: "Finals that were left out because they ended before they began",
  finals_behind_cut: "Finals that were left out because the next provider session reports them",
  times_bounded: "Times of the provider that lay beyond all audio and were bounded",
  sessions_given_up: "Provider sessions of an earlier process whose finals could not be fetched",
  finals_recovered: "Finals that were missed and fetched afterwards",
  uncaught_errors: "Errors that reached the edge of the process",
} as const;

/** Read from their owners on every scrape: name → help. Exposed as `stenogate_<name>`. */
const GAUGES = {
  connections_active: "Client sockets that are being served",
  sessions_active: "Sessions that are open, with a client or without",
  sessions_detached: "Sessions whose client was cut off and may come back",
  session_memory_bytes: "What all sessions keep: audio, messages to send again, unsent messages",
  client_buffered_bytes: "Bytes that wait for their readers, over all client sockets",
  client_buffered_bytes_max: "Bytes that wait for the slowest reader",
  provider_streams_queued: "Streams that wait for a place of the provider's account",
  provider_streams_active:
    "Streams to the provider that have begun and not ended, those that wait for a place among them",
  queue_length: "Finals that wait for the database",
  journal_rows: "Finals in the journal",
  journal_bytes: "Bytes that the finals in the journal take of its bound",
  queue_oldest_age_seconds: "Age of the oldest final that waits for the database",
  ready: "1 when new sessions are taken, otherwise 0",
} as const;

/** Counted once per connection: name → help and label. Exposed as `stenogate_<name>_total{label="…"}`. */
const LABELLED = {
  closes: { help: "Client sockets closed by the gateway, by close code", label: "code" },
  refusals: { help: "Connections refused, by cause", label: "cause" },
  dead_letters: { help: "Finals that went to the dead letters, by cause", label: "cause" },
  losses: { help: "Finals that were lost, by cause", label: "cause" },
  session_ends: { help: "Sessions ended, by cause", label: "cause" },
} as const;

/** Upper ends of the buckets, in seconds: from a local commit to a database that is in trouble. */
const COMMIT_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export type TallyName = keyof typeof TALLIES;
export type GaugeName = keyof typeof GAUGES;
export type LabelledName = keyof typeof LABELLED;
export type Tallies = Record<TallyName, number>;

/** The figures of one process: whoever counts adds to `tallies` or calls `count`, and whoever has a state is asked by `track`. */
export class Metrics {
  /** Add to these directly; they start at zero and only grow. */
  readonly tallies: Tallies;
  readonly #registry = new Registry();
  readonly #labelled: Record<LabelledName, Counter>;
  readonly #commitSeconds: Histogram;

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.tallies = createTallies();
    for (const [name, help] of entriesOf(TALLIES)) {
      const read = () => this.tallies[name];
      new Counter({
        name: `stenogate_${name}_total`,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(read());
        },
      });
    }
    this.#labelled = {
      closes: createLabelled("closes", registers),
      refusals: createLabelled("refusals", registers),
      dead_letters: createLabelled("dead_letters", registers),
      losses: createLabelled("losses", registers),
      session_ends: createLabelled("session_ends", registers),
    };
    this.#commitSeconds = new Histogram({
      name: "stenogate_final_commit_seconds",
      help: "Time from a final's arrival in the queue to its commit",
      buckets: COMMIT_BUCKETS,
      registers,
    });
  }

  count(name: LabelledName, label: string): void {
    this.#labelled[name].inc({ [LABELLED[name].label]: label });
  }

  observeCommit(seconds: number): void {
    this.#commitSeconds.observe(seconds);
  }

  /** Asks `read` for the gauge's value on every scrape. Each gauge has one owner, which calls this once. */
  track(name: GaugeName, read: () => number): void {
    new Gauge({
      name: `stenogate_${name}`,
      help: GAUGES[name],
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** The Prometheus text exposition, version 0.0.4. */
  async exposition(): Promise<string> {
    return this.#registry.metrics();
  }
}

function createTallies(): Tallies {
  const zeroes = entriesOf(TALLIES).map(([name]) => [name, 0] as const);
  // The entries are exactly the table's names.
  return Object.fromEntries(zeroes) as Tallies;
}

function createLabelled(name: LabelledName, registers: Registry[]): Counter {
  const { help, label } = LABELLED[name];
  return new Counter({ name: `stenogate_${name}_total`, help, labelNames: [label], registers });
}

function entriesOf<Name extends string, Value>(table: Record<Name, Value>): [Name, Value][] {
  // Object.entries forgets that the keys of a closed table are known.
  return Object.entries(table) as [Name, Value][];
}
