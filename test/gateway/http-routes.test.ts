import { expect, test } from "bun:test";
import { SOCKET_PATH } from "../../src/gateway/http-routes.ts";
import { bearer, errorOf } from "../support/probes/answers.ts";
import { GatewayStage } from "../support/stages/gateway-stage.ts";

test("answers unknown paths, methods and plain requests of the socket with JSON errors", async () => {
  await using stage = new GatewayStage();
  expect(await errorOf(await stage.get("/nowhere"))).toEqual([404, "not-found"]);
  const posted = await stage.get("/metrics", { method: "POST", body: "x" });
  expect(posted.headers.get("allow")).toBe("GET, HEAD");
  expect(await errorOf(posted)).toEqual([405, "method-not-allowed"]);
  const plain = await stage.get(SOCKET_PATH);
  expect(plain.headers.get("upgrade")).toBe("websocket");
  expect(await errorOf(plain)).toEqual([426, "upgrade-required"]);
  expect((await stage.get("/livez", { method: "HEAD" })).status).toBe(200);
});

test("shows a card of the service where there is no page", async () => {
  await using stage = new GatewayStage();
  expect(await (await stage.get("/")).json()).toEqual({
    service: "stenogate",
    version: "0.0.0-test",
    socket: SOCKET_PATH,
  });
});

test("[R33] is alive whatever its load, and ready only when it can take sessions", async () => {
  await using stage = new GatewayStage();
  expect((await stage.get("/livez")).status).toBe(200);
  expect((await stage.get("/readyz")).status).toBe(200);
  expect(await (await stage.get("/health")).json()).toMatchObject({ status: "ok", problems: [] });
  stage.notReadyBecause = "the database is away";
  expect((await stage.get("/livez")).status).toBe(200);
  const readiness = await stage.get("/readyz");
  expect(readiness.status).toBe(503);
  const problems = ["the database is away"];
  expect(await readiness.json()).toEqual({ ready: false, problems });
  const health = await stage.get("/health");
  expect(health.status).toBe(200);
  expect(await health.json()).toEqual({
    status: "degraded",
    version: "0.0.0-test",
    uptimeSeconds: expect.any(Number),
    problems,
  });
});

test("shows the figures of that moment as JSON, as they are", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  await client.message("ready");
  for (const accept of ["*/*", "application/json"]) {
    const answer = await stage.get("/metrics", { headers: { accept } });
    expect(await answer.json()).toEqual({
      activeConnections: 1,
      streams: 1,
      queue: { queueLength: 1 },
    });
  }
});

test.each(["text/plain", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"])(
  "shows the figures to Prometheus, which asks for %p",
  async (accept) => {
    await using stage = new GatewayStage();
    const answer = await stage.get("/metrics", { headers: { accept } });
    expect(answer.headers.get("content-type")).toStartWith("text/plain; version=0.0.4");
    expect(await answer.text()).toContain("# TYPE stenogate_sessions_started_total counter");
  },
);

test("asks for the metrics token where there is one", async () => {
  const metricsToken = "sixteen bytes, or more";
  await using stage = new GatewayStage({ metricsToken });
  expect(await errorOf(await stage.get("/metrics"))).toEqual([401, "token-invalid"]);
  const wrong = await stage.get("/metrics", bearer(`${metricsToken}x`));
  expect(await errorOf(wrong)).toEqual([401, "token-invalid"]);
  expect((await stage.get("/metrics", bearer(metricsToken))).status).toBe(200);
  expect((await stage.get("/livez")).status).toBe(200);
});
