import { describe, expect, test } from "bun:test";
import * as layout from "./law/layout-rules.ts";
import { createSourceFile, readSourceTree } from "./law/source-tree.ts";
import * as text from "./law/text-rules.ts";

interface Example {
  readonly rule: layout.Rule;
  /** What breaks the rule: path → text. */
  readonly broken: Readonly<Record<string, string>>;
  /** Every place that must be named, as "path:line". */
  readonly found: readonly string[];
}

/** The whole law, with files that break it: a rule that finds nothing in them guards nothing. */
const LAW: Readonly<Record<string, Example>> = {
  "imports carry their ending": {
    rule: layout.importsCarryTheirEnding,
    broken: { "src/relay/a.ts": `import { b } from "./b";\nimport { c } from "./c.ts";` },
    found: ["src/relay/a.ts:1"],
  },
  "imports point down": {
    rule: layout.arrowsPointDown,
    broken: {
      "src/kernel/a.ts": `import type { Log } from "../observe/log.ts";`,
      "src/auth/a.ts": `const a = 1;\nexport {\n  b,\n} from "../gateway/b.ts";`,
      "src/database/a.ts": `type A = typeof import("../transcripts/a.ts");`,
      "src/transcripts/a.ts": `import { db } from "../database/db.ts";`,
      "src/settings/a.ts": `import "../app/app.ts";`,
      "src/stuff/a.ts": `import { b } from "../../test/b.ts";`,
      "src/app.ts": `import { b } from "./kernel/b.ts";`,
    },
    found: [
      "src/kernel/a.ts:1",
      "src/auth/a.ts:2",
      "src/database/a.ts:1",
      "src/settings/a.ts:1",
      "src/stuff/a.ts:1",
      "src/app.ts:1",
    ],
  },
  "arrows inside a room point one way": {
    rule: layout.arrowsInsideARoomPointOneWay,
    broken: {
      "src/gateway/protocol/a.ts": `import type { A } from "../door/a.ts";`,
      "src/gateway/door/a.ts": `import { a } from "../protocol/a.ts";\nimport { b } from "../server.ts";`,
      "src/gateway/server.ts": `import { a } from "./seat/a.ts";\nimport { b } from "./problem.ts";`,
      "src/transcripts/final.ts": `import type { Queue } from "./transcript-batch-queue.ts";`,
      "src/transcripts/journal/a.ts": `import type { Final } from "../final.ts";`,
      "src/speech/stream/a.ts": `import { parse } from "../gladia/gladia-messages.ts";`,
      "src/speech/gladia/a.ts": `import type { B } from "../stream/b.ts";`,
      "src/speech/acme/a.ts": `import type { B } from "../provider-adapter.ts";`,
      "src/auth/keys/a.ts": `import { b } from "../b.ts";`,
      "src/commands/demo/demo.ts": `import { a } from "../command-line.ts";`,
    },
    found: [
      "src/gateway/protocol/a.ts:1",
      "src/gateway/door/a.ts:2",
      "src/transcripts/final.ts:1",
      "src/speech/stream/a.ts:1",
      "src/speech/gladia/a.ts:1",
      "src/speech/acme/a.ts:1",
      "src/auth/keys/a.ts:1",
      "src/commands/demo/demo.ts:1",
    ],
  },
  "folders are rooms": {
    rule: layout.foldersAreRooms,
    broken: Object.fromEntries([
      ...Array.from({ length: 15 }, (_, index) => [`src/auth/a-${index}.ts`, ""]),
      ...Array.from({ length: 14 }, (_, index) => [`src/relay/a-${index}.ts`, ""]),
    ]),
    found: ["src/auth:1"],
  },
  "nothing is imported in a ring": {
    rule: layout.nothingIsImportedInARing,
    broken: {
      "src/relay/a.ts": `import { b } from "./b.ts";`,
      "src/relay/b.ts": `import { c } from "./c.ts";`,
      "src/relay/c.ts": `// Closes it.\nimport type { A } from "./a.ts";`,
    },
    found: ["src/relay/c.ts:2"],
  },
  "packages stay at home": {
    rule: layout.packagesStayAtHome,
    broken: {
      "src/gateway/a.ts": `import * as v from "valibot";\nimport { jwtVerify } from "jose";`,
      "src/observe/a.ts": `import type { Pool } from "pg/lib/a";\nimport { it } from "bun:test";`,
      "src/transcripts/journal/a.ts": [
        `import type { PrismaClient } from "../../database/generated/client.ts";`,
        `import { Prisma } from "../../database/generated/client.ts";`,
        `import { Database } from "bun:sqlite";`,
      ].join("\n"),
      "src/transcripts/a.ts": `import { Database } from "bun:sqlite";`,
      "src/speech/gladia/a.ts": `import * as v from "valibot";\nimport type { LiveV2 } from "@gladiaio/sdk";`,
      "src/browser/a.ts": `import { join } from "node:path";`,
      "src/database/a.ts": `import a from "../../node_modules/@electric-sql/pglite/a.wasm";`,
      "src/relay/a.ts": `const fs = await import("@electric-sql/pglite/nodefs");`,
      "src/app/a.ts": `import { join } from "node:path";\nimport a from "node:timers/promises";`,
    },
    found: [
      "src/gateway/a.ts:2",
      "src/observe/a.ts:1",
      "src/observe/a.ts:2",
      "src/transcripts/journal/a.ts:2",
      "src/transcripts/a.ts:1",
      "src/speech/gladia/a.ts:2",
      "src/browser/a.ts:1",
      "src/relay/a.ts:1",
      "src/app/a.ts:2",
    ],
  },
  "the browser knows message types only": {
    rule: layout.theBrowserKnowsMessageTypesOnly,
    broken: {
      "src/browser/a.ts": `import type { A } from "../gateway/protocol/server-messages.ts";\nimport "./a.css";`,
      "src/browser/d.ts": `import type { D } from "../gateway/protocol/client-messages.ts";`,
      "src/browser/b.ts": `import { parseClientMessage } from "../gateway/protocol/client-messages.ts";`,
      "src/browser/c.ts": `import type { Server } from "../gateway/server.ts";`,
    },
    found: ["src/browser/b.ts:1", "src/browser/c.ts:1"],
  },
  "the simulator serves the demo only": {
    rule: layout.theSimulatorServesTheDemoOnly,
    broken: {
      "src/app/app.ts": `import { startSimulator } from "../simulator/simulator.ts";`,
      "src/commands/serve.ts": `import { startSimulator } from "../simulator/simulator.ts";`,
      "src/commands/demo/demo.ts": `import { startSimulator } from "../../simulator/simulator.ts";`,
    },
    found: ["src/app/app.ts:1", "src/commands/serve.ts:1"],
  },
  "files are short": {
    rule: text.filesAreShort,
    broken: { "test/a.ts": "a;\n".repeat(301), "src/relay/a.ts": "a;\n".repeat(300) },
    found: ["test/a.ts:301"],
  },
  "names say a duty": {
    rule: text.namesSayADuty,
    broken: {
      "src/index.ts": "",
      "src/relay/index.ts": "",
      "src/relay/audio-utils.ts": "",
      "test/support/helpers/a.ts": "",
      "src/types.ts": "",
      "src/relay/AudioBacklog.ts": "",
      "src/relay/audio-backlog.ts": "",
    },
    found: [
      "src/relay/index.ts:1",
      "src/relay/audio-utils.ts:1",
      "test/support/helpers/a.ts:1",
      "src/types.ts:1",
      "src/relay/AudioBacklog.ts:1",
    ],
  },
  "timers live in the kernel": {
    rule: text.timersLiveInTheKernel,
    broken: {
      "src/kernel/timers.ts": `setInterval(tick, 1);`,
      "src/relay/a.ts": "// setTimeout is not called here.\nconst a = `${setTimeout(`b`, 1)}`;",
      "src/browser/a.ts": `setTimeout(draw, 1);`,
    },
    found: ["src/relay/a.ts:2"],
  },
  "few read the wall clock": {
    rule: text.fewReadTheWallClock,
    broken: {
      "src/relay/timeline.ts": `Date.now();`,
      "src/relay/a.ts": "// Not Date.now().\nconst a = Date.now();\nconst b = new Date(0);",
      "src/auth/a.ts": `const { now } = Date;\nconst a = new Date();\nconst b = new Date;`,
      "src/speech/stream/a.ts": `const a: Date = at;\nconst b = Date();\nwait(Date\n  .now);`,
      "src/simulator/a.ts": `new Date();`,
      "src/commands/demo/a.ts": `Date.now();`,
      "src/commands/a.ts": `Date.now();`,
    },
    found: [
      "src/relay/a.ts:2",
      "src/auth/a.ts:2",
      "src/auth/a.ts:3",
      "src/speech/stream/a.ts:2",
      "src/speech/stream/a.ts:3",
      "src/commands/a.ts:1",
    ],
  },
  "the monotonic clock is read in the kernel": {
    rule: text.theMonotonicClockIsReadInTheKernel,
    broken: {
      "src/kernel/timers.ts": `performance.now();`,
      "src/kernel/a.ts": `performance.now();`,
      "src/app/a.ts": `const { now } = performance;\nBun.nanoseconds();\nprocess.hrtime.bigint();`,
      "src/browser/a.ts": `performance.now();`,
    },
    found: ["src/kernel/a.ts:1", "src/app/a.ts:1", "src/app/a.ts:2", "src/app/a.ts:3"],
  },
  "the environment is read at the edge": {
    rule: text.theEnvironmentIsReadAtTheEdge,
    broken: {
      "src/index.ts": `process.env["PORT"];`,
      "src/app/app.ts": `const port = 1;\nBun.env["PORT"];`,
      "src/gateway/a.ts": `const text = "process.env";\n/\\//.test(process.env.PORT);`,
    },
    found: ["src/app/app.ts:2", "src/gateway/a.ts:2"],
  },
  "only commands speak to the console": {
    rule: text.onlyCommandsSpeakToTheConsole,
    broken: { "src/commands/a.ts": `console.log(1);`, "src/app.ts": `console.log(1);` },
    found: ["src/app.ts:1"],
  },
  "only the root names the provider": {
    rule: text.onlyTheRootNamesTheProvider,
    broken: {
      "src/speech/stream/a.ts": `// As Gladia does.\nconst a = "x";\nimport { b } from "../gladia/b.ts";`,
      "src/observe/a.ts": `const name = "gladia_sessions";\nconst gladiaSessions = 1;`,
      "src/speech/gladia/a.ts": `const name = "gladia";`,
      "src/app/a.ts": `import { createGladiaAdapter } from "../speech/gladia/gladia-adapter.ts";`,
    },
    found: ["src/speech/stream/a.ts:3", "src/observe/a.ts:1", "src/observe/a.ts:2"],
  },
  "exports have names": {
    rule: text.exportsHaveNames,
    broken: {
      "src/app.ts": `export default 1;`,
      "test/a.ts": `const b = 1;\nexport { b as default };`,
    },
    found: ["src/app.ts:1", "test/a.ts:2"],
  },
  "nothing is put off": {
    rule: text.nothingIsPutOff,
    broken: { "src/app.ts": `const a = "TODO";\n/**\n * TODO: later.\n */` },
    found: ["src/app.ts:3"],
  },
  "casts have a reason": {
    rule: text.castsHaveAReason,
    broken: {
      "src/app.ts": `import { a as b } from "./b.ts";\nconst c = [1] as const;\nb as string;`,
      "src/config.ts": `// The table has no other keys.\nconst d = table as Settings;`,
    },
    found: ["src/app.ts:3"],
  },
};

const TREE = await readSourceTree(["src", "test"]);

describe.each(Object.entries(LAW))("%s", (_name, { rule, broken, found }) => {
  test("in all of src and test", () => {
    const findings = rule(TREE).map(({ path, line, problem }) => `${path}:${line} ${problem}`);
    expect(findings).toEqual([]);
  });

  test("or the place is named", () => {
    const files = Object.entries(broken).map(([path, source]) => createSourceFile(path, source));
    expect(rule(files).map(({ path, line }) => `${path}:${line}`)).toEqual([...found]);
  });
});

test("the tree is read at all", () => {
  const paths = TREE.map(({ path }) => path);
  expect(paths).toContain("src/relay/ports.ts");
  expect(paths).toContain("test/architecture.test.ts");
  expect(paths.filter((path) => path.includes("/generated/"))).toEqual([]);
});
