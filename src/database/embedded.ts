import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
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

/** Of a whole cluster: the database that is made last, and in which everything is kept. PostgreSQL numbers it so since 15. */
const LAST_MADE = join("base", "5", "PG_VERSION");

/**
 * PostgreSQL inside this process, kept in `directory`, which is created with its parents.
 *
 * It has one connection, and one process at a time: a second one is refused before it touches the data. `data` in it is a
 * whole cluster at any time: a new one is made beside it, and renamed. A start that was killed on its way is forgotten.
 */
export async function openEmbedded(directory: string): Promise<EmbeddedPostgres> {
  await mkdir(directory, { recursive: true, mode: FOLDER_MODE });
  const lock = lockFolder(directory);
  try {
    const data = join(directory, "data");
    const assets = await loadAssets();
    if (await isToBeMade(data)) await makeCluster(directory, data, assets);
    const postgres = await PGlite.create(data, assets);
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
    throw new StoreError(
      "database-unreachable",
      `no database could be opened in ${directory}: check that this user may write there and that the disk has room; ` +
        "otherwise its data is damaged: bring a backup back, or move it away, and an empty one is made",
      { cause },
    );
  }
}

/** Nothing was ever kept in a folder that is not whole. */
async function isToBeMade(data: string): Promise<boolean> {
  const found = await stat(data).catch(ignoreMissing);
  if (found === undefined) return true;
  // Whatever else it is, it is not ours to replace.
  if (!found.isDirectory()) return false;
  return (await stat(join(data, LAST_MADE)).catch(ignoreMissing)) === undefined;
}

/** The caller owns `directory`. Making takes seconds, in which a process may be killed; the rename takes none. */
async function makeCluster(directory: string, data: string, assets: Assets): Promise<void> {
  const making = join(directory, "data.making");
  await rm(making, { recursive: true, force: true });
  await (await PGlite.create(making, assets)).close();
  const halfMadeCount = (await readdir(data).catch(ignoreMissing))?.length ?? 0;
  // Kept all the same: what was half-made by an earlier version could also be what is left of a damaged disk.
  if (halfMadeCount > 0) await rename(data, join(directory, `data.unfinished-${Date.now()}`));
  await rename(making, data);
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}

type Assets = Awaited<ReturnType<typeof loadAssets>>;

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
