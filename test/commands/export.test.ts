import { afterAll, beforeAll, expect, spyOn, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommandLine } from "../../src/commands/command-line.ts";
import { openDatabase } from "../../src/database/db.ts";
import { lockFolder } from "../../src/database/folder-lock.ts";
import { applyMigrations } from "../../src/database/migrations.ts";
import { SegmentStore } from "../../src/transcripts/store/segment-store.ts";
import { createFinal } from "../suites/segment-store-suite.ts";

/** Making an embedded database takes seconds on a busy machine. */
const LIMIT_MS = 60_000;

/** More than two pages. */
const SEGMENTS = 2500;
const START = Date.UTC(2026, 2, 1, 10);

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "stenogate-export-"));
  const database = await openDatabase({
    kind: "embedded",
    directory: join(directory, "data/postgres"),
  });
  {
    await using connection = await database.migrationConnection();
    await applyMigrations(connection);
  }
  const store = new SegmentStore(database, { sessionPolicy: "create", idsCachedMax: 10 });
  const rows = Array.from({ length: SEGMENTS }, (_, index) =>
    createFinal({
      utteranceKey: `p:${index}`,
      text: `sentence ${index}`,
      startedAt: new Date(START + index * 1000),
      endedAt: new Date(START + index * 1000 + 900),
    }),
  );
  const french = createFinal({
    utteranceKey: "p:3:fr",
    translationOf: "p:3",
    text: "phrase 3",
    language: "fr",
    startedAt: new Date(START + 3000),
    endedAt: new Date(START + 3900),
  });
  await store.write([...rows.toReversed(), french]);
  await database.close();
}, LIMIT_MS);

afterAll(() => rm(directory, { recursive: true }));

/** Runs the command without a key, a secret or a server. */
async function run(args: readonly string[], environment: Record<string, string> = {}) {
  using complaints = spyOn(console, "error").mockImplementation(() => {});
  const output = join(directory, "output");
  await rm(output, { force: true });
  const exitCode = await runCommandLine(["export", ...args, "--output", output], {
    DATA_DIR: join(directory, "data"),
    ...environment,
  });
  const complaint = complaints.mock.calls.map(([line]) => String(line)).join("\n");
  const file = Bun.file(output);
  return { exitCode, complaint, written: (await file.exists()) ? await file.text() : undefined };
}

test(
  "writes every page of a transcript, in the order in which it was said, in every format",
  async () => {
    const json = await run(["--session", "standup"]);
    expect([json.exitCode, json.complaint]).toEqual([0, ""]);
    const { segments, has_more: hasMore } = JSON.parse(json.written!) as {
      segments: { text: string }[];
      has_more: boolean;
    };
    expect(segments.map(({ text }) => text)).toEqual(
      Array.from({ length: SEGMENTS }, (_, index) => `sentence ${index}`),
    );
    expect(hasMore).toBe(false);
    const txt = await run(["--session", "standup", "--format", "txt"]);
    expect(txt.written!.split("\n")).toHaveLength(SEGMENTS + 1);
    expect(txt.written).toEndWith("\n[00:41:39] Anna: sentence 2499\n");
    for (const format of ["srt", "vtt"]) {
      const { exitCode, written } = await run(["--session", "standup", "--format", format]);
      expect(exitCode).toBe(0);
      expect(written!.match(/ --> /g)).toHaveLength(SEGMENTS);
    }
  },
  LIMIT_MS,
);

test(
  "writes a translation, timed like what it translates",
  async () => {
    const { written } = await run(["--session", "standup", "--format", "txt", "--language", "fr"]);
    expect(written).toBe("[00:00:03] Anna: phrase 3\n");
    const empty = await run(["--session", "standup", "--format", "vtt", "--language", "de"]);
    expect([empty.exitCode, empty.written]).toEqual([0, "WEBVTT\n"]);
  },
  LIMIT_MS,
);

test(
  "says that a call is unknown, and leaves the file as it is",
  async () => {
    expect(await run(["--session", "retro"])).toEqual({
      exitCode: 1,
      complaint: 'stenogate export: no such call: "retro"',
      written: undefined,
    });
  },
  LIMIT_MS,
);

test("looks for an embedded database, and makes none", async () => {
  const missing = join(directory, "elsewhere");
  const { exitCode, complaint } = await run(["--session", "standup"], { DATA_DIR: missing });
  expect(exitCode).toBe(1);
  expect(complaint).toContain(`there is no embedded database in ${missing}/postgres`);
  expect(await readdir(directory)).toEqual(["data"]);
});

test(
  "is refused while another process owns the embedded database",
  async () => {
    const lock = lockFolder(join(directory, "data/postgres"));
    const { exitCode, complaint } = await run(["--session", "standup"]);
    lock.release();
    expect(exitCode).toBe(1);
    expect(complaint).toContain("another process holds its lock");
    expect(complaint.split("\n")).toHaveLength(1);
  },
  LIMIT_MS,
);

test.each([
  ["--session", [], 64],
  ["--session", ["--session", ""], 64],
  ["--format", ["--session", "standup", "--format", "doc"], 64],
  ["--language", ["--session", "standup", "--language", "xx"], 64],
  ["standup", ["standup"], 64],
])("asks for %s where it is missing or wrong", async (named, args, expected) => {
  const { exitCode, complaint } = await run(args);
  expect(exitCode).toBe(expected);
  expect(complaint).toContain(named);
});

test("[R32] reports a wrong configuration, with exit code 78", async () => {
  const { exitCode, complaint } = await run(["--session", "standup"], { BATCH_MAX_SIZE: "many" });
  expect(exitCode).toBe(78);
  expect(complaint).toContain("BATCH_MAX_SIZE: ");
});

test(
  "says where it cannot write",
  async () => {
    using complaints = spyOn(console, "error").mockImplementation(() => {});
    const path = join(directory, "missing/output");
    const args = ["export", "--session", "standup", "--output", path];
    expect(await runCommandLine(args, { DATA_DIR: join(directory, "data") })).toBe(1);
    expect(String(complaints.mock.calls[0]![0])).toContain(path);
  },
  LIMIT_MS,
);
