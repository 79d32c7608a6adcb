import { expect, test } from "bun:test";
import { AppError } from "../../src/kernel/errors.ts";
import { sign } from "../support/actors/clients/tokens.ts";
import { until } from "../support/probes/until.ts";
import { GatewayStage } from "../support/stages/gateway-stage.ts";
import { audioFrame } from "../support/stages/relay-stage.ts";

test("says that it is ready and what it will hear", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  expect(await client.message("ready")).toEqual({
    type: "ready",
    seq: 1,
    resume: expect.stringMatching(/^[\w-]{32}$/),
    connection_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    encoding: "wav/pcm",
    sample_rate: 16_000,
  });
});

test("hands what the query asks for to the provider, but for what the token decides", async () => {
  await using stage = new GatewayStage();
  const query = "&sample_rate=8000&encoding=wav/ulaw&language=en&language=fr&translate=de";
  await using client = await stage.connect({ stt: { preset: "meeting", translate: [] } }, query);
  await client.message("ready");
  expect(stage.provider.stream.options).toEqual({
    audio: { encoding: "wav/ulaw", sampleRate: 8000, bitDepth: 8 },
    languages: ["en", "fr"],
    codeSwitching: true,
    endpointingSeconds: 0.4,
    utteranceSecondsMax: 15,
    vocabulary: [],
    vocabularyIntensity: undefined,
    translation: undefined,
  });
});

test("relays audio up and transcripts down, with the names that clients read", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  await client.message("ready");
  const { stream } = stage.provider;
  client.send(audioFrame(100, 7));
  client.send({ type: "stop" });
  await until(() => stream.finishCount === 1);
  expect(stream.sent.map((frame) => [frame.byteLength, frame[0]])).toEqual([[3200, 7]]);
  stream.say({ isFinal: false, text: "good", language: undefined, confidence: undefined });
  stream.say({ isFinal: true });
  stream.end();
  expect((await client.closed).code).toBe(1000);
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  const common = {
    type: "transcription",
    utterance_id: "provider-1:00_00000000",
    started_at: time,
    ended_at: time,
  };
  expect(client.transcriptions).toEqual([
    { ...common, seq: 2, text: "good", is_final: false },
    { ...common, seq: 3, text: "good morning", is_final: true, language: "en", confidence: 0.9 },
  ] as never);
  expect(client.errors).toEqual([]);
});

test("[R20] two clients of one call get their own transcripts and no others", async () => {
  await using stage = new GatewayStage();
  await using ada = await stage.connect({ identity: "ada" });
  await ada.message("ready");
  await using bob = await stage.connect({ identity: "bob" });
  await bob.message("ready");
  const [first, second] = stage.provider.streams;
  first!.say({ key: "provider-1:0", text: "from ada" });
  second!.say({ key: "provider-2:0", text: "from bob" });
  first!.say({ key: "provider-1:1", text: "from ada" });
  await Promise.all([
    ada.message("transcription", ({ seq }) => seq === 3),
    bob.message("transcription"),
  ]);
  expect(ada.transcriptions.map(({ utterance_id: id }) => id)).toEqual([
    "provider-1:0",
    "provider-1:1",
  ]);
  expect(bob.transcriptions.map(({ utterance_id: id }) => id)).toEqual(["provider-2:0"]);
});

test("[R15] a client that leaves without a word loses no final of what it had said", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  await client.message("ready");
  client.close();
  await until(() => stage.provider.stream.finishCount === 1);
  stage.provider.stream.say({ text: "last words" });
  stage.provider.stream.end();
  expect(stage.kept.map(({ text }) => text)).toEqual(["last words"]);
  expect(stage.sessions.count).toBe(0);
});

test("tells a provider's failure before it closes, and whether to come back", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  await client.message("ready");
  stage.provider.stream.end(
    new AppError("provider-unreachable", "the provider left", { retryable: true }),
  );
  expect(await client.closed).toEqual({
    code: 4500,
    reason: "provider-unreachable: the provider left",
  });
  expect(client.errors).toEqual([
    {
      type: "error",
      seq: 2,
      message: "the provider left",
      code: "provider-unreachable",
      retryable: true,
      retry_after_ms: expect.any(Number),
    },
  ]);
});

test("[R30] tells its clients that it drains, sends their last finals and closes with 1012", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  await client.message("ready");
  stage.desk.announceDrain();
  const drained = stage.sessions.drain(60_000);
  expect(await client.message("status")).toMatchObject({ state: "draining" });
  stage.provider.stream.say({});
  stage.provider.stream.end();
  await drained;
  expect((await client.closed).code).toBe(1012);
  expect(client.transcriptions).toHaveLength(1);
  const { resume } = await client.message("session");
  expect(client.errors).toMatchObject([{ code: "draining", retryable: true, resume }]);
});

test("[R6] tells its clients when finals would not survive the process, and when that is over", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  await client.message("ready");
  stage.isUnjournaled.set(true);
  stage.isUnjournaled.set(false);
  await client.message("status", ({ state }) => state === "journaled");
  const states = client.messages.flatMap((message) =>
    message.type === "status" ? [message.state] : [],
  );
  expect(states).toEqual(["unjournaled", "journaled"]);
});

test("[R6] tells a client that comes later what holds already", async () => {
  await using stage = new GatewayStage();
  stage.isUnjournaled.set(true);
  await using client = await stage.connect();
  await client.message("status", ({ state }) => state === "unjournaled");
});

test("[R24] a bug inside one connection closes it with 1011; the others and the server live on", async () => {
  await using stage = new GatewayStage();
  await using unlucky = await stage.connect();
  await unlucky.message("ready");
  const broken = stage.provider.stream;
  await using lucky = await stage.connect({ sub: "user-2" });
  await lucky.message("ready");
  broken.bug = new Error("the test broke the stream");
  unlucky.send(audioFrame(10));
  expect((await unlucky.closed).code).toBe(1011);
  expect(unlucky.errors.map(({ code }) => code)).toEqual(["internal"]);
  stage.provider.stream.say({});
  await lucky.message("transcription");
  expect((await stage.get("/livez")).status).toBe(200);
});

test("no token and nothing that was said is ever logged, shown in a metric or in an error", async () => {
  await using stage = new GatewayStage();
  const token = await sign({});
  await using client = await stage.connectWith(`?token=${token}`);
  await client.message("ready");
  stage.provider.stream.say({ text: "a very secret plan" });
  await client.message("transcription");
  client.send({ type: "refresh", token: `${token}x` });
  await client.message("error");
  client.send(`not JSON ${token}`);
  await client.closed;
  await using refused = await stage.connectWith(`?token=${token}broken`);
  await refused.closed;
  stage.provider.stream.end();
  const shown = JSON.stringify([
    stage.log.lines,
    client.errors,
    refused.messages,
    await stage.metrics.exposition(),
  ]);
  for (const secret of [...token.split("."), "secret plan"]) expect(shown).not.toContain(secret);
  expect(stage.log.linesOf("Session ended")).toHaveLength(1);
});
