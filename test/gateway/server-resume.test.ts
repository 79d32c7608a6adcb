/** Coming back over real sockets; what depends on order and time is tested with the rooms of `seat`. */
import { expect, test } from "bun:test";
import { until } from "../support/probes/until.ts";
import { GatewayStage } from "../support/stages/gateway-stage.ts";
import { audioFrame } from "../support/stages/relay-stage.ts";

test("[R21] a socket that is cut, and another one, are one session", async () => {
  await using stage = new GatewayStage();
  const first = await stage.connect();
  await first.message("ready");
  first.send(audioFrame(100, 1));
  await until(() => stage.provider.stream.sent.length === 1);
  first.cut();
  await first.closed;
  await until(() => stage.desk.detachedCount === 1);
  stage.provider.stream.say({ text: "said into the cut" });
  const { resume } = await first.message("session");
  await using second = await stage.connect({}, `&resume=${resume}&after=1`);
  expect(await second.message("session")).toMatchObject({ resumed: true, audio_received_ms: 100 });
  expect(await second.message("transcription")).toMatchObject({
    seq: 2,
    text: "said into the cut",
  });
  second.send(audioFrame(100, 2));
  second.send({ type: "stop" });
  await until(() => stage.provider.stream.finishCount === 1);
  stage.provider.stream.end();
  expect((await second.closed).code).toBe(1000);
  expect(stage.provider.streams).toHaveLength(1);
  expect(stage.provider.stream.sent.map(([mark]) => mark)).toEqual([1, 2]);
});

test("[R21] a second live connection takes over, and the first hears 4010", async () => {
  await using stage = new GatewayStage();
  await using first = await stage.connect();
  const { resume } = await first.message("session");
  await using second = await stage.connect({}, `&resume=${resume}`);
  expect(await first.closed).toMatchObject({ code: 4010 });
  await second.message("ready");
  stage.provider.stream.say({});
  await second.message("transcription");
  expect(first.transcriptions).toEqual([]);
});

test("[R21] a stolen id is refused with 4001 and told nothing", async () => {
  await using stage = new GatewayStage();
  await using owner = await stage.connect();
  const { resume } = await owner.message("session");
  stage.provider.stream.say({ text: "private" });
  await using thief = await stage.connect({ sub: "thief" }, `&resume=${resume}&after=0`);
  expect((await thief.closed).code).toBe(4001);
  expect(thief.messages).toMatchObject([{ type: "error", code: "resume-refused", seq: 0 }]);
  expect(await owner.message("transcription")).toMatchObject({ text: "private" });
});

test.each(["&resume=short", "&resume=", `&resume=${"a".repeat(33)}`, "&after=-1", "&after=x"])(
  "refuses the query %p with 4008",
  async (query) => {
    await using stage = new GatewayStage();
    await using client = await stage.connect({}, query);
    expect((await client.closed).code).toBe(4008);
    expect(client.errors).toMatchObject([{ code: "request-invalid" }]);
  },
);

test("[R21] a session cannot be taken up as audio of another kind", async () => {
  await using stage = new GatewayStage();
  await using first = await stage.connect();
  const { resume } = await first.message("session");
  await using second = await stage.connect({}, `&sample_rate=8000&resume=${resume}`);
  expect((await second.closed).code).toBe(4008);
  expect(second.errors[0]?.message).toContain("wav/pcm with sample_rate 16000");
  await first.message("ready");
});
