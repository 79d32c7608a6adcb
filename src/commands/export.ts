import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { databaseOptions } from "../app/storage.ts";
import {
  createTranscriptWriter,
  parseTranscriptFormat,
  type TranscriptFormat,
} from "../captions/transcript-formats.ts";
import { openDatabase, type DatabaseOptions } from "../database/db.ts";
import { AppError } from "../kernel/errors.ts";
import { isTranslationCode, type TranslationCode } from "../relay/recognition/language-codes.ts";
import { TRANSCRIPT_START } from "../relay/stored-transcript.ts";
import { readConfig } from "../settings/config.ts";
import { openTranscript, type OpenTranscript } from "../transcripts/store/segment-reader.ts";
import { EXIT, readFlag, UsageError, type Command, type FlagValues } from "./command.ts";

/** Segments that are in memory at once. */
const PAGE_SEGMENTS = 1000;

/** Writes a whole transcript, of any length, in constant memory. Finals that are stored meanwhile may be missing. */
export const exportTranscript: Command = {
  name: "export",
  summary: "write the stored transcript of a call to a file",
  flags: {
    session: { type: "string", value: "SLUG", sentence: "The call (required)." },
    format: {
      type: "string",
      value: "FORMAT",
      sentence: "json, txt, srt or vtt; json when absent.",
    },
    language: {
      type: "string",
      value: "CODE",
      sentence: "Its translation, such as fr; what was said when absent.",
    },
    output: { type: "string", value: "FILE", sentence: "Where to; standard output when absent." },
  },
  readsSettings: false,
  run: async (flags, environment) => {
    const request = parseRequest(flags);
    const options = databaseOptions(readConfig(environment));
    requireDatabase(options);
    const database = await openDatabase(options);
    try {
      const { sessionSlug, language } = request;
      const transcript = await openTranscript(database.prisma, sessionSlug, language);
      if (transcript === null) {
        console.error(`stenogate export: no such call: "${sessionSlug}"`);
        return EXIT.failure;
      }
      await using output = await openOutput(request.path);
      for await (const part of writeParts(request, transcript)) await output.write(part);
      return 0;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "schema-mismatch") throw error;
      throw new Error(`${error.message}: run "stenogate migrate" first`, { cause: error });
    } finally {
      await database.close();
    }
  },
};

interface ExportRequest {
  readonly sessionSlug: string;
  readonly format: TranscriptFormat;
  readonly language: TranslationCode | undefined;
  /** Standard output where undefined. */
  readonly path: string | undefined;
}

function parseRequest(flags: FlagValues): ExportRequest {
  const sessionSlug = readFlag(flags, "session");
  if (sessionSlug === undefined) throw new UsageError("expected --session");
  const format = parseTranscriptFormat(readFlag(flags, "format"));
  if (!format.ok) throw new UsageError(`--format: ${format.problem}`);
  const language = readFlag(flags, "language");
  if (language !== undefined && !isTranslationCode(language)) {
    throw new UsageError(`--language: expected a code such as fr, got "${language}"`);
  }
  return { sessionSlug, format: format.value, language, path: readFlag(flags, "output") };
}

/** Opening an embedded database that is not there would make an empty one. */
function requireDatabase(options: DatabaseOptions): void {
  if (options.kind === "postgres" || existsSync(options.directory)) return;
  throw new Error(
    `there is no embedded database in ${options.directory}: expected another DATA_DIR, or DATABASE_URL`,
  );
}

/** One page after the other, so that the database waits for a slow reader. */
async function* writeParts(
  { sessionSlug, format }: ExportRequest,
  transcript: OpenTranscript,
): AsyncGenerator<string> {
  const writer = createTranscriptWriter(format, { sessionSlug, beganAt: transcript.beganAt });
  yield writer.begin();
  let after = TRANSCRIPT_START;
  for (;;) {
    const { rows, hasMore } = await transcript.read(PAGE_SEGMENTS, after);
    yield rows.map(({ segment }) => writer.add(segment)).join("");
    const last = rows.at(-1);
    if (!hasMore || last === undefined) break;
    after = last.place;
  }
  yield writer.end({ hasMore: false });
}

interface Output extends AsyncDisposable {
  /** Resolves when there is room for more. */
  write(text: string): Promise<void>;
}

async function openOutput(path: string | undefined): Promise<Output> {
  if (path !== undefined) {
    const file = await open(path, "w");
    return {
      write: (text) => file.appendFile(text),
      [Symbol.asyncDispose]: () => file.close(),
    };
  }
  // A reader that goes away is told by the write that it ends; without a listener it would end the process.
  process.stdout.on("error", () => undefined);
  return {
    write: (text) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
      return promise;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
