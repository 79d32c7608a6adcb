import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { open, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { JournalError } from "../../../src/transcripts/journal/journal-error.ts";
import { final, finals } from "../../support/actors/doubles/numbered-finals.ts";
import { createJournalStage, keep, readAll } from "../../support/stages/journal-stage.ts";

const PROCESS = join(import.meta.dir, "../../support/actors/processes/journal-process.ts");

async function openElsewhere(directory: string) {
  const child = Bun.spawn([process.execPath, PROCESS, "open", directory, "normal"], {
    stdout: "pipe",
  });
  const said = await new Response(child.stdout).text();
  return { said, exitCode: await child.exited };
}

function failureOf(act: () => unknown): JournalError {
  try {
    act();
  } catch (error) {
    if (error instanceof JournalError) return error;
    throw error;
  }
  throw new Error("expected a failure, got none");
}

describe("opening the journal", () => {
  test("makes the folder with its parents, for its user alone", async () => {
    await using stage = await createJournalStage();
    const directory = join(stage.directory, "a/b");
    expect(stage.open({ directory }).state).toEqual({
      rows: 0,
      bytes: 0,
      bytesMax: 1e9,
      oldestQueuedAtMs: undefined,
      isRefusing: false,
      lastProblem: undefined,
      rowsDamaged: 0,
    });
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  test("is refused while another process has it, and possible afterwards", async () => {
    await using stage = await createJournalStage();
    const journal = stage.open();
    const refused = await openElsewhere(stage.directory);
    expect(refused.exitCode).toBe(1);
    expect(refused.said).toContain("another process holds its lock");
    await keep(journal, final(1));
    journal.close();
    expect(await openElsewhere(stage.directory)).toEqual({ said: "", exitCode: 0 });
    expect(readAll(stage.open())).toBeArrayOfSize(1);
  });

  test("is refused a second time in the same process", async () => {
    await using stage = await createJournalStage();
    const journal = stage.open();
    expect(failureOf(() => stage.open()).message).toContain("holds its lock");
    await keep(journal, final(1));
    expect(readAll(journal)).toBeArrayOfSize(1);
  });

  test("is refused when a newer build wrote the file, which stays as it was", async () => {
    await using stage = await createJournalStage();
    stage.open().close();
    const file = new Database(stage.path);
    file.run("PRAGMA user_version = 3");
    file.close();
    const before = await readFile(stage.path);
    const failure = failureOf(() => stage.open());
    expect(failure.message).toContain("in format 2 at most, got format 3");
    expect(failure.code).toBe("journal-unavailable");
    expect(await readFile(stage.path)).toEqual(before);
  });

  test("is refused when the file is something else", async () => {
    await using stage = await createJournalStage();
    await writeFile(stage.path, "no database at all\n".repeat(500));
    expect(failureOf(() => stage.open()).message).toContain("expected a sound SQLite file at");
  });

  test("is refused when pages of the file are damaged", async () => {
    await using stage = await createJournalStage();
    const journal = stage.open();
    await Promise.all(finals(500).map((one) => keep(journal, one)));
    journal.close();
    const file = await open(stage.path, "r+");
    await file.write(Buffer.alloc(3 * 4096, 0xff), 0, 3 * 4096, 5 * 4096);
    await file.close();
    expect(failureOf(() => stage.open()).message).toContain("expected a sound SQLite file at");
  });

  test("is refused where there can be no folder", async () => {
    await using stage = await createJournalStage();
    await writeFile(join(stage.directory, "file"), "");
    const directory = join(stage.directory, "file");
    expect(failureOf(() => stage.open({ directory })).message).toContain("cannot be opened");
  });

  test("leaves one file behind when it is closed", async () => {
    await using stage = await createJournalStage();
    const journal = stage.open();
    await keep(journal, final(1));
    expect(await Bun.file(`${stage.path}-wal`).exists()).toBe(true);
    journal.close();
    journal.close();
    expect(await Bun.file(`${stage.path}-wal`).exists()).toBe(false);
  });
});
