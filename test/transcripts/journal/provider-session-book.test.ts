import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import { encodeFinal } from "../../../src/transcripts/journal/final-codec.ts";
import { JournalError } from "../../../src/transcripts/journal/journal-error.ts";
import { final } from "../../support/actors/doubles/numbered-finals.ts";
import { noteOpened, providerSession } from "../../support/actors/doubles/provider-sessions.ts";
import { stoppedClocks } from "../../support/probes/fake-time.ts";
import { createJournalStage, keep, readAll } from "../../support/stages/journal-stage.ts";

const PROCESS = join(import.meta.dir, "../../support/actors/processes/provider-session-process.ts");

/** A clock that is not the one a session began with. */
const MOVED = [[7, 1_234_567]] as const;

/** What the journal's file was before it knew of sessions, word for word. */
const FORMAT_1 = `
  CREATE TABLE final (
    sequence INTEGER PRIMARY KEY, queuedAtMs INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE damaged (
    id INTEGER PRIMARY KEY, queuedAtMs INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT;
  PRAGMA user_version = 1;
`;

function createFormat1(path: string): Database {
  const file = new Database(path, { create: true });
  file.run("PRAGMA journal_mode = WAL");
  file.run(FORMAT_1);
  return file;
}

const formatOf = (file: Database) => file.query("PRAGMA user_version").values()[0]?.[0];

test("an earlier process's sessions are found, as they were last, in the order of their start", async () => {
  await using stage = await createJournalStage();
  const journal = stage.open();
  const { providerSessions } = journal;
  for (const index of [3, 1, 2, 4]) noteOpened(providerSessions, providerSession(index));
  providerSessions.update("provider-2", MOVED);
  providerSessions.closed("provider-1");
  noteOpened(providerSessions, providerSession(4, { clock: [[0, 1_000_004], ...MOVED] }));
  expect(providerSessions.count).toBe(3);
  // Its own sessions are not abandoned.
  expect(providerSessions.abandoned()).toEqual([]);
  journal.close();

  const next = stage.open().providerSessions;
  expect(next.abandoned()).toEqual([
    providerSession(2, { clock: MOVED }),
    providerSession(3),
    providerSession(4, { clock: [[0, 1_000_004], ...MOVED] }),
  ]);
  noteOpened(next, providerSession(5));
  noteOpened(next, providerSession(4));
  next.closed("provider-2");
  expect(next.abandoned()).toEqual([providerSession(3)]);
  expect(next.count).toBe(3);
});

test("names come back exactly, whatever characters they hold", async () => {
  await using stage = await createJournalStage();
  const speaker = { sessionSlug: "a\0b", identity: '"🎙"', name: "\ud800" };
  const odd = providerSession(1, { speaker });
  const journal = stage.open();
  noteOpened(journal.providerSessions, odd);
  journal.close();
  expect(stage.open().providerSessions.abandoned()).toEqual([odd]);
});

test("changes of a session that is not there change nothing", async () => {
  await using stage = await createJournalStage();
  const journal = stage.open();
  journal.providerSessions.update("provider-1", MOVED);
  journal.providerSessions.closed("provider-1");
  expect(journal.providerSessions.count).toBe(0);
  journal.close();
  expect(stage.open().providerSessions.abandoned()).toEqual([]);
});

test("10 000 sessions are noted, abandoned ones among them, and no more", async () => {
  await using stage = await createJournalStage();
  const journal = stage.open();
  for (let index = 0; index < 9999; index += 1) {
    noteOpened(journal.providerSessions, providerSession(index));
  }
  journal.close();
  const next = stage.open().providerSessions;
  const countAfter = (change: () => void) => {
    change();
    return next.count;
  };
  expect(countAfter(() => noteOpened(next, providerSession(9999)))).toBe(10_000);
  expect(countAfter(() => noteOpened(next, providerSession(10_000)))).toBe(10_000);
  expect(countAfter(() => noteOpened(next, providerSession(7)))).toBe(10_000);
  expect(countAfter(() => next.closed("provider-0"))).toBe(9999);
  expect(countAfter(() => noteOpened(next, providerSession(10_000)))).toBe(10_000);
  expect(next.abandoned()).toBeArrayOfSize(9997);
});

test("a clock beyond its bound is not noted, and leaves the one that was", async () => {
  await using stage = await createJournalStage();
  const journal = stage.open();
  const { providerSessions } = journal;
  const tooLong = Array.from(
    { length: 3000 },
    (_, index) => [index, 1_000_000_000_000_000] as const,
  );
  noteOpened(providerSessions, providerSession(1, { clock: tooLong }));
  noteOpened(providerSessions, providerSession(2));
  providerSessions.update("provider-2", tooLong);
  journal.close();
  expect(stage.open().providerSessions.abandoned()).toEqual([providerSession(2)]);
});

test("a damaged entry is left out, and a damaged clock is none", async () => {
  await using stage = await createJournalStage();
  const journal = stage.open();
  const { providerSessions } = journal;
  for (const index of [1, 2, 3, 4, 5]) noteOpened(providerSessions, providerSession(index));
  journal.close();
  const file = new Database(stage.path);
  const damage = (index: number, speaker: string) =>
    file.run("UPDATE liveSession SET speaker = ? WHERE providerSessionId = ?", [
      speaker,
      `provider-${index}`,
    ]);
  damage(1, "[");
  damage(2, "{}");
  damage(3, '["standup",1,"Ada"]');
  file.run("UPDATE liveSession SET timeline = '[' WHERE providerSessionId = 'provider-5'");
  file.close();
  expect(stage.open().providerSessions.abandoned()).toEqual([
    providerSession(4),
    // Its start tells the time.
    providerSession(5, { clock: undefined }),
  ]);
});

test("a closed journal notes nothing, and throws at nobody but whoever reads", async () => {
  await using stage = await createJournalStage();
  const journal = stage.open();
  noteOpened(journal.providerSessions, providerSession(1));
  journal.close();
  noteOpened(journal.providerSessions, providerSession(2));
  journal.providerSessions.update("provider-1", MOVED);
  journal.providerSessions.closed("provider-1");
  expect(() => journal.providerSessions.abandoned()).toThrow(JournalError);
  expect(journal.providerSessions.count).toBe(1);
  expect(stage.open().providerSessions.abandoned()).toEqual([providerSession(1)]);
});

test.each(["normal", "full"])(
  "a process that is killed leaves its sessions, with sync %s",
  async (sync) => {
    await using stage = await createJournalStage();
    const child = Bun.spawn([process.execPath, PROCESS, stage.directory, sync], {
      stdout: "pipe",
    });
    let said = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      said += chunk;
      child.kill("SIGKILL");
    }
    await child.exited;
    expect(said).toBe("2\n");
    expect(stage.open().providerSessions.abandoned()).toEqual([
      providerSession(2, { clock: [[1, 2]] }),
      providerSession(3),
    ]);
  },
);

test("a file of format 1 is brought up to format 2 with all its finals", async () => {
  await using stage = await createJournalStage();
  const old = createFormat1(stage.path);
  for (const sequence of [4, 7]) {
    const body = encodeFinal(final(sequence));
    old.run("INSERT INTO final VALUES (?, ?, ?)", [sequence, sequence, body]);
  }
  old.run("INSERT INTO damaged VALUES (1, 1, 'x')");
  old.close();

  using clock = stoppedClocks();
  const journal = stage.open();
  const epochMs = Date.now() - monotonicMs();
  clock.by(1000);
  expect(journal.state).toMatchObject({
    rows: 2,
    rowsDamaged: 1,
    oldestQueuedAtMs: 4 - epochMs,
  });
  expect(readAll(journal)).toMatchObject([final(4), final(7)]);
  expect((await keep(journal, final(8))).sequence).toBe(8);
  expect(journal.providerSessions.abandoned()).toEqual([]);
  noteOpened(journal.providerSessions, providerSession(1));
  journal.close();
  const file = new Database(stage.path);
  expect(formatOf(file)).toBe(2);
  file.close();
  expect(stage.open().providerSessions.abandoned()).toEqual([providerSession(1)]);
});

test("a file of format 1 that cannot be brought up stays what it is", async () => {
  await using stage = await createJournalStage();
  const old = createFormat1(stage.path);
  old.run("CREATE TABLE liveSession (inTheWay TEXT)");
  old.close();
  expect(() => stage.open()).toThrow(JournalError);
  const file = new Database(stage.path);
  expect(formatOf(file)).toBe(1);
  file.close();
});
