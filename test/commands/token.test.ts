import { expect, spyOn, test } from "bun:test";
import { createTokenVerifier } from "../../src/auth/token-verifier.ts";
import { UsageError, type FlagValues } from "../../src/commands/command.ts";
import { parseTtl, token } from "../../src/commands/token.ts";
import { ConfigError } from "../../src/settings/config.ts";

const secret = "a secret of thirty-two bytes, or more";

/** The printed token, as the gateway reads it. */
async function printed(flags: FlagValues) {
  using output = spyOn(console, "log").mockImplementation(() => {});
  expect(await token.run(flags, { TRANSCRIPTION_JWT_SECRET: secret }, "")).toBe(0);
  expect(output).toHaveBeenCalledTimes(1);
  return await createTokenVerifier({ secret }).verify(String(output.mock.calls[0]![0]));
}

/** The token was minted between `beforeMs` and now, for so long, in whole seconds. */
function expectTtl(expiresAt: Date, beforeMs: number, seconds: number): void {
  const ttlMs = seconds * 1000;
  expect(expiresAt.getTime()).toBeGreaterThan(beforeMs + ttlMs - 1000);
  expect(expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + ttlMs);
}

test("prints a token that the gateway accepts, for an hour unless told otherwise", async () => {
  const beforeMs = Date.now();
  const verified = await printed({ session: "standup", identity: "ada" });
  expect(verified.speaker).toEqual({
    subject: "ada",
    sessionSlug: "standup",
    identity: "ada",
    name: "ada",
  });
  expectTtl(verified.expiresAt, beforeMs, 3600);
});

test("puts name, subject and time to live into the token", async () => {
  const flags = { session: "standup", identity: "ada", name: "Ada", subject: "user-1", ttl: "90s" };
  const beforeMs = Date.now();
  const { speaker, expiresAt } = await printed(flags);
  expect(speaker).toMatchObject({ subject: "user-1", identity: "ada", name: "Ada" });
  expectTtl(expiresAt, beforeMs, 90);
});

test.each<[string, FlagValues]>([
  ["--identity", { session: "standup" }],
  ["--session", { identity: "ada", session: "" }],
  ["--session", { identity: "ada", session: "." }],
  ["--session", { identity: "ada", session: ".." }],
  ["--ttl", { identity: "ada", session: "standup", ttl: "soon" }],
])("asks for %s where it is missing or wrong", async (named, flags) => {
  const failure: unknown = await token.run(flags, {}, "").catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UsageError);
  expect(String(failure)).toContain(named);
});

test("[R32] needs the key to sign with", async () => {
  const failure: unknown = await token
    .run({ session: "standup", identity: "ada" }, {}, "")
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ConfigError);
  expect(String(failure)).toContain("TRANSCRIPTION_JWT_SECRET: expected the key to sign with");
});

test.each([
  ["1s", 1],
  ["90s", 90],
  ["30m", 1800],
  ["1h", 3600],
  ["31d", 2_678_400],
])("reads %p as %i seconds", (text, seconds) => {
  expect(parseTtl(text)).toEqual({ ok: true, value: seconds });
});

test.each([
  "",
  "0s",
  "32d",
  "745h",
  "1",
  "s",
  "1.5h",
  "-1h",
  "1 h",
  "1H",
  "1w",
  "1hour",
  "99999999s",
])("takes %p for no time to live", (text) => {
  expect(parseTtl(text)).toMatchObject({
    ok: false,
    problem: expect.stringContaining(`got "${text}"`),
  });
});
