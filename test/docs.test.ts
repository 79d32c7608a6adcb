import { expect, test } from "bun:test";
import { renderDocuments } from "./law/generated-docs.ts";

test("[R32] the README's tables and .env.example say what the code says (`bun run docs` writes them)", async () => {
  for (const { path, current, expected } of await renderDocuments()) {
    expect(`${path}\n${current}`).toBe(`${path}\n${expected}`);
  }
});
