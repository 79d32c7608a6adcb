import { cpus } from "node:os";
import packageJson from "../../package.json" with { type: "json" };
import type { TestDatabase } from "../support/actors/databases/postgres.ts";

/** What a figure was measured on; without it, it is none. */
export interface Circumstances {
  readonly date: string;
  readonly machine: { readonly cores: number; readonly model: string };
  readonly versions: { readonly bun: string; readonly prisma: string; readonly postgres: string };
}

export async function describeCircumstances(database: TestDatabase): Promise<Circumstances> {
  const processors = cpus();
  const [server] = await database.query<{ version: string }>(
    "SELECT current_setting('server_version') AS version",
  );
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: { cores: processors.length, model: processors[0]!.model.trim() },
    versions: {
      bun: Bun.version,
      prisma: packageJson.dependencies["@prisma/client"],
      postgres: server!.version,
    },
  };
}

/** Three significant digits: the fourth is never the same twice. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
