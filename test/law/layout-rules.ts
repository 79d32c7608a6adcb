/**
 * The rules of the layout that look at imports: floors, rings, homes of packages, the browser.
 *
 * Arrows point down, types included: what stands in `FLOORS` and, for the rooms inside a room, in
 * `INNER_FLOORS` is all that may be.
 */
import type { SourceFile, SourceImport } from "./source-tree.ts";

export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly problem: string;
}

/** Looks at all files at once and names every place where it is broken. */
export type Rule = (files: readonly SourceFile[]) => Finding[];

const LOWER = ["kernel", "observe", "relay"];
const PARTS = ["auth", "captions", "database", "speech", "gateway", "transcripts"];

/** For each room of `src` the others that it may import; a room that is not named here does not exist. */
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  observe: ["kernel"],
  relay: ["kernel", "observe"],
  auth: LOWER,
  captions: LOWER,
  database: LOWER,
  speech: LOWER,
  simulator: LOWER,
  gateway: [...LOWER, "captions"],
  transcripts: [...LOWER, "database"],
  browser: ["gateway"],
  settings: [...LOWER, "transcripts", "database"],
  app: [...LOWER, ...PARTS, "browser", "settings"],
  commands: [...LOWER, ...PARTS, "simulator", "settings", "app"],
  "index.ts": ["commands"],
};

/**
 * For each room with rooms inside it, which of them may import which. A name is a folder's or a file's; "." are the files that
 * lie loose and are not named. A folder that is not named here does not exist.
 */
const INNER_FLOORS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  relay: {
    recognition: [],
    ".": ["recognition"],
    recovery: ["."],
    session: ["recognition", ".", "recovery"],
  },
  speech: {
    ".": [],
    audio: ["."],
    finals: ["."],
    places: ["."],
    stream: [".", "audio", "finals", "places"],
    gladia: ["."],
  },
  gateway: {
    protocol: [],
    door: ["protocol"],
    seat: ["protocol", "door"],
    transcript: ["protocol", "door"],
    ".": ["protocol", "door", "seat", "transcript"],
  },
  transcripts: {
    "final.ts": [],
    journal: ["final.ts"],
    store: ["final.ts", "journal"],
    queue: ["final.ts", "journal", "store"],
    ".": ["final.ts", "journal", "store", "queue"],
  },
  simulator: {
    sample: [],
    wire: [],
    faults: ["wire"],
    hearing: ["sample", "wire", "faults"],
    session: ["wire", "faults", "hearing"],
    ".": ["sample", "wire", "faults", "hearing", "session"],
  },
  database: {
    generated: [],
    "sqlstate.ts": [],
    "store-error.ts": ["generated", "sqlstate.ts"],
    server: ["store-error.ts"],
    ".": ["generated", "sqlstate.ts", "store-error.ts", "server"],
  },
  commands: { ".": [], demo: ["."], "command-line.ts": [".", "demo"] },
};

/** A folder with more files is two rooms. */
const FILES_MAX = 14;

/** One package, one home: a room, or a room inside one. A package that is not named here has none. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  jose: ["auth"],
  pino: ["observe"],
  "prom-client": ["observe"],
  valibot: ["auth", "gateway", "simulator/wire", "speech/gladia"],
  "@prisma/client": ["database"],
  "@prisma/adapter-pg": ["database"],
  pg: ["database"],
  "@electric-sql/pglite": ["database"],
  "pglite-prisma-adapter": ["database"],
  "bun:sqlite": ["transcripts/journal", "database"],
};

/** The platform itself, without its timers (see text-rules.ts); `browser` runs on another one. */
const PLATFORM = /^(?:bun$|node:(?!timers))/;

const GENERATED_CLIENT = "src/database/generated/";
const SIMULATOR = "src/simulator/";
const DEMO = "src/commands/demo/";
const BROWSER_MESSAGES = [
  "src/gateway/protocol/server-messages.ts",
  "src/gateway/protocol/client-messages.ts",
];

export const importsCarryTheirEnding: Rule = (files) =>
  eachImport(files, (_file, { specifier, target }) =>
    target === specifier || /\.[a-z]+$/.test(specifier)
      ? undefined
      : `expected an import with its ending, got "${specifier}"`,
  );

export const arrowsPointDown: Rule = (files) =>
  eachImport(inSource(files), (file, { target }) => {
    const from = roomOf(file.path);
    const allowed = FLOORS[from];
    if (allowed === undefined) return `src has no room "${from}"`;
    if (target.startsWith("src/")) {
      const to = roomOf(target);
      if (to === from || allowed.includes(to)) return undefined;
      return `${from} must not import ${to} (${target})`;
    }
    if (target.startsWith("test/")) return `src must not import ${target}`;
    return undefined;
  });

export const arrowsInsideARoomPointOneWay: Rule = (files) =>
  eachImport(inSource(files), (file, { target }) => {
    const room = roomOf(file.path);
    const floors = INNER_FLOORS[room];
    const from = innerRoomOf(file.path);
    const allowed = (floors ?? { ".": [] })[from];
    if (allowed === undefined) return `${room} has no room "${from}"`;
    if (!target.startsWith(`src/${room}/`)) return undefined;
    const to = innerRoomOf(target);
    if (to === from || allowed.includes(to)) return undefined;
    return `${room}/${from} must not import ${room}/${to} (${target})`;
  });

export const foldersAreRooms: Rule = (files) => {
  const byFolder = Map.groupBy(inSource(files), ({ path }) => path.slice(0, path.lastIndexOf("/")));
  return [...byFolder].flatMap(([folder, { length }]) => {
    if (length <= FILES_MAX) return [];
    const problem = `expected at most ${FILES_MAX} files in a folder, got ${length}`;
    return [{ path: folder, line: 1, problem }];
  });
};

export const nothingIsImportedInARing: Rule = (files) => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const findings: Finding[] = [];
  const finished = new Set<string>();
  const trail: string[] = [];
  const walk = (file: SourceFile): void => {
    trail.push(file.path);
    for (const { target, line } of file.imports) {
      const start = trail.indexOf(target);
      const next = byPath.get(target);
      if (start !== -1) {
        const ring = [...trail.slice(start), target].join(" → ");
        findings.push({ path: file.path, line, problem: `a ring of imports: ${ring}` });
      } else if (next !== undefined && !finished.has(target)) walk(next);
    }
    trail.pop();
    finished.add(file.path);
  };
  for (const file of files) if (!finished.has(file.path)) walk(file);
  return findings;
};

export const packagesStayAtHome: Rule = (files) =>
  eachImport(inSource(files), (file, { target, isTypeOnly }) => {
    const from = roomOf(file.path);
    if (target.startsWith(GENERATED_CLIENT)) {
      // The store names rows by the client's types; making clients is the database's own affair.
      if (from === "database" || (from === "transcripts" && isTypeOnly)) return undefined;
      return `only database imports the generated client, and transcripts its types`;
    }
    const name = packageOf(target);
    if (name === undefined) return undefined;
    if (from === "browser") return `browser uses no package, got "${name}"`;
    if (PLATFORM.test(name)) return undefined;
    const homes = HOMES[name];
    if (homes === undefined) return `the package "${name}" has no home in src`;
    return homes.some((home) => file.path.startsWith(`src/${home}/`))
      ? undefined
      : `the home of "${name}" is ${homes.join(", ")}`;
  });

export const theBrowserKnowsMessageTypesOnly: Rule = (files) =>
  eachImport(inSource(files), (file, { target, isTypeOnly }) => {
    const isInside = target.startsWith("src/browser/");
    if (roomOf(file.path) !== "browser" || isInside || packageOf(target) !== undefined)
      return undefined;
    if (BROWSER_MESSAGES.includes(target) && isTypeOnly) return undefined;
    return `browser imports nothing but types of ${BROWSER_MESSAGES.join(" and ")}, got ${target}`;
  });

export const theSimulatorServesTheDemoOnly: Rule = (files) =>
  eachImport(inSource(files), (file, { target }) => {
    if (!target.startsWith(SIMULATOR) || file.path.startsWith(SIMULATOR)) return undefined;
    if (file.path.startsWith(DEMO)) return undefined;
    return `the simulator is for the demo and for tests, not for ${file.path}`;
  });

function eachImport(
  files: readonly SourceFile[],
  judge: (file: SourceFile, imported: SourceImport) => string | undefined,
): Finding[] {
  return files.flatMap((file) =>
    file.imports.flatMap((imported) => {
      const problem = judge(file, imported);
      return problem === undefined ? [] : [{ path: file.path, line: imported.line, problem }];
    }),
  );
}

function inSource(files: readonly SourceFile[]): SourceFile[] {
  return files.filter((file) => file.path.startsWith("src/"));
}

/** `src/gateway/door/admission.ts` → `gateway`; what lies loose in `src` is a room of its own: `index.ts`. */
function roomOf(path: string): string {
  return path.split("/")[1]!;
}

/**
 * `src/gateway/door/admission.ts` → `door`; a loose file's own name where `INNER_FLOORS` has it, otherwise ".": a room of which
 * nothing is said there has loose files alone.
 */
function innerRoomOf(path: string): string {
  const [, room = "", inner = "", deeper] = path.split("/");
  const isNamed = Object.hasOwn(INNER_FLOORS[room] ?? {}, inner);
  return deeper !== undefined || isNamed ? inner : ".";
}

/** The package of `@scope/name/file` or `../node_modules/name/file`; nothing for our own files. */
function packageOf(target: string): string | undefined {
  const specifier = target.replace(/^node_modules\//, "");
  if (specifier === target && /^(?:\.|src\/|test\/|prisma\/|package\.json$)/.test(target))
    return undefined;
  if (specifier.includes(":")) return specifier;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
