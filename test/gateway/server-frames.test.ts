import { expect, test } from "bun:test";
import type { FailureCode } from "../../src/kernel/errors.ts";
import type { SocketClient } from "../support/actors/clients/socket-client.ts";
import { nowSeconds, sign } from "../support/actors/clients/tokens.ts";
import { atWallClock } from "../support/probes/fake-time.ts";
import { until } from "../support/probes/until.ts";
import { GatewayStage } from "../support/stages/gateway-stage.ts";
import { audioFrame } from "../support/stages/relay-stage.ts";

/** The error message comes first, then the close; what was said before is still awaited. */
async function expectClosed(
  stage: GatewayStage,
  client: SocketClient,
  closeCode: number,
  code: FailureCode,
): Promise<void> {
  expect((await client.closed).code).toBe(closeCode);
  expect(client.errors.map((error) => error.code)).toEqual([code]);
  expect(stage.provider.stream.finishCount).toBe(1);
}

test.each<[string, string | Uint8Array<ArrayBuffer>, number, FailureCode]>([
  ["of more than a second", audioFrame(1001), 1009, "frame-too-large"],
  ["of more than 64 KiB", new Uint8Array(65_538), 1009, "frame-too-large"],
  ["with half a sample", new Uint8Array(321), 4008, "frame-invalid"],
  ["without audio", new Uint8Array(0), 4008, "frame-invalid"],
  ["of text that is no JSON", "hello", 4008, "frame-invalid"],
  ["of text of an unknown type", '{"type":"start"}', 4008, "frame-invalid"],
  [
    "of text that is too long",
    `{"type":"stop","x":"${"x".repeat(20_000)}"}`,
    4008,
    "frame-invalid",
  ],
  ["of an empty token", '{"type":"refresh","token":""}', 4008, "frame-invalid"],
])("a frame %s closes the connection after an error message", async (_, frame, closeCode, code) => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  await client.message("ready");
  client.send(frame);
  await expectClosed(stage, client, closeCode, code);
});

test("a frame that is far too large is cut off with 1009 before it is read", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  await client.message("ready");
  client.send(new Uint8Array(300_000));
  expect((await client.closed).code).toBe(1009);
  await until(() => stage.provider.stream.finishCount === 1);
  expect(stage.provider.stream.sent).toEqual([]);
});

test("a frame of one second is as long as a frame may be", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  await client.message("ready");
  client.send(audioFrame(1000));
  await until(() => stage.provider.stream.sent.length === 1);
  expect(stage.metrics.tallies).toMatchObject({ audio_frames: 1, audio_bytes: 32_000 });
});

test("[R23] audio that comes much faster than speech closes the connection with 4008", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  await client.message("ready");
  // Two minutes of it: more than half a minute even for a gateway that takes its time to read them.
  for (let second = 0; second < 120; second += 1) client.send(audioFrame(1000));
  await expectClosed(stage, client, 4008, "rate-exceeded");
  expect(stage.provider.stream.sent.length).toBeGreaterThanOrEqual(30);
});

test("nothing that comes after the close is relayed", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  await client.message("ready");
  client.send("hello");
  client.send(audioFrame(100));
  await expectClosed(stage, client, 4008, "frame-invalid");
  expect(stage.provider.stream.sent).toEqual([]);
});

/** The end of every token that is not told another one: an hour from now. */
const TOKENS_END_MS = 3_601_000;

test("[R23] the token's end closes the connection with 4001, after an error message", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  await client.message("ready");
  await atWallClock(TOKENS_END_MS, async () => {
    expect((await client.closed).code).toBe(4001);
  });
  const { resume } = await client.message("session");
  expect(client.errors).toMatchObject([{ code: "token-expired", resume }]);
  // With a fresh token its speaker takes the session up again.
  await using again = await stage.connect({}, `&resume=${resume}`);
  expect(await again.message("session")).toMatchObject({ resumed: true });
  expect(stage.provider.streams).toHaveLength(1);
});

test("[R23] a second refresh within a second closes with 4008", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  for (let sent = 0; sent < 2; sent += 1) client.send({ type: "refresh", token: "not a token" });
  expect((await client.closed).code).toBe(4008);
  expect(client.errors.at(-1)).toMatchObject({ code: "rate-exceeded" });
});

test("[R23] a refreshed token carries the connection over the end of the first one", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  await client.message("ready");
  client.send({ type: "refresh", token: await sign({ exp: nowSeconds() + 7200 }) });
  // Another connection with the same end tells that the sweep has passed it.
  await using other = await stage.connect({ sub: "user-2" });
  await other.message("ready");
  await atWallClock(TOKENS_END_MS, async () => void (await other.closed));
  stage.provider.streams[0]!.say({});
  await client.message("transcription");
  expect(client.errors).toEqual([]);
});

test.each([
  ["subject", { sub: "user-2" }, "token-invalid"],
  ["call", { sessionSlug: "retro" }, "token-invalid"],
  ["past", { exp: 1 }, "token-expired"],
] as const)(
  "[R23] a fresh token of another %s is refused and leaves the old one in force",
  async (_, claims, code) => {
    await using stage = new GatewayStage();
    await using client = await stage.connect();
    await client.message("ready");
    client.send({ type: "refresh", token: await sign(claims) });
    expect((await client.message("error")).code).toBe(code);
    stage.provider.stream.say({});
    await client.message("transcription");
  },
);
