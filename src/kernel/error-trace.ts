import { AssertionError } from "./assert.ts";
import { AppError } from "./errors.ts";

/**
 * What a log line may hold of an error that nobody expected. `stack` tells where its innermost cause was thrown, and is
 * undefined for what is no error.
 */
export type ErrorTrace = Readonly<Record<"problem" | "stack", string | undefined>>;

/** Deeper ones only repeat the runtime's own frames. */
const FRAMES_MAX = 12;

const CAUSES_MAX = 4;

/** The engine's sentences about code. Those of other classes, and all with a code, quote what they were given. */
const CODE_ERRORS: ReadonlySet<string> = new Set(["TypeError", "ReferenceError", "RangeError"]);

/**
 * Describes a bug by its place: class, code and stack.
 *
 * An unexpected error may quote anything, a token in a URL or the words of a row. So its message is left out, unless it is one
 * of ours, or the engine's about our code; what that one quotes is left out too.
 */
export function traceError(error: unknown): ErrorTrace {
  const chain = [error];
  for (let cause = causeOf(error); cause !== undefined; cause = causeOf(cause)) {
    if (chain.push(cause) === CAUSES_MAX) break;
  }
  return { problem: chain.map(nameProblem).join(" < "), stack: readFrames(chain.at(-1)) };
}

function causeOf(error: unknown): unknown {
  if (error instanceof AggregateError) return error.errors[0] ?? error.cause;
  return error instanceof Error ? error.cause : undefined;
}

function nameProblem(error: unknown): string {
  if (!(error instanceof Error)) return `a thrown ${typeof error}`;
  const { name, message } = error;
  if (error instanceof AppError || error instanceof AssertionError) return `${name}: ${message}`;
  if ("code" in error) return `${name} ${String(error.code)}`;
  if (!CODE_ERRORS.has(name)) return name;
  return `${name}: ${message.split("\n", 1)[0]?.replaceAll(/(["'`]).*\1/g, "$1…$1")}`;
}

/** The message stands above the frames, and may look like one. */
function readFrames(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.stack === undefined) return undefined;
  const { message, stack } = error;
  const framesAt = stack.includes(message) ? stack.indexOf(message) + message.length : 0;
  const lines = stack.slice(framesAt).split("\n");
  const frames = lines.map((line) => line.trim()).filter((line) => line.startsWith("at "));
  return frames.slice(0, FRAMES_MAX).join(" < ");
}
