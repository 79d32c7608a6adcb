import { expect, test } from "bun:test";
import type { FailureCode } from "../../src/kernel/errors.ts";
import type { SocketClient } from "../support/actors/clients/socket-client.ts";
import { nowSeconds, sign } from "../support/actors/clients/tokens.ts";
import { GatewayStage, type GatewayOptions } from "../support/stages/gateway-stage.ts";

/** What a refused client sees: an error message, and the close that it announces. */
async function expectRefused(
  stage: GatewayStage,
  client: SocketClient,
  closeCode: number,
  code: FailureCode,
): Promise<void> {
  const closed = await client.closed;
  expect(closed.code).toBe(closeCode);
  expect(closed.reason).toStartWith(`${code}: `);
  expect(client.messages).toHaveLength(1);
  expect(client.messages[0]).toMatchObject({ type: "error", code });
  const exposition = await stage.metrics.exposition();
  expect(exposition).toContain(`stenogate_refusals_total{cause="${code}"} 1`);
  expect(exposition).toContain(`stenogate_closes_total{code="${closeCode}"} 1`);
}

async function expectEveryTokenRefused(code: FailureCode, query: string): Promise<void> {
  await using stage = new GatewayStage();
  await using client = await stage.connectWith(query);
  await expectRefused(stage, client, 4001, code);
  expect(client.errors[0]!.retryable).toBe(false);
  expect(stage.provider.streams).toEqual([]);
}

test("[R23] refuses a connection without a token with 4001", () =>
  expectEveryTokenRefused("token-missing", ""));

test("[R23] refuses a token that is none with 4001", () =>
  expectEveryTokenRefused("token-invalid", "?token=no.such.token"));

test("[R23] refuses a token that was signed by another key with 4001", async () => {
  const token = await sign({}, { key: "another secret of thirty-two bytes, or more" });
  await expectEveryTokenRefused("token-invalid", `?token=${token}`);
});

test("[R23] refuses a token that has expired with 4001", async () => {
  const token = await sign({ exp: nowSeconds() - 1 });
  await expectEveryTokenRefused("token-expired", `?token=${token}`);
});

test("[R23] refuses differing tokens in one request", async () => {
  await expectEveryTokenRefused(
    "token-invalid",
    `?token=${await sign({})}&token=${await sign({ sub: "b" })}`,
  );
});

test.each([
  ["&sample_rate=24000", "sample_rate"],
  ["&encoding=audio/webm", "encoding"],
  ["&language=english", "language"],
])("refuses the query %p with 4008 and says what was expected", async (query, name) => {
  await using stage = new GatewayStage();
  await using client = await stage.connect({}, query);
  await expectRefused(stage, client, 4008, "request-invalid");
  expect(client.errors[0]!.message).toContain(name);
});

test("[R23] refuses a page of another origin with 4001, and takes allowed ones and programs", async () => {
  await using stage = new GatewayStage({ allowedOrigins: ["https://app.example"] });
  const from = (origin: string) => stage.connect({}, "", { headers: { origin } });
  await using allowed = await from("https://app.example");
  await allowed.message("ready");
  await using program = await stage.connect();
  await program.message("ready");
  await using stranger = await from("https://evil.example");
  await expectRefused(stage, stranger, 4001, "origin-refused");
});

test.each<[FailureCode, GatewayOptions]>([
  ["capacity-exhausted", { sessionsMax: 1 }],
  ["subject-limit", { sessionsPerSubjectMax: 1 }],
  ["call-limit", { sessionsPerCallMax: 1 }],
])(
  "[R23] refuses a session over a limit with 1013, by %p, and takes one when there is room again",
  async (code, limits) => {
    await using stage = new GatewayStage(limits);
    await using first = await stage.connect();
    await first.message("ready");
    await using second = await stage.connect();
    await expectRefused(stage, second, 1013, code);
    const [error] = second.errors;
    expect(error!.retryable).toBe(true);
    expect(error!.retry_after_ms).toBeGreaterThanOrEqual(5000);
    expect(error!.retry_after_ms).toBeLessThanOrEqual(10_000);
    first.send({ type: "stop" });
    stage.provider.stream.end();
    await first.closed;
    await using third = await stage.connect();
    await third.message("ready");
  },
);

test("[R6] refuses new sessions with 1013 while the gateway is not ready", async () => {
  await using stage = new GatewayStage();
  stage.notReadyBecause = "1000 finals wait for the database";
  await using client = await stage.connect();
  await expectRefused(stage, client, 1013, "not-ready");
  expect(client.errors[0]!.retry_after_ms).toBeGreaterThanOrEqual(5000);
});

test("[R23] refuses a session with 1013 while the memory is nearly used up", async () => {
  await using stage = new GatewayStage();
  await using first = await stage.connect();
  await first.message("ready");
  stage.memory.take(stage.memory.limit);
  await using second = await stage.connect();
  await expectRefused(stage, second, 1013, "memory-exhausted");
  stage.memory.give(stage.memory.limit);
  await using third = await stage.connect();
  await third.message("ready");
});

test.each<[string, GatewayOptions]>([
  ["address", { attemptsPerAddressMax: 1 }],
  ["subject", { attemptsPerSubjectMax: 1 }],
])("[R23] refuses an attempt of this %s too many with 1013 and a wait", async (whose, limits) => {
  await using stage = new GatewayStage(limits);
  await using first = await stage.connect();
  await first.message("ready");
  await using second = await stage.connect();
  await expectRefused(stage, second, 1013, "attempts-exceeded");
  const [error] = second.errors;
  expect(error!.message).toContain(whose);
  // The next attempt is there in a minute.
  expect(error!.retry_after_ms).toBeGreaterThan(30_000);
  expect(error!.retry_after_ms).toBeLessThanOrEqual(120_000);
});

test("[R23] names nobody's address in the log", async () => {
  await using stage = new GatewayStage({ attemptsPerAddressMax: 1 });
  await using first = await stage.connect();
  await first.message("ready");
  await using second = await stage.connect();
  await expectRefused(stage, second, 1013, "attempts-exceeded");
  expect(JSON.stringify(stage.log.lines)).not.toContain("127.0.0.1");
});

test("[R30] refuses everybody with 1012 while draining, before looking at the token", async () => {
  await using stage = new GatewayStage();
  stage.isDraining = true;
  await using client = await stage.connectWith("");
  await expectRefused(stage, client, 1012, "draining");
});

test("[R30] refuses whoever was admitted before the drain and arrives after it with 1012", async () => {
  await using stage = new GatewayStage();
  await stage.sessions.drain(1000);
  await using client = await stage.connect();
  await expectRefused(stage, client, 1012, "draining");
});

test("takes a token from the query, the sub-protocol and the header", async () => {
  await using stage = new GatewayStage();
  const token = await sign({});
  await using query = await stage.connectWith(`?token=${token}`);
  await query.message("ready");
  expect(query.protocol).toBe("");
  await using header = await stage.connectWith("", {
    headers: { authorization: `Bearer ${token}` },
  });
  await header.message("ready");
  await using protocol = await stage.connectWith("", { protocols: [`access_token.${token}`] });
  await protocol.message("ready");
});

test("echoes the plain sub-protocol when it is offered beside the token", async () => {
  await using stage = new GatewayStage();
  const protocols = ["stenogate", `access_token.${await sign({})}`];
  await using client = await stage.connectWith("", { protocols });
  await client.message("ready");
  expect(client.protocol).toBe("stenogate");
});

test("echoes a sub-protocol to a refused client too, so that it hears why", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connectWith("", { protocols: ["access_token.wrong"] });
  await expectRefused(stage, client, 4001, "token-invalid");
});
