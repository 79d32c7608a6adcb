import { expect, spyOn, test } from "bun:test";
import { runCommandLine } from "../../src/commands/command-line.ts";
import { openDeadLetters } from "../../src/transcripts/journal/dead-letter-file.ts";
import { final } from "../support/actors/doubles/numbered-finals.ts";
import { createGuardedFolder } from "../support/probes/guarded-folder.ts";

test("[R5] lists a dead letter for scripts as one flat object, and for people without what was said", async () => {
  await using folder = await createGuardedFolder("stenogate-dead-letters-");
  const letters = openDeadLetters({ directory: folder.path, rowsMax: 10 });
  letters.add(final(1, { confidence: undefined }), "row-refused", "SQLSTATE 22021");
  const deadAt = new Date(letters.list(1)[0]!.deadAtMs).toISOString();
  letters.close();

  expect(await printed(folder.path, "list", "--json")).toEqual([
    '{"id":1,"sessionSlug":"standup","identity":"host","name":"Ada","utteranceKey":"provider-1:1",' +
      '"text":"spoken 1","language":"en","startedAt":"1970-01-01T00:00:00.001Z",' +
      '"endedAt":"1970-01-01T00:00:00.002Z","cause":"row-refused","reason":"SQLSTATE 22021",' +
      `"deadAt":"${deadAt}"}`,
  ]);
  expect(await printed(folder.path, "list")).toEqual([
    `1  ${deadAt}  standup host  row-refused: SQLSTATE 22021`,
    "1 dead letters",
  ]);
});

async function printed(directory: string, ...args: readonly string[]): Promise<readonly string[]> {
  using output = spyOn(console, "log").mockImplementation(() => {});
  expect(await runCommandLine(["dead-letters", ...args], { DATA_DIR: directory })).toBe(0);
  return output.mock.calls.map(([line]) => String(line));
}
