import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { renderDocuments } from "./law/generated-docs.ts";
import { REPOSITORY_ROOT } from "./law/source-tree.ts";

test("[R32] the README's tables and .env.example say what the code says (`bun run docs` writes them)", async () => {
  for (const { path, current, expected } of await renderDocuments()) {
    expect(`${path}\n${current}`).toBe(`${path}\n${expected}`);
  }
});

/** A path in back quotes, and a link of our own. */
const NAMED = /`((?:src|test|docs|prisma|deploy)\/[\w./-]+)`|\]\((?!https?:|#)([\w./-]+)\)/g;

/** A line of a way through the house: its room, and the files in it. */
const WAY = /^ {4}(\w+\/)? +(?:→ )?(\S+\.ts.*)$/gm;

test.each(["README.md", "CONTRIBUTING.md", "SECURITY.md", "SPEC.md", "docs/architecture.md"])(
  "%s names files that are there",
  async (page) => {
    const text = await Bun.file(join(REPOSITORY_ROOT, page)).text();
    const named = [...text.matchAll(NAMED)].map(
      ([, path, link]) => path ?? join(page, "..", link!),
    );
    expect(named.filter((path) => !existsSync(join(REPOSITORY_ROOT, path)))).toEqual([]);
    expect(named).not.toBeEmpty();
  },
);

test("docs/architecture.md walks through files that are there", async () => {
  const text = await Bun.file(join(REPOSITORY_ROOT, "docs/architecture.md")).text();
  let room = "";
  const walked = [...text.matchAll(WAY)].flatMap(([, named, files]) => {
    room = named ?? room;
    return files!.match(/[\w/-]+\.ts/g)!.map((file) => `src/${room}${file}`);
  });
  expect(walked).toContain("src/gateway/seat/seat.ts");
  expect(walked.filter((path) => !existsSync(join(REPOSITORY_ROOT, path)))).toEqual([]);
});
