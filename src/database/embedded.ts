import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import initdbPath from "@electric-sql/pglite/initdb.wasm" with { type: "file" };
import bundlePath from "@electric-sql/pglite/pglite.data" with { type: "file" };
import postgresPath from "@electric-sql/pglite/pglite.wasm" with { type: "file" };
import { lockFolder } from "./folder-lock.ts";
import { StoreError } from "./store-error.ts";

export interface EmbeddedPostgres {
  readonly postgres: PGlite;
  /** Writes everything down and gives the folder back. */
  readonly close: () => Promise<void>;
}

/** The folder holds what people said: nobody else on the machine reads it. Only a folder that is new gets these rights. */
const FOLDER_MODE = 0o700;

/**
 * PostgreSQL inside this process, kept in `directory`, which is created with its parents.
 *
 * It has one connection, and one process at a time: a second one is refused before it touches the data.
 */
export async function openEmbedded(directory: string): Promise<EmbeddedPostgres> {
  await mkdir(directory, { recursive: true, mode: FOLDER_MODE });
  const lock = lockFolder(directory);
  try {
    const postgres = await PGlite.create(join(directory, "data"), await loadAssets());
    return {
      postgres,
      close: async () => {
        try {
          await postgres.close();
        } finally {
          lock.release();
        }
      },
    };
  } catch (cause) {
    lock.release();
    throw new StoreError("database-unreachable", `no database could be opened in ${directory}`, {
      cause,
    });
  }
}

/** NOTE: without these PGlite looks for files beside its own source, and never returns in a compiled executable. */
async function loadAssets() {
  const [pgliteWasmModule, initdbWasmModule] = await Promise.all([
    compile(postgresPath),
    compile(initdbPath),
  ]);
  return { pgliteWasmModule, initdbWasmModule, fsBundle: Bun.file(bundlePath) };
}

async function compile(path: string): Promise<WebAssembly.Module> {
  return await WebAssembly.compile(await Bun.file(path).arrayBuffer());
}
