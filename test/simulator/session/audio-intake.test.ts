import { expect, test } from "bun:test";
import { startSimulator } from "../../../src/simulator/simulator.ts";
import { LiveClient, openSession } from "../../support/actors/clients/live-client.ts";

test("acknowledgments hold the range's last byte where that is asked for", async () => {
  await using simulator = await startSimulator({ rangeEnd: "inclusive" });
  const { url } = await openSession(simulator, {});
  await using client = await LiveClient.open(url);
  for (const bytes of [3200, 0, 6400]) client.socket.send(new Uint8Array(bytes));
  const acknowledgments = await client.until("audio_chunk", 3);
  expect(acknowledgments.map(({ data }) => data!.byte_range)).toEqual([
    [0, 3199],
    [3200, 3200],
    [3200, 9599],
  ]);
});

test("recorded audio is told with the place where each socket began", async () => {
  await using simulator = await startSimulator({ recordAudio: true });
  const { id, url } = await openSession(simulator, {});
  const first = await LiveClient.open(url);
  first.socket.send(new Uint8Array(5).fill(1));
  await first.until("audio_chunk");
  simulator.closeSockets(1011);
  await first.closed;
  await using second = await LiveClient.open(url);
  second.socket.send(new Uint8Array(3).fill(2));
  await second.until("audio_chunk");
  const { audio, socketOffsets } = simulator.received(id)!;
  expect([...audio]).toEqual([1, 1, 1, 1, 1, 2, 2, 2]);
  expect(socketOffsets).toEqual([0, 5]);
  expect(simulator.received("another")).toBeUndefined();
});

test("no audio is recorded unless that is asked for", async () => {
  await using simulator = await startSimulator();
  const { id } = await openSession(simulator, {});
  expect(simulator.received(id)).toBeUndefined();
});
