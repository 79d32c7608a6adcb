import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { encodeFinal } from "../../../src/transcripts/journal/final-codec.ts";
import { JournalError } from "../../../src/transcripts/journal/journal-error.ts";
import { final } from "../../support/actors/doubles/numbered-finals.ts";
import { liveSession } from "../../support/actors/doubles/provider-sessions.ts";
import { createJournalStage, keep, readAll } from "../../support/stages/journal-stage.ts";

const PROCESS = join(import.meta.dir, "../../support/actors/processes/provider-session-process.ts");

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

test("an earlier process's sessions are left, as they were last, in the order of their start", async () => {
  await using stage = await createJournalStage();
  const journal = stage.open();
  const { liveSessions } = journal;
  for (const index of [3, 1, 2, 4]) {
    expect(liveSessions.opened(liveSession(index))).toBe(true);
  }
  expect(liveSessions.update("provider-2", "moved")).toBe(true);
  expect(liveSessions.closed("provider-1")).toBe(true);
  expect(liveSessions.opened(liveSession(4, { timeline: "again" }))).toBe(true);
  expect(liveSessions.count).toBe(3);
  // Its own sessions are not left.
  expect(liveSessions.left()).toEqual([]);
  journal.close();

  const next = stage.open().liveSessions;
  const left = [
    liveSession(2, { timeline: "moved" }),
    liveSession(3),
    liveSession(4, { timeline: "again" }),
  ];
  expect(next.left()).toEqual(left);
  next.opened(liveSession(5));
  next.opened(liveSession(4));
  next.closed("provider-2");
  expect(next.left()).toEqual([liveSession(3)]);
  expect(next.count).toBe(3);
});

test("names come back exactly, whatever characters they hold", async () => {
  await using stage = await createJournalStage();
  const odd = liveSession(1, { sessionSlug: "a\0b", identity: '"🎙"', name: "\ud800" });
  const journal = stage.open();
  journal.liveSessions.opened(odd);
  journal.close();
  expect(stage.open().liveSessions.left()).toEqual([odd]);
});

test("changes of a session that is not there are refused, and change nothing", async () => {
  await using stage = await createJournalStage();
  const { liveSessions } = stage.open();
  expect(liveSessions.update("provider-1", "{}")).toBe(false);
  expect(liveSessions.closed("provider-1")).toBe(false);
  expect(liveSessions.count).toBe(0);
});

test("10 000 sessions are noted, those that were left among them, and no more", async () => {
  await using stage = await createJournalStage();
  const journal = stage.open();
  const { liveSessions } = journal;
  for (let index = 0; index < 9999; index += 1) liveSessions.opened(liveSession(index));
  journal.close();
  const next = stage.open().liveSessions;
  expect(next.opened(liveSession(9999))).toBe(true);
  expect(next.opened(liveSession(10_000))).toBe(false);
  expect(next.opened(liveSession(7))).toBe(true);
  expect(next.closed("provider-0")).toBe(true);
  expect(next.opened(liveSession(10_000))).toBe(true);
  expect(next.count).toBe(10_000);
});

test("a timeline beyond its bound is not noted, and leaves the one that was", async () => {
  await using stage = await createJournalStage();
  const journal = stage.open();
  const { liveSessions } = journal;
  const tooLong = "x".repeat(65_537);
  expect(liveSessions.opened(liveSession(1, { timeline: tooLong }))).toBe(false);
  liveSessions.opened(liveSession(2));
  expect(liveSessions.update("provider-2", tooLong)).toBe(false);
  journal.close();
  expect(stage.open().liveSessions.left()).toEqual([liveSession(2)]);
});

test("a damaged entry is left out", async () => {
  await using stage = await createJournalStage();
  const journal = stage.open();
  const { liveSessions } = journal;
  for (const index of [1, 2, 3, 4]) liveSessions.opened(liveSession(index));
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
  file.close();
  expect(stage.open().liveSessions.left()).toEqual([liveSession(4)]);
});

test("a closed journal notes nothing, and says so", async () => {
  await using stage = await createJournalStage();
  const journal = stage.open();
  journal.liveSessions.opened(liveSession(1));
  journal.close();
  expect(journal.liveSessions.opened(liveSession(2))).toBe(false);
  expect(journal.liveSessions.update("provider-1", "{}")).toBe(false);
  expect(journal.liveSessions.closed("provider-1")).toBe(false);
  expect(() => journal.liveSessions.left()).toThrow(JournalError);
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
    expect(said).toBe("true,true,true,true,true\n");
    expect(stage.open().liveSessions.left()).toEqual([
      liveSession(2, { timeline: "changed" }),
      liveSession(3),
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

  const journal = stage.open();
  expect(journal.state).toMatchObject({ rows: 2, rowsDamaged: 1, oldestQueuedAtMs: 4 });
  expect(readAll(journal)).toMatchObject([final(4), final(7)]);
  expect((await keep(journal, final(8))).sequence).toBe(8);
  expect(journal.liveSessions.left()).toEqual([]);
  journal.liveSessions.opened(liveSession(1));
  journal.close();
  const file = new Database(stage.path);
  expect(formatOf(file)).toBe(2);
  file.close();
  expect(stage.open().liveSessions.left()).toEqual([liveSession(1)]);
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
