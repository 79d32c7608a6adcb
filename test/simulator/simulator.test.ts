import { expect, test } from "bun:test";
import { startSimulator } from "../../src/simulator/simulator.ts";
import { LiveClient, openSession, post, readJob } from "../support/actors/clients/live-client.ts";

test("a session is made with an id, a time and a URL for its socket", async () => {
  await using simulator = await startSimulator();
  const response = await post(simulator, {});
  expect(response.status).toBe(201);
  const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  const { id, created_at: createdAt, url } = (await response.json()) as Record<string, string>;
  expect(id).toMatch(uuid);
  expect(new Date(createdAt!).toISOString()).toBe(createdAt!);
  const socketUrl = new URL(url!);
  expect(socketUrl.origin).toBe(simulator.url.replace("http", "ws"));
  expect(socketUrl.pathname).toBe("/v2/live");
  expect(socketUrl.searchParams.get("token")).toMatch(uuid);
  expect(socketUrl.searchParams.get("token")).not.toBe(id!);
});

test("a request without a key, or with another than the one set, is answered with 401", async () => {
  await using simulator = await startSimulator({ apiKey: "right" });
  expect((await post(simulator, {}, "right")).status).toBe(201);
  for (const key of ["", "wrong"]) {
    const response = await post(simulator, {}, key);
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({
      timestamp: expect.any(String),
      path: "/v2/live",
      request_id: expect.stringMatching(/^G-[0-9a-f]{8}$/),
      statusCode: 401,
      message: "gladia key not found",
    });
  }
});

test("a faulty body is answered with 400 and one sentence for each fault", async () => {
  await using simulator = await startSimulator();
  const response = await post(simulator, { sample_rate: 24_000, region: "eu-west" });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    statusCode: 400,
    validation_errors: [expect.stringContaining("sample_rate"), expect.stringContaining("region")],
  });
  expect((await post(simulator, "")).status).toBe(400);
});

test("the region is one of two", async () => {
  await using simulator = await startSimulator();
  const statusIn = async (region: string): Promise<number> => {
    const response = await fetch(`${simulator.url}/v2/live?region=${region}`, {
      method: "POST",
      headers: { "x-gladia-key": "key" },
      body: "{}",
    });
    return response.status;
  };
  expect(await statusIn("us-west")).toBe(201);
  expect(await statusIn("eu-west")).toBe(201);
  expect(await statusIn("mars")).toBe(400);
});

test("a session beyond the most is answered with 429 until another one ends", async () => {
  await using simulator = await startSimulator({ sessionsMax: 1 });
  const first = await openSession(simulator, {});
  expect((await post(simulator, {})).status).toBe(429);
  const client = await LiveClient.open(first.url);
  client.stopRecording();
  await client.closed;
  expect(simulator.openSessionCount).toBe(0);
  expect((await post(simulator, {})).status).toBe(201);
});

test.each([400, 401, 422, 429, 500])(
  "the next request is refused with %i on demand",
  async (status) => {
    await using simulator = await startSimulator();
    simulator.refuseNext(status, { retryAfterSeconds: 7 });
    const refusal = await post(simulator, {});
    expect(refusal.status).toBe(status);
    expect(refusal.headers.get("retry-after")).toBe("7");
    expect(await refusal.json()).toMatchObject({ statusCode: status });
    expect((await post(simulator, {})).status).toBe(201);
  },
);

test("a session can be read by its id: its state, then its result with all messages", async () => {
  await using simulator = await startSimulator();
  const { id, url } = await openSession(simulator, { custom_metadata: { call: "one" } });
  expect(await readJob(simulator, id)).toMatchObject({
    id,
    kind: "live",
    status: "queued",
    custom_metadata: { call: "one" },
    result: null,
  });
  const client = await LiveClient.open(url);
  expect(await readJob(simulator, id)).toMatchObject({ status: "processing", result: null });
  client.sendAudio(new Uint8Array(32_000));
  client.stopRecording();
  await client.closed;
  const job = await readJob(simulator, id);
  expect(job).toMatchObject({
    status: "done",
    completed_at: expect.any(String),
    result: { metadata: { audio_duration: 1, billing_time: 1 } },
  });
  const kept = job.result!.messages.map((text): unknown => JSON.parse(text));
  expect(kept).toEqual(client.messages.filter(({ type }) => type !== "audio_chunk"));
});

test("an unknown id is answered with 404, and a request without a key with 401", async () => {
  await using simulator = await startSimulator();
  const { id } = await openSession(simulator, {});
  const statusOf = async (path: string, key: string): Promise<number> =>
    (await fetch(simulator.url + path, { headers: { "x-gladia-key": key } })).status;
  expect(await statusOf(`/v2/live/${crypto.randomUUID()}`, "key")).toBe(404);
  expect(await statusOf(`/v2/live/${id}`, "")).toBe(401);
  expect(await statusOf("/v2/other", "key")).toBe(404);
});

test("a deleted session is gone, and so is its socket", async () => {
  await using simulator = await startSimulator();
  const { id, url } = await openSession(simulator, {});
  const client = await LiveClient.open(url);
  const deletion = { method: "DELETE", headers: { "x-gladia-key": "key" } };
  expect((await fetch(`${simulator.url}/v2/live/${id}`, deletion)).status).toBe(202);
  expect((await client.closed).code).toBe(1001);
  expect((await fetch(`${simulator.url}/v2/live/${id}`, deletion)).status).toBe(404);
});

test("answers and handshakes come as late as asked for", async () => {
  await using simulator = await startSimulator({ postDelayMs: 40, openDelayMs: 60 });
  const startedAtMs = performance.now();
  const { url } = await openSession(simulator, {});
  const answeredAtMs = performance.now();
  // Timers may fire up to a millisecond early.
  expect(answeredAtMs - startedAtMs).toBeGreaterThan(38);
  await using client = await LiveClient.open(url);
  expect(performance.now() - answeredAtMs).toBeGreaterThan(58);
  expect(client.socket.readyState).toBe(WebSocket.OPEN);
});

test("stop closes every socket, gives up delayed answers, and may be repeated", async () => {
  const simulator = await startSimulator({ openDelayMs: 1 });
  const { url } = await openSession(simulator, {});
  const client = await LiveClient.open(url);
  await Promise.all([simulator.stop(), simulator.stop()]);
  expect((await client.closed).code).toBe(1001);
  expect(simulator.openSessionCount).toBe(0);
  await simulator.stop();
  await expect(fetch(simulator.url)).rejects.toThrow();
});
