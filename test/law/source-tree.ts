import { join, posix } from "node:path";
import { Glob } from "bun";
import { maskSource, type MaskedSource } from "./source-lexer.ts";

/** One `import`, `export … from`, `import()` or `require()`. */
export interface SourceImport {
  readonly specifier: string;
  /** The file that a relative specifier names, from the repository's root; else the specifier. */
  readonly target: string;
  readonly line: number;
  /** `import type` and `typeof import()`: nothing of it is left at run time. */
  readonly isTypeOnly: boolean;
}

export interface SourceFile extends MaskedSource {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly SourceImport[];
}

export const REPOSITORY_ROOT = join(import.meta.dir, "../..");

/** Made by `prisma generate`; its form is not ours. */
const GENERATED = "src/database/generated/";

/** Matched on masked code, where quoted text is blank: no text can pass for an import. */
const IMPORT_FORMS = [
  /\b(?:import|export)\b(?<type>\s+type\b)?[^;"'`()=]*?\bfrom\s*(?<quoted>"\s*"|'\s*')/g,
  /\bimport\s*(?<quoted>"\s*"|'\s*')/g,
  /(?<type>\btypeof\s+)?\b(?:import|require)\s*\(\s*(?<quoted>"\s*"|'\s*'|`\s*`)/g,
];

/** Reads the TypeScript, HTML and CSS of the given folders, in the order of their paths. */
export async function readSourceTree(folders: readonly string[]): Promise<SourceFile[]> {
  const pattern = new Glob(`{${folders.join(",")}}/**/*.{ts,html,css}`);
  const paths = await Array.fromAsync(pattern.scan({ cwd: REPOSITORY_ROOT }));
  const own = paths.filter((path) => !path.startsWith(GENERATED)).toSorted();
  return Promise.all(
    own.map(async (path) =>
      createSourceFile(path, await Bun.file(join(REPOSITORY_ROOT, path)).text()),
    ),
  );
}

export function createSourceFile(path: string, text: string): SourceFile {
  if (!path.endsWith(".ts")) return { path, text, code: "", comments: "", imports: [] };
  const masked = maskSource(text);
  return { path, text, ...masked, imports: findImports(path, text, masked.code) };
}

/** Counted from 1, as editors do. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

function findImports(path: string, text: string, code: string): SourceImport[] {
  const found = IMPORT_FORMS.flatMap((form) => [...code.matchAll(form)]);
  return found.map((match) => {
    const end = match.index + match[0].length;
    const specifier = text.slice(end - match.groups!["quoted"]!.length + 1, end - 1);
    const isRelative = specifier.startsWith(".");
    return {
      specifier,
      target: isRelative ? posix.join(posix.dirname(path), specifier) : specifier,
      line: lineAt(text, match.index),
      isTypeOnly: match.groups!["type"] !== undefined,
    };
  });
}
