import { expect, test } from "bun:test";
import { startSimulator } from "../../src/simulator/simulator.ts";
import { LiveClient, openSession, post } from "../support/actors/clients/live-client.ts";

test("scripted faults strike at their bytes, in order, over several sockets", async () => {
  await using simulator = await startSimulator();
  const { url } = await openSession(simulator, {});
  simulator.schedule([
    { afterBytes: 9000, fault: { kind: "close", code: 4500 } },
    { afterBytes: 3000, fault: { kind: "say", what: "unknown" } },
    { afterBytes: 3000, fault: { kind: "close", code: 1011 } },
  ]);
  const first = await LiveClient.open(url);
  first.socket.send(new Uint8Array(2999));
  await first.until("audio_chunk");
  expect(simulator.scriptedCount).toBe(3);
  first.socket.send(new Uint8Array(1));
  expect((await first.closed).code).toBe(1011);
  expect(first.messages.map(({ type }): string => type)).toEqual([
    "audio_chunk",
    "audio_chunk",
    "weather_forecast",
  ]);
  const second = await LiveClient.open(url);
  second.socket.send(new Uint8Array(6000));
  expect((await second.closed).code).toBe(4500);
  expect(simulator.scriptedCount).toBe(0);
});

test("what is called off strikes no more, and the next order does", async () => {
  await using simulator = await startSimulator();
  simulator.inflict({ kind: "refuse-posts", count: 3, status: 500 });
  simulator.inflict({ kind: "refuse-handshakes", count: 1, status: 503 });
  simulator.inflict({ kind: "close-after-open", count: 1, code: 1011 });
  simulator.schedule([{ afterBytes: 3200, fault: { kind: "close", code: 4500 } }]);
  expect((await post(simulator, {})).status).toBe(500);
  simulator.heal();
  expect(simulator.scriptedCount).toBe(0);

  const { url } = await openSession(simulator, {});
  const client = await LiveClient.open(url);
  client.socket.send(new Uint8Array(3200));
  await client.until("audio_chunk");
  simulator.schedule([{ afterBytes: 6400, fault: { kind: "close", code: 1011 } }]);
  client.socket.send(new Uint8Array(3200));
  expect((await client.closed).code).toBe(1011);
});
