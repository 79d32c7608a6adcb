import { expect, test } from "bun:test";
import { startSimulator } from "../../src/simulator/simulator.ts";
import {
  eventually,
  LiveClient,
  openSession,
  post,
} from "../support/actors/clients/live-client.ts";

test("requests are refused as often as asked, each kind of refusal in its turn", async () => {
  await using simulator = await startSimulator();
  simulator.inflict({ kind: "refuse-posts", count: 2, status: 503 });
  simulator.inflict({ kind: "refuse-posts", count: 1, status: 429, retryAfterSeconds: 3 });
  simulator.inflict({ kind: "refuse-posts", count: 1, status: 429 });
  const answers: unknown[] = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const { status, headers } = await post(simulator, {});
    answers.push([status, headers.get("retry-after")]);
  }
  expect(answers).toEqual([
    [503, null],
    [503, null],
    [429, "3"],
    [429, null],
    [201, null],
  ]);
});

test("a request that hangs is answered late", async () => {
  await using simulator = await startSimulator();
  simulator.inflict({ kind: "hang-posts", count: 1, holdMs: 50 });
  const startedAtMs = performance.now();
  expect((await post(simulator, {})).status).toBe(201);
  // Timers may fire up to a millisecond early.
  expect(performance.now() - startedAtMs).toBeGreaterThan(48);
});

test("a request that hangs holds up neither the next one nor the stop", async () => {
  const simulator = await startSimulator();
  simulator.inflict({ kind: "hang-posts", count: 1, holdMs: 60_000 });
  const requests = [post(simulator, {}), post(simulator, {})];
  expect((await Promise.race(requests)).status).toBe(201);
  await simulator.stop();
  await Promise.allSettled(requests);
});

test("a request that hangs makes no session for a client that is gone", async () => {
  await using simulator = await startSimulator();
  simulator.inflict({ kind: "hang-posts", count: 1, holdMs: 60_000 });
  const leaving = new AbortController();
  const request = fetch(new URL("/v2/live", simulator.url), {
    method: "POST",
    headers: { "x-gladia-key": "key" },
    body: "{}",
    signal: leaving.signal,
  });
  await eventually(() => simulator.postCount === 1);
  leaving.abort();
  await expect(request).rejects.toThrow();
  await openSession(simulator, {});
  expect(simulator.openSessionCount).toBe(1);
});

test.each([403, 500, 503])("handshakes are refused with %i, then let in again", async (status) => {
  await using simulator = await startSimulator();
  const { url } = await openSession(simulator, {});
  simulator.inflict({ kind: "refuse-handshakes", count: 2, status });
  const handshake = await fetch(url.replace("ws:", "http:"));
  expect(handshake.status).toBe(status);
  await expect(LiveClient.open(url)).rejects.toThrow("before it opened");
  await using client = await LiveClient.open(url);
  client.socket.send(new Uint8Array(3200));
  await client.until("audio_chunk");
});

test("a socket that is closed right after it has opened can be opened again", async () => {
  await using simulator = await startSimulator();
  const { url } = await openSession(simulator, {});
  simulator.inflict({ kind: "close-after-open", count: 2, code: 1011 });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const client = await LiveClient.open(url);
    expect((await client.closed).code).toBe(1011);
  }
  await using client = await LiveClient.open(url);
  client.socket.send(new Uint8Array(3200));
  await client.until("audio_chunk");
  expect(simulator.observe()[0]!.connectionCount).toBe(3);
});
