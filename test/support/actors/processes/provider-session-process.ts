/**
 * A process that has provider sessions: `bun provider-session-process.ts <folder> <sync>`. It notes three of them, changes one,
 * closes one, says so, and stays until it is killed.
 */
import { writeSync } from "node:fs";
import { every } from "../../../../src/kernel/timers.ts";
import { openJournal } from "../../../../src/transcripts/journal/journal.ts";
import { noteOpened, providerSession } from "../doubles/provider-sessions.ts";

const [, , directory = "", sync] = process.argv;
const options = { directory, bytesMax: 1e9, sync: sync === "full" ? sync : "normal" } as const;
const { providerSessions } = openJournal(options);
for (const index of [1, 2, 3]) noteOpened(providerSessions, providerSession(index));
providerSessions.update("provider-2", [[1, 2]]);
providerSessions.closed("provider-1");
writeSync(1, `${providerSessions.count}\n`);
every(1000, () => undefined);
