import { createStore, databaseOptions, openDeadLettersOf } from "../app/storage.ts";
import { openDatabase } from "../database/db.ts";
import { readConfig, type Config } from "../settings/config.ts";
import type { Final } from "../transcripts/final.ts";
import type { DeadLetter, DeadLetterFile } from "../transcripts/journal/dead-letter-file.ts";
import { writeIsolating } from "../transcripts/queue/batch-writer.ts";
import { readFlag, UsageError, type Command, type FlagValues } from "./command.ts";

/** Letters that are read, or written to the database, at once. */
const PAGE_SIZE = 500;

/** Works on the finals that the database refused or whose call stayed unknown. A running gateway need not stop. */
export const deadLetters: Command = {
  name: "dead-letters",
  summary: "look at the finals that could not be written, try them again, or drop them",
  actions: {
    list: "Print them, oldest first; what was said only with --json.",
    retry: "Write them again; those that the database takes leave the list.",
    drop: "Forget those of --id, or all with --all.",
  },
  flags: {
    id: { type: "string", value: "ID[,ID…]", sentence: "Only these." },
    all: { type: "boolean", sentence: "Confirms that drop means all of them." },
    json: { type: "boolean", sentence: "One JSON object a line, with the words." },
  },
  readsSettings: false,
  run: async (flags, environment, action) => {
    const ids = parseIds(flags);
    const config = readConfig(environment);
    const file = openDeadLettersOf(config);
    try {
      const letters = readLetters(file, ids);
      if (action === "list") return list(letters, flags["json"] === true);
      if (action === "retry") return await retry(letters, file, config);
      if (ids === undefined && flags["all"] !== true)
        throw new UsageError("expected --id or --all");
      const dropped = file.remove(letters.map(({ id }) => id));
      console.log(`${dropped} dropped`);
      return 0;
    } finally {
      file.close();
    }
  },
};

function parseIds(flags: FlagValues): ReadonlySet<number> | undefined {
  const text = readFlag(flags, "id");
  if (text === undefined) return undefined;
  if (/^\d{1,15}(,\d{1,15})*$/.test(text)) return new Set(text.split(",").map(Number));
  throw new UsageError(`--id: expected numbers separated by commas, got "${text}"`);
}

function readLetters(
  file: DeadLetterFile,
  ids: ReadonlySet<number> | undefined,
): readonly DeadLetter[] {
  const letters: DeadLetter[] = [];
  for (;;) {
    const page = file.list(PAGE_SIZE, letters.at(-1)?.id);
    letters.push(...page);
    if (page.length < PAGE_SIZE) break;
  }
  return ids === undefined ? letters : letters.filter(({ id }) => ids.has(id));
}

function list(letters: readonly DeadLetter[], asJson: boolean): number {
  for (const { id, final, cause, reason, deadAtMs } of letters) {
    const deadAt = new Date(deadAtMs).toISOString();
    if (asJson) {
      console.log(JSON.stringify({ id, ...flatten(final), cause, reason, deadAt }));
    } else {
      const speaker = final?.speaker;
      const who =
        speaker === undefined ? "unreadable" : `${speaker.sessionSlug} ${speaker.identity}`;
      console.log(`${id}  ${deadAt}  ${who}  ${cause}: ${reason}`);
    }
  }
  if (!asJson) console.log(`${letters.length} dead letters`);
  return 0;
}

/** The form that scripts read: one flat object, whatever a final is made of inside. */
function flatten(final: Final | undefined) {
  if (final === undefined) return {};
  const { speaker, transcript } = final;
  return {
    sessionSlug: speaker.sessionSlug,
    identity: speaker.identity,
    name: speaker.name,
    utteranceKey: transcript.utteranceKey,
    translationOf: transcript.translationOf,
    text: transcript.text,
    language: transcript.language,
    confidence: transcript.confidence,
    startedAt: transcript.startedAt,
    endedAt: transcript.endedAt,
  };
}

/** A letter leaves only when the database has its final: a lost answer leaves it there, and writing again is harmless (R4). */
async function retry(
  letters: readonly DeadLetter[],
  file: DeadLetterFile,
  config: Config,
): Promise<number> {
  const database = await openDatabase(databaseOptions(config));
  let writtenCount = 0;
  try {
    const store = createStore(config, database);
    for (let start = 0; start < letters.length; start += PAGE_SIZE) {
      const page = letters.slice(start, start + PAGE_SIZE);
      const finals = page.map(({ final }) => final).filter((final) => final !== undefined);
      const { refused, unknownCalls } = await writeIsolating(store, finals);
      const unwritten = new Set<Final>([...refused.map(({ final }) => final), ...unknownCalls]);
      const written = page.filter(({ final }) => final !== undefined && !unwritten.has(final));
      writtenCount += file.remove(written.map(({ id }) => id));
    }
  } finally {
    await database.close();
  }
  console.log(`${writtenCount} written, ${letters.length - writtenCount} stay`);
  return 0;
}
