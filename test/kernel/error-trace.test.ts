import { expect, test } from "bun:test";
import { AssertionError } from "../../src/kernel/assert.ts";
import { traceError } from "../../src/kernel/error-trace.ts";
import { AppError } from "../../src/kernel/errors.ts";

const SECRET = "s3cret-words";

/** What the platform itself throws at such input. */
const QUOTING: Readonly<Record<string, () => unknown>> = {
  "JSON that is none": () => JSON.parse(SECRET),
  "a URL that is none": () => new URL(SECRET),
  "a socket's URL that is none": () => new WebSocket(`wss://no host/?token=${SECRET}`),
  "a socket's URL with a fragment": () => new WebSocket(`ws://host/?token=${SECRET}#x`),
  "a package's sentence": () => {
    throw new Error(`Failing row contains (${SECRET})`);
  },
  "a package's sentence with something like a frame": () => {
    throw new Error(`no row\n    at ${SECRET} (row:1:1)`);
  },
  "a code": () => {
    throw Object.assign(new Error(`no such file ${SECRET}`), { code: "ENOENT" });
  },
  "a quoted word": () => {
    throw new TypeError(`cannot use "${SECRET}" here`);
  },
  "what is no error": () => {
    // oxlint-disable-next-line typescript/only-throw-error -- Packages do.
    throw SECRET;
  },
};

test.each(Object.keys(QUOTING))("[R24] quotes nothing of %s", (name) => {
  const trace = traceError(thrownBy(QUOTING[name]!));
  expect(JSON.stringify(trace)).not.toContain(SECRET);
  expect(trace.problem).not.toBe("");
});

test("keeps what our own errors say, and the engine says about our code", () => {
  const failure = new AppError("provider-unreachable", "expected a provider, got none");
  expect(traceError(failure).problem).toBe("AppError: expected a provider, got none");
  expect(traceError(new AssertionError("expected 1")).problem).toBe("AssertionError: expected 1");
  const bug = thrownBy(() => (undefined as unknown as { size: { more: number } }).size.more);
  expect(traceError(bug).problem).toStartWith("TypeError: undefined is not an object");
});

test("tells where it was thrown, and what it came from", () => {
  function placeOfTheBug(): never {
    throw new RangeError("expected less");
  }
  const outer = new AppError("internal", "it failed", { cause: thrownBy(placeOfTheBug) });
  const { problem, stack } = traceError(new AggregateError([outer], "several"));
  expect(problem).toBe("AggregateError < AppError: it failed < RangeError: expected less");
  expect(stack).toStartWith("at placeOfTheBug (");
  expect(stack).toContain("error-trace.test.ts");
});

test("ends where causes go round in a ring", () => {
  const error = new Error("round");
  error.cause = error;
  expect(traceError(error).problem).toBe("Error < Error < Error < Error");
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("expected a throw");
}
