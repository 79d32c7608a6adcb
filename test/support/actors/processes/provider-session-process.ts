/**
 * A process that has provider sessions: `bun provider-session-process.ts <folder> <sync>`. It notes three of them, changes one,
 * closes one, says so, and stays until it is killed.
 */
import { writeSync } from "node:fs";
import { every } from "../../../../src/kernel/timers.ts";
import { openJournal } from "../../../../src/transcripts/journal/journal.ts";
import { liveSession } from "../doubles/provider-sessions.ts";

const [, , directory = "", sync] = process.argv;
const options = { directory, bytesMax: 1e9, sync: sync === "full" ? sync : "normal" } as const;
const { liveSessions } = openJournal(options);
const changes = [
  ...[1, 2, 3].map((index) => liveSessions.opened(liveSession(index))),
  liveSessions.update("provider-2", "changed"),
  liveSessions.closed("provider-1"),
];
writeSync(1, `${changes.join()}\n`);
every(1000, () => undefined);
