/** The rules of the layout that look at names and at the text itself. */
import type { Finding, Rule } from "./layout-rules.ts";
import { lineAt, type SourceFile } from "./source-tree.ts";

/** Half an hour of reading; a longer file has more than one reason to be opened. */
const LINES_MAX = 300;

/** How far above a cast its reason may stand: the statement may have begun some lines before. */
const REASON_LINES_MAX = 3;

/** Names that say a shape or nothing, as a whole name or as one of its words. */
const EMPTY_WORDS = /(?:^|[-/.])(?:utils?|helpers?|common|misc|managers?|services?)(?=$|[-/.])/;
const EMPTY_NAMES = /(?:^|\/)(?:types|lib|index)(?=$|[/.])/;

/** `name.ts`, `name.pg.test.ts`, `page.html`; folders are single words or words with hyphens. */
const KEBAB_PATH = /^(?:[a-z0-9]+(?:-[a-z0-9]+)*\/)*[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+)+$/;

export const filesAreShort: Rule = (files) =>
  files.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split("\n").length;
    if (lines <= LINES_MAX) return [];
    return [{ path, line: lines, problem: `expected at most ${LINES_MAX} lines, got ${lines}` }];
  });

export const namesSayADuty: Rule = (files) =>
  files.flatMap(({ path }) => {
    const finding = (problem: string): Finding[] => [{ path, line: 1, problem }];
    if (!KEBAB_PATH.test(path)) return finding("expected a kebab-case name");
    const empty =
      EMPTY_WORDS.exec(path) ?? (path === "src/index.ts" ? null : EMPTY_NAMES.exec(path));
    return empty === null ? [] : finding(`"${empty[0].replace(/^[-/.]/, "")}" names no duty`);
  });

export const timersLiveInTheKernel = forbidCode(
  /\b(?:setTimeout|setInterval|Bun\.sleep(?:Sync)?)\b/g,
  "timers are made by kernel/timers.ts",
  (path) => inSource(path) && path !== "src/kernel/timers.ts" && !path.startsWith("src/browser/"),
);

/** For timestamps and tokens: a wall clock may be set at any moment, and whatever waited by it waits for hours or not at all. */
const WALL_CLOCK_FILES: ReadonlySet<string> = new Set([
  "src/app/status-snapshot.ts",
  "src/auth/token-minter.ts",
  "src/auth/token-verifier.ts",
  "src/database/embedded.ts",
  "src/gateway/client-connection.ts",
  "src/relay/timeline.ts",
  "src/transcripts/journal/dead-letter-file.ts",
  "src/transcripts/journal/journal.ts",
  "src/transcripts/journal/provider-session-book.ts",
  "src/transcripts/queue/queue-alarms.ts",
]);

/** The page has clocks of its own, and what they show is gone with it; the simulator stands in for somebody else's API. */
const CLOCK_ROOMS = /^src\/(?:browser|commands\/demo)\//;
const DATED_ROOMS = /^src\/simulator\//;

export const fewReadTheWallClock = forbidCode(
  /\bDate\s*\.\s*now\b|\bnew\s+Date\s*(?:\(\s*\)|(?![\w\s(]))|(?<!\bnew\s+)\bDate\s*\(/g,
  "what waits, expires or paces reads monotonicMs",
  (path) =>
    inSource(path) &&
    !WALL_CLOCK_FILES.has(path) &&
    !CLOCK_ROOMS.test(path) &&
    !DATED_ROOMS.test(path),
);

export const theMonotonicClockIsReadInTheKernel = forbidCode(
  /\bperformance\b|\bBun\s*\.\s*nanoseconds\b|\bprocess\s*\.\s*(?:hrtime)\b/g,
  "the monotonic clock is monotonicMs of kernel/timers.ts",
  (path) => inSource(path) && path !== "src/kernel/timers.ts" && !CLOCK_ROOMS.test(path),
);

export const theEnvironmentIsReadAtTheEdge = forbidCode(
  /\b(?:process|Bun|import\.meta)\s*\.\s*env\b/g,
  "the environment is read by index.ts",
  (path) => inSource(path) && path !== "src/index.ts",
);

export const onlyCommandsSpeakToTheConsole = forbidCode(
  /\bconsole\s*[.[]/g,
  "only commands and index.ts write to the console",
  (path) => inSource(path) && path !== "src/index.ts" && !path.startsWith("src/commands/"),
);

/**
 * Who may name Gladia in code or text: its own folder, its stand-in, and those who put the parts together. A comment may, to say
 * where a fact is from.
 */
const GLADIA_ROOMS = /^src\/(?:speech\/gladia|simulator|app|settings|commands\/demo)\//;

export const onlyTheRootNamesTheProvider: Rule = (files) =>
  files
    .filter(({ path }) => inSource(path) && path.endsWith(".ts") && !GLADIA_ROOMS.test(path))
    .flatMap(({ path, text, comments }) =>
      [...text.matchAll(/gladia/gi)]
        .filter(({ index }) => (comments[index] ?? " ").trim() === "")
        .map(({ index }) => ({
          path,
          line: lineAt(text, index),
          problem: "only the composition root and speech/gladia name Gladia",
        })),
    );

/** A declaration file says by it what a bundler makes of an asset. */
export const exportsHaveNames = forbidCode(
  /\bexport\s+default\b|\bas\s+default\b/g,
  "expected a named export",
  (path) => !path.endsWith(".d.ts"),
);

export const nothingIsPutOff: Rule = (files) =>
  files.flatMap(({ path, comments }) =>
    [...comments.matchAll(/\b(?:TODO|FIXME|XXX)\b/g)].map(({ 0: word, index }) => ({
      path,
      line: lineAt(comments, index),
      problem: `expected no ${word}`,
    })),
  );

export const castsHaveAReason: Rule = (files) =>
  files.flatMap(({ path, code, comments }) => {
    if (!inSource(path)) return [];
    const commentLines = comments.split("\n");
    return [...withoutImports(code).matchAll(/[\w)\]}"'`]\s+as\s+(?!const\b)/g)].flatMap((cast) => {
      const line = lineAt(code, cast.index);
      const near = commentLines.slice(Math.max(0, line - 1 - REASON_LINES_MAX), line);
      if (near.some((comment) => comment.trim() !== "")) return [];
      return [{ path, line, problem: "expected a comment that says why the cast is true" }];
    });
  });

function inSource(path: string): boolean {
  return path.startsWith("src/");
}

/** `as` renames there, it casts nothing. Offsets stay. */
function withoutImports(code: string): string {
  return code.replaceAll(
    /\b(?:import|export)\b[^;"'`()=]*?["']|\bexport\s*\{[^}]*\}/g,
    (statement) => statement.replaceAll(/[^\n]/g, " "),
  );
}

function forbidCode(pattern: RegExp, problem: string, concerns: (path: string) => boolean): Rule {
  return (files: readonly SourceFile[]) =>
    files
      .filter(({ path }) => concerns(path))
      .flatMap(({ path, code }) =>
        [...code.matchAll(pattern)].map(({ 0: found, index }) => ({
          path,
          line: lineAt(code, index),
          problem: `${problem}, got ${found.trim()}`,
        })),
      );
}
