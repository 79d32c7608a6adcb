/** What a gateway's figures say of it: its memory, its sockets, its sessions. */

export interface Vitals {
  /** Name → value of every figure without labels. */
  readonly figures: ReadonlyMap<string, number>;
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly openFiles: number;
}

/** Zero when nobody is there. Those that this version does not expose are left out. */
const GAUGES_AT_REST = [
  "connections_active",
  "sessions_active",
  "sessions_detached",
  "session_memory_bytes",
  "client_buffered_bytes",
  "provider_streams_queued",
  "provider_streams_active",
  "queue_length",
  "journal_rows",
] as const;

export async function readVitals(gatewayUrl: URL): Promise<Vitals> {
  const answer = await fetch(new URL("/metrics", gatewayUrl), {
    headers: { accept: "text/plain" },
  });
  const figures = new Map(
    [...(await answer.text()).matchAll(/^(\w+) (\S+)$/gm)].map(([, name, value]) => [
      name!,
      Number(value),
    ]),
  );
  const figure = (name: string) => figures.get(name) ?? Number.NaN;
  return {
    figures,
    residentBytes: figure("process_resident_memory_bytes"),
    heapBytes: figure("nodejs_heap_size_used_bytes"),
    openFiles: figure("process_open_fds"),
  };
}

/** What is not yet as it is without clients, as sentences. */
export function findUnrest({ figures }: Vitals): readonly string[] {
  return GAUGES_AT_REST.flatMap((name) => {
    const value = figures.get(`stenogate_${name}`) ?? 0;
    return value === 0 ? [] : [`expected ${name} to be 0 again, got ${value}`];
  });
}
