import { renderDocuments } from "./generated-docs.ts";

for (const { path, expected } of await renderDocuments()) await Bun.write(path, expected);
