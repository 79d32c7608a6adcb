/**
 * The parts of the papers that are made from code: the README's tables and `.env.example`.
 *
 * `bun run docs` writes them; `test/docs.test.ts` fails when what is written differs.
 */
import { join } from "node:path";
import { CLOSE_CODE_MEANINGS } from "../../src/gateway/protocol/close-codes.ts";
import type { SettingKey } from "../../src/settings/config.ts";
import type { Setting } from "../../src/settings/setting-kinds.ts";
import { SETTINGS } from "../../src/settings/settings.ts";

const ROOT = join(import.meta.dir, "../..");

/** A file of the repository as it stands, and as it should. */
export interface GeneratedDocument {
  readonly path: string;
  readonly current: string;
  readonly expected: string;
}

export async function renderDocuments(): Promise<readonly GeneratedDocument[]> {
  const readme = await readDocument("README.md");
  const withSettings = fillIn(readme.current, "settings", renderSettingsTable());
  return [
    { ...readme, expected: fillIn(withSettings, "close-codes", renderCloseCodes()) },
    { ...(await readDocument(".env.example")), expected: renderEnvironmentExample() },
  ];
}

async function readDocument(name: string) {
  const path = join(ROOT, name);
  const file = Bun.file(path);
  return { path, current: (await file.exists()) ? await file.text() : "" };
}

/** Replaces what stands between the comments `<!-- name -->` and `<!-- /name -->`. */
function fillIn(text: string, name: string, content: string): string {
  const between = new RegExp(`(<!-- ${name} -->\n).*?(<!-- /${name} -->)`, "s");
  if (!between.test(text)) throw new Error(`expected the comments of "${name}" in the README`);
  return text.replace(between, (_, start: string, end: string) => `${start}\n${content}\n\n${end}`);
}

function renderSettingsTable(): string {
  const rows = listSettings().map((setting) => {
    const unit = setting.unit === undefined ? "" : ` ${setting.unit}`;
    const fallback = describeFallback(setting);
    return `| \`${setting.name}\` | ${fallback === "" ? "–" : `${fallback}${unit}`} | ${setting.sentence} |`;
  });
  return ["| name | default | what |", "|---|---|---|", ...rows].join("\n");
}

function renderEnvironmentExample(): string {
  const blocks = listSettings().map((setting) => {
    const fallback = describeFallback(setting).replaceAll("`", "");
    const unit = setting.unit === undefined ? "" : ` ${setting.unit}`;
    const standard = fallback === "" ? "" : ` Default: ${fallback}${unit}.`;
    return `# ${setting.sentence.replaceAll("`", "")}${standard}\n#${setting.name}=`;
  });
  const head =
    "# Settings of Stenogate, from its one table (src/settings/settings.ts). An empty value counts as not set.";
  return `${[head, ...blocks].join("\n\n")}\n`;
}

function renderCloseCodes(): string {
  const rows = Object.entries(CLOSE_CODE_MEANINGS).map(
    ([code, meaning]) => `| ${code} | ${meaning} |`,
  );
  return ["| code | meaning |", "|---|---|", ...rows].join("\n");
}

function listSettings(): readonly Setting<unknown>[] {
  const keys = Object.keys(SETTINGS) as SettingKey[];
  // The kinds differ in their values only, which are printed.
  return keys.map((key) => SETTINGS[key] as Setting<unknown>);
}

function describeFallback({ fallback, fallbackText }: Setting<unknown>): string {
  if (fallbackText !== undefined) return fallbackText;
  const isPlain = typeof fallback === "string" || typeof fallback === "number";
  return isPlain ? `\`${fallback}\`` : "";
}
