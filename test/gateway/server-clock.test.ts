import { expect, test } from "bun:test";
import { monotonicMs } from "../../src/kernel/timers.ts";
import { nowSeconds } from "../support/actors/clients/tokens.ts";
import { stoppedClocks, WALL_CLOCK_STEPS_MS } from "../support/probes/fake-time.ts";
import { until } from "../support/probes/until.ts";
import { connectedClient } from "../support/stages/connection-stage.ts";
import { GatewayStage } from "../support/stages/gateway-stage.ts";
import { audioFrame } from "../support/stages/relay-stage.ts";

test.each(WALL_CLOCK_STEPS_MS)(
  "[R34] a client is idle by the time that has passed, though the wall clock is set by %d ms",
  (stepMs) => {
    using clock = stoppedClocks();
    const { stage, connection, socket } = connectedClient({ clientIdleMs: 20_000 });
    connection.receive(audioFrame(100));
    clock.stepWallClock(stepMs);
    clock.by(19_000);
    connection.sweep(monotonicMs());
    expect(socket.closes).toEqual([]);
    const later = stage.connect();
    expect(later.socket.types).toEqual(["session", "ready"]);
    clock.by(1000);
    for (const one of [connection, later.connection]) one.sweep(monotonicMs());
    expect(socket.closes).toEqual([[4008, "client-idle: expected audio within 20000 ms"]]);
    expect(later.socket.closes).toEqual([]);
  },
);

test.each(WALL_CLOCK_STEPS_MS)(
  "[R34] the grace is as long as it is, though the wall clock is set by %d ms",
  (stepMs) => {
    using clock = stoppedClocks();
    const { stage, cut } = connectedClient({ graceMs: 30_000 });
    cut();
    clock.stepWallClock(stepMs);
    clock.by(29_999);
    stage.desk.sweep(monotonicMs());
    expect(stage.desk.detachedCount).toBe(1);
    clock.by(1);
    stage.desk.sweep(monotonicMs());
    expect(stage.desk.detachedCount).toBe(0);
  },
);

test.each(WALL_CLOCK_STEPS_MS)(
  "[R34] attempts are counted by the time that has passed, though the wall clock is set by %d ms",
  async (stepMs) => {
    using clock = stoppedClocks();
    await using stage = new GatewayStage({ attemptsPerSubjectMax: 2 });
    const connect = () => stage.connect({ exp: nowSeconds() + 86_400 });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await using client = await connect();
      await client.message("ready");
    }
    clock.stepWallClock(stepMs);
    await using refused = await connect();
    expect((await refused.closed).code).toBe(1013);
    expect(refused.errors).toMatchObject([{ code: "attempts-exceeded" }]);
    clock.by(60_000);
    await using again = await connect();
    await again.message("ready");
  },
);

test("[R22] a process that was paused takes what its speakers have said meanwhile, and tells the log", async () => {
  using clock = stoppedClocks();
  await using stage = new GatewayStage({ clientIdleMs: 30_000 });
  await using client = await stage.connect({ exp: nowSeconds() + 86_400 });
  await client.message("ready");
  for (let sent = 0; sent < 20; sent += 1) client.send(audioFrame(1000));
  await until(() => stage.provider.stream.sent.length === 20);
  clock.by(40_000);
  for (let sent = 0; sent < 40; sent += 1) client.send(audioFrame(1000));
  await until(() => stage.provider.stream.sent.length === 60 || client.errors.length > 0);
  expect(client.errors).toEqual([]);
  await until(() => stage.log.lines.length > 0);
  expect(stage.log.linesOf("The process did not run for a while")).toHaveLength(1);
});
