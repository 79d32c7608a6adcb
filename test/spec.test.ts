import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { CLOSINGS } from "../src/gateway/protocol/close-codes.ts";
import { lineAt, readSourceTree, REPOSITORY_ROOT } from "./law/source-tree.ts";

type Status = "held" | "partly" | "not yet";

interface SpecRule {
  readonly id: string;
  readonly status: Status;
  /** Whether it says what is missing. */
  readonly admitsMissing: boolean;
}

/** `- **R2** (held) — …`, up to the next rule or heading. */
const RULE = /^- \*\*(R\d+)\*\* \((held|partly|not yet)\) — [^]*?(?=^- \*\*|^#|(?![^]))/gm;

/** The beginning of a test's name, one id or several. A test that is skipped proves nothing. */
const TEST_NAME = /(?<!\b(?:describe|skip|todo)\(\s*)["'`]((?:\[R\d+\] ?)+)/g;

const SPEC = await Bun.file(join(REPOSITORY_ROOT, "SPEC.md")).text();
const README = await Bun.file(join(REPOSITORY_ROOT, "README.md")).text();
const RULES: readonly SpecRule[] = [...SPEC.matchAll(RULE)].map(([text, id, status]) => ({
  id: id!,
  status: status as Status,
  admitsMissing: text.includes("_Missing:_"),
}));
const TREE = await readSourceTree(["src", "test"]);
const TESTED = TREE.filter(({ path }) => path.startsWith("test/")).flatMap(({ path, text }) =>
  [...text.matchAll(TEST_NAME)].flatMap((name) =>
    name[1]!.match(/R\d+/g)!.map((id) => ({ id, place: `${path}:${lineAt(text, name.index)}` })),
  ),
);

describe("SPEC.md", () => {
  test("gives every rule an id of its own and a status", () => {
    const ids = RULES.map(({ id }) => id);
    expect(ids).toEqual(SPEC.match(/(?<=^- \*\*)R\d+/gm) ?? []);
    expect(ids).toEqual([...new Set(ids)]);
    expect(ids).toContain("R1");
  });

  test("says what is missing exactly where a rule is not held", () => {
    const wrong = RULES.filter(
      ({ status, admitsMissing }) => (status === "held") === admitsMissing,
    );
    expect(wrong).toEqual([]);
  });

  test("knows every rule that a test or a comment names", () => {
    const known = new Set(RULES.map(({ id }) => id));
    const quoted = TREE.flatMap(({ path, comments }) =>
      [...comments.matchAll(/\bR\d+\b/g)].map(({ 0: id, index }) => ({
        id,
        place: `${path}:${lineAt(comments, index)}`,
      })),
    );
    expect([...TESTED, ...quoted].filter(({ id }) => !known.has(id))).toEqual([]);
  });

  test("has a test for every rule that holds, wholly or partly", () => {
    const tested = new Set(TESTED.map(({ id }) => id));
    const promised = RULES.filter(({ status }) => status !== "not yet").map(({ id }) => id);
    expect(promised.filter((id) => !tested.has(id))).toEqual([]);
  });

  test("names, as the README does, every message of the protocol and every state in one", () => {
    const messages = TREE.filter(({ path }) =>
      /^src\/gateway\/protocol\/.*messages\.ts$/.test(path),
    );
    const source = messages.map(({ text }) => text).join("\n");
    const types = namesIn(source, /\breadonly type: "([a-z-]+)"/g);
    const states = namesIn(/type StatusState =([^;]+);/.exec(source)?.[1] ?? "", /"([a-z-]+)"/g);
    expect(types).toContain("transcription");
    expect(types).toContain("refresh");
    expect(states).toContain("draining");
    const missing = [
      ...types.filter((type) => !SPEC.includes(`{"type":"${type}"`)),
      ...states.filter((state) => !SPEC.includes(`\`${state}\``)),
      ...types.filter((type) => !README.includes(`{"type":"${type}"`)),
      ...states.filter((state) => !README.includes(`"${state}"`)),
    ];
    expect(missing).toEqual([]);
  });

  test("lists the failures and close codes of the code", () => {
    const listed = [...SPEC.matchAll(/^\| `([a-z-]+)` +\| (\d{4}) +\| (yes|no) +\|$/gm)];
    const expected = Object.entries(CLOSINGS).map(([failure, { closeCode, retryable }]) => [
      failure,
      String(closeCode),
      retryable ? "yes" : "no",
    ]);
    expect(listed.map((row) => row.slice(1))).toEqual(expected);
  });
});

/** What the first group finds, each once. */
function namesIn(text: string, pattern: RegExp): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1]!))];
}
