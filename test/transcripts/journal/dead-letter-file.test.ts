import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  openDeadLetters,
  type DeadLetterFile,
} from "../../../src/transcripts/journal/dead-letter-file.ts";
import { final, finals } from "../../support/actors/doubles/numbered-finals.ts";

async function setup(rowsMax = 100) {
  const directory = await mkdtemp(join(tmpdir(), "stenogate-dead-letters-"));
  const opened: DeadLetterFile[] = [];
  return {
    directory,
    path: join(directory, "dead-letters.sqlite"),
    open() {
      const letters = openDeadLetters({ directory, rowsMax });
      opened.push(letters);
      return letters;
    },
    async [Symbol.asyncDispose]() {
      for (const letters of opened) letters.close();
      await rm(directory, { recursive: true });
    },
  };
}

const countIn = (letters: DeadLetterFile): number => letters.list(1000).length;

describe("dead letters", () => {
  test("[R5] come back as they died: final, cause, reason and time, in order", async () => {
    await using stage = await setup();
    const written = [
      final(1, { text: "a \u0000 that no database takes 🎙", language: undefined }),
      final(2, { sessionSlug: "nowhere" }),
    ];
    const letters = stage.open();
    const beganAtMs = Date.now();
    expect(letters.add(written[0]!, "row-refused", "SQLSTATE 22021")).toBe(true);
    expect(letters.add(written[1]!, "session-unknown", "no such call")).toBe(true);
    letters.close();

    const [first, second] = stage.open().list(10);
    expect(first).toStrictEqual({
      id: first!.id,
      final: written[0]!,
      cause: "row-refused",
      reason: "SQLSTATE 22021",
      deadAtMs: first!.deadAtMs,
    });
    expect(first!.deadAtMs).toBeWithin(beganAtMs, Date.now() + 1);
    expect(second).toMatchObject({ final: written[1]!, cause: "session-unknown" });
    expect(second!.id).toBeGreaterThan(first!.id);
  });

  test("[R5] of one call and utterance replace each other under another id", async () => {
    await using stage = await setup();
    const letters = stage.open();
    letters.add(final(1), "row-refused", "first");
    letters.add(final(1, { sessionSlug: "another" }), "row-refused", "beside it");
    const before = letters.list(10);
    letters.add(final(1, { text: "later" }), "session-unknown", "second");
    expect(countIn(letters)).toBe(2);
    // Whoever has read the first one, and removes it now, has not read what replaced it.
    expect(letters.remove(before.map(({ id }) => id))).toBe(1);
    expect(letters.list(10)).toMatchObject([
      { final: { transcript: { text: "later" } }, reason: "second" },
    ]);
  });

  test("[R6] are no more than their bound, but may be replaced", async () => {
    await using stage = await setup(3);
    const letters = stage.open();
    const taken = finals(5).map((one) => letters.add(one, "row-refused", "bad"));
    expect(taken).toEqual([true, true, true, false, false]);
    expect(letters.add(final(2), "row-refused", "again")).toBe(true);
    expect(countIn(letters)).toBe(3);
    letters.remove([letters.list(1)[0]!.id]);
    expect(letters.add(final(4), "row-refused", "bad")).toBe(true);
  });

  test("are listed in portions", async () => {
    await using stage = await setup();
    const letters = stage.open();
    for (const one of finals(5)) letters.add(one, "row-refused", "bad");
    const first = letters.list(2);
    const second = letters.list(10, first.at(-1)!.id);
    const texts = [...first, ...second].map((letter) => letter.final?.transcript.text);
    expect(texts).toEqual(finals(5).map(({ transcript }) => transcript.text));
    expect(letters.list(10, second.at(-1)!.id)).toEqual([]);
  });

  test("are read and changed by others while the gateway has them open", async () => {
    await using stage = await setup();
    const gateway = stage.open();
    gateway.add(final(1), "row-refused", "bad");
    const command = stage.open();
    expect(countIn(command)).toBe(1);
    gateway.add(final(2), "row-refused", "bad");
    expect(command.list(10)).toBeArrayOfSize(2);
    expect(command.remove(command.list(1).map(({ id }) => id))).toBe(1);
    expect(countIn(gateway)).toBe(1);
    expect(gateway.list(10)).toMatchObject([{ final: final(2) }]);
  });

  test("are none, and leave no file behind, where nothing has died yet", async () => {
    await using stage = await setup();
    const command = stage.open();
    expect(command.list(10)).toEqual([]);
    expect(countIn(command)).toBe(0);
    expect(command.remove([1])).toBe(0);
    expect(await readdir(stage.directory)).toEqual([]);
    stage.open().add(final(1), "row-refused", "bad");
    expect(countIn(command)).toBe(1);
  });

  test("are shown without their final when it is damaged, and can be removed", async () => {
    await using stage = await setup();
    const letters = stage.open();
    letters.add(final(1), "row-refused", "bad");
    const file = new Database(stage.path);
    file.run("UPDATE deadLetter SET body = 'x'");
    file.close();
    const [letter] = letters.list(10);
    expect(letter).toMatchObject({ final: undefined, cause: "row-refused", reason: "bad" });
    expect(letters.remove([letter!.id])).toBe(1);
  });

  test("are not taken while the file is locked for too long, nor after it is closed", async () => {
    await using stage = await setup();
    const letters = stage.open();
    letters.add(final(1), "row-refused", "bad");
    const other = new Database(stage.path);
    other.run("BEGIN IMMEDIATE");
    expect(letters.add(final(2), "row-refused", "bad")).toBe(false);
    expect(() => letters.remove([1])).toThrow("dead letters: database is locked");
    expect(countIn(letters)).toBe(1);
    other.run("ROLLBACK");
    other.close();
    expect(letters.add(final(2), "row-refused", "bad")).toBe(true);
    letters.close();
    letters.close();
    expect(letters.add(final(3), "row-refused", "bad")).toBe(false);
    expect(letters.list(10)).toEqual([]);
    expect(countIn(stage.open())).toBe(2);
  });

  test("are refused where the file is something else", async () => {
    await using stage = await setup();
    await writeFile(stage.path, "no database at all\n".repeat(500));
    expect(stage.open).toThrow("expected a sound SQLite file at");
  });
});
