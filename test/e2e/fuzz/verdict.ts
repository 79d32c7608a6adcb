/** What is wrong with what was seen, in sentences; nothing when every promise was kept. Pure. */
import { CLOSE_CODE_MEANINGS, CLOSINGS } from "../../../src/gateway/protocol/close-codes.ts";
import type { HttpSighting, Sighting, SocketSighting } from "./attack.ts";
import type { CanaryOutcome } from "./canary.ts";
import type { Vitals } from "./vitals.ts";

/**
 * Every status that a request can get. 400, 413, 431, 501 and 505 are Bun's own words for requests that our code never
 * sees; 101 and 426 belong to handshakes.
 */
export const STATUSES: ReadonlySet<number> = new Set([
  100, 101, 200, 400, 401, 403, 404, 405, 413, 426, 431, 501, 505,
]);

/** Sent by Bun itself, without an error message before it: a broken frame, text that is no UTF-8, a payload over its limit. */
export const BUN_CLOSE_CODES: ReadonlySet<number> = new Set([1002, 1007, 1009]);

/** Error lines that a stranger may cause; there are none. */
const EXPECTED_ERRORS: readonly RegExp[] = [];

/** What a process may have gathered for good beyond its level after the warm-up: caches, pools, a heap not yet shrunk. */
const GROWTH_FACTOR_MAX = 1.5;
const GROWTH_BYTES_MAX = 64 * 1_048_576;

export function judgeSighting(sighting: Sighting): readonly string[] {
  return sighting.kind === "http" ? judgeAnswers(sighting) : judgeSocket(sighting);
}

/** `log` is what the process has written to standard error. */
export function judgeLog(log: string): readonly string[] {
  const problems = log.split("\n").flatMap((line) => judgeLine(line));
  // Every JSON Web Token begins like this.
  if (/eyJ\w{10}/.test(log)) problems.push("a token is in the log");
  return [...new Set(problems)];
}

export function judgeCanary({
  closeCode,
  shown,
  spoken,
  stored,
}: CanaryOutcome): readonly string[] {
  const problems: string[] = [];
  if (closeCode !== 1000)
    problems.push(`expected the canary's close code to be 1000, got ${closeCode}`);
  const judge = (what: string, texts: readonly string[]) => {
    const at = spoken.findIndex((text, index) => texts[index] !== text);
    if (at >= 0 || texts.length !== spoken.length) {
      problems.push(
        `expected ${spoken.length} finals to be ${what}, got ${texts.length}, the first wrong one at ${at}`,
      );
    }
  };
  judge("shown", shown);
  judge("stored", stored);
  return problems;
}

export function judgeVitals(before: Vitals, after: Vitals): readonly string[] {
  const problems: string[] = [];
  const uncaught = after.figures.get("stenogate_uncaught_errors_total");
  if (uncaught !== 0) problems.push(`expected no uncaught errors, got ${uncaught}`);
  for (const name of ["residentBytes", "heapBytes"] as const) {
    const most = before[name] * GROWTH_FACTOR_MAX + GROWTH_BYTES_MAX;
    if (!(after[name] <= most))
      problems.push(`expected ${name} to be at most ${most}, got ${after[name]}`);
  }
  return problems;
}

function judgeAnswers({ statuses }: HttpSighting): readonly string[] {
  return statuses
    .filter((status) => !STATUSES.has(status))
    .map((status) => `got the unexpected status ${status}`);
}

function judgeSocket(sighting: SocketSighting): readonly string[] {
  const { status, closing, goodbye, errors } = sighting;
  if (status !== 0 && !STATUSES.has(status)) return [`got the unexpected status ${status}`];
  if (status !== 101 || goodbye.kind === "garbled") return [];
  if (closing === undefined) {
    return goodbye.kind === "none" ? ["was cut off without a close frame"] : [];
  }
  const { code } = closing;
  if (goodbye.kind === "close" && goodbye.codes.includes(code)) return [];
  if (BUN_CLOSE_CODES.has(code)) return [];
  if (!Object.hasOwn(CLOSE_CODE_MEANINGS, code)) return [`got the unexpected close code ${code}`];
  const last = String(errors.at(-1));
  const explained = new Map<string, number>(
    Object.entries(CLOSINGS).map(([failure, { closeCode }]) => [failure, closeCode]),
  );
  if (code === 1000 || explained.get(last) === code) return [];
  return [`got the close code ${code} after the error message "${last}"`];
}

function judgeLine(line: string): string[] {
  if (line === "") return [];
  let entry: { readonly level?: string; readonly msg?: string; readonly problem?: string };
  try {
    entry = JSON.parse(line) as typeof entry;
  } catch {
    return [`expected JSON in the log, got: ${line.slice(0, 200)}`];
  }
  const sentence = `${entry.msg}: ${entry.problem}`;
  if (entry.level !== "error" || EXPECTED_ERRORS.some((expected) => expected.test(sentence)))
    return [];
  return [`an error was logged: ${sentence}`];
}
