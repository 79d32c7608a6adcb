/** Everything that may go wrong between a client and the gateway (R21). */
import { openRoamingCrowd, type RoamingOptions } from "./roaming-crowd.ts";
import type { Scenario } from "./scenario.ts";

/** Nobody is refused for coming back often: each cut is a new connection, and all come from one address. */
const SETTINGS = { MAX_ATTEMPTS_PER_ADDRESS: "100000", MAX_ATTEMPTS_PER_SUBJECT: "1000" };

/** How much each client says, and how often its network fails it. */
export type Length = Pick<RoamingOptions, "utterances"> & { readonly faults: number };

/** A hostile network: every client's connections break, stall and drip, and it comes back to its session each time. */
export function clientChaos(clients: number, { utterances, faults }: Length): Scenario {
  const weather = { faults, awayMs: 0 };
  return {
    ...withRoamers(clients, { utterances, weather, sessions: "one" }),
    name: "client-chaos",
    settings: SETTINGS,
  };
}

/** Clients stay away for longer than they are waited for: they begin new sessions, and what they were shown is kept. */
export function clientAway(clients: number, { utterances, faults }: Length): Scenario {
  const weather = { faults, awayMs: 5000 };
  return {
    ...withRoamers(clients, { utterances, weather, sessions: "several" }),
    name: "client-away",
    settings: { ...SETTINGS, RESUME_GRACE_MS: "1000" },
  };
}

function withRoamers(clients: number, roaming: RoamingOptions) {
  return {
    clients,
    recordAudio: true,
    openCrowd: (deps, members, seed) => openRoamingCrowd(deps, members, seed, roaming),
    // The crowd comes to its end by itself.
    play: ({ crowd }) => crowd.stop(),
  } satisfies Partial<Scenario>;
}
