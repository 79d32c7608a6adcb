import { describe, expect, test } from "bun:test";
import { startSimulator, type SimulatorOptions } from "../../../src/simulator/simulator.ts";
import { createGladiaAdapter } from "../../../src/speech/gladia/gladia-adapter.ts";
import { LiveClient } from "../../support/actors/clients/live-client.ts";
import { until } from "../../support/probes/until.ts";
import { recognition } from "../../support/stages/relay-stage.ts";
import { speech } from "../../support/stages/stream-stage.ts";

const KEY = "the-key-of-the-account";
const { signal } = new AbortController();

/** An adapter for an account of the simulator, and a session of it with a socket. */
async function setup(options?: SimulatorOptions) {
  const simulator = await startSimulator({ apiKey: KEY, ...options });
  const account = { apiKey: KEY, apiUrl: simulator.url, region: undefined };
  const adapter = createGladiaAdapter(account);
  const grant = await adapter.requestSession(recognition, signal);
  const client = await LiveClient.open(grant.url);
  return {
    simulator,
    adapter,
    grant,
    client,
    [Symbol.asyncDispose]: async () => {
      client.socket.close();
      await simulator.stop();
    },
  };
}

describe("Gladia's adapter", () => {
  test("stops a session in order, reads all that it says, and finds its finals again afterwards", async () => {
    await using world = await setup();
    const { adapter, client, grant } = world;
    const audio = speech(2);
    client.sendAudio(audio);
    client.socket.send(adapter.stopMessage);
    expect((await client.closed).code).toBe(adapter.closeDone);
    const events = client.messages.map((message) => adapter.parseMessage(JSON.stringify(message)));
    expect(events.filter(({ ok }) => !ok)).toEqual([]);
    const said = events.flatMap((parsed) => (parsed.ok ? [parsed.value] : []));
    const finals = said.flatMap((event) =>
      event.kind === "utterance" && event.isFinal ? [event] : [],
    );
    expect(finals).toHaveLength(2);
    const acknowledgements = adapter.createAcknowledgements(2);
    const received = said.flatMap((event) =>
      event.kind === "acknowledgement" ? [acknowledgements.read(event.from, event.to)] : [],
    );
    expect(received.at(-1)).toBe(audio.byteLength);
    const found = await adapter.askForFinals(grant.id, signal);
    if (found.kind === "unavailable") throw new Error(`expected finals, got ${found.reason}`);
    expect(found.finals.map(({ localId, text }) => [localId, text])).toEqual(
      finals.map(({ localId, text }) => [localId, text]),
    );
  });

  test("lets a socket go without ending its session, whose place stays taken", async () => {
    await using world = await setup();
    const { adapter, simulator, client, grant } = world;
    client.socket.close(adapter.closeKeeping);
    await client.closed;
    await until(() => !simulator.observe()[0]!.isConnected);
    expect(simulator.openSessionCount).toBe(1);
    const again = await LiveClient.open(grant.url);
    expect(simulator.observe()).toMatchObject([{ connectionCount: 2, isConnected: true }]);
    again.socket.close(adapter.closeDone);
    await again.closed;
    await until(() => simulator.openSessionCount === 0);
  });

  test("asks for its account alone, each adapter for its own", async () => {
    await using world = await setup();
    const stranger = createGladiaAdapter({
      apiKey: "another key",
      apiUrl: world.simulator.url,
      region: undefined,
    });
    expect(
      await stranger.requestSession(recognition, signal).catch((error) => error),
    ).toMatchObject({
      code: "provider-refused",
    });
    expect(await stranger.askForFinals(world.grant.id, signal)).toEqual({
      kind: "unavailable",
      reason: "refused",
    });
    expect((await world.adapter.requestSession(recognition, signal)).id).not.toBe(world.grant.id);
  });
});
