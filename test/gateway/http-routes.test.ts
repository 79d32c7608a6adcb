import { expect, test } from "bun:test";
import { SOCKET_PATH } from "../../src/gateway/http-routes.ts";
import { AppError } from "../../src/kernel/errors.ts";
import type { StoredSegment } from "../../src/relay/ports.ts";
import { nowSeconds, sign } from "../auth/tokens.ts";
import { GatewayStage } from "../support/gateway-stage.ts";

/** The status and the code of an answer whose body is an error. */
async function errorOf(answer: Response): Promise<[number, string]> {
  const body = (await answer.json()) as { error: { code: string; message: string } };
  expect(body.error.message).not.toBe("");
  return [answer.status, body.error.code];
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

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

test("shows the figures as JSON under their exact names", async () => {
  await using stage = new GatewayStage();
  await using client = await stage.connect();
  await client.message("ready");
  for (const accept of ["*/*", "application/json"]) {
    const answer = await stage.get("/metrics", { headers: { accept } });
    expect(await answer.json()).toEqual({
      activeConnections: 1,
      activeGladiaBridges: 1,
      queue: { queueLength: 1, totalQueued: 2, totalFlushed: 3, totalErrors: 4 },
      journal: { rows: 5, bytes: 6 },
      dropped: { "memory-full": 7 },
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

const segment: StoredSegment = {
  utteranceId: "provider-1:0",
  text: "good morning",
  language: "en",
  confidence: 0.9,
  speaker: { identity: "host", name: "Ada" },
  startedAt: new Date(1000),
  endedAt: new Date(2000),
};

const transcriptPath = (slug: string, format = "json") =>
  `/api/sessions/${encodeURIComponent(slug)}/transcript?format=${format}`;

test.each([
  ["json", "application/json"],
  ["txt", "text/plain"],
  ["srt", "application/x-subrip"],
  ["vtt", "text/vtt"],
])("hands a stored transcript out as %s", async (format, contentType) => {
  await using stage = new GatewayStage();
  stage.stored.set("standup", [segment]);
  const answer = await stage.get(transcriptPath("standup", format), bearer(await sign({})));
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toStartWith(contentType);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(await answer.text()).toContain("good morning");
});

test("hands translations out where a language is asked for that the provider knows", async () => {
  await using stage = new GatewayStage();
  stage.stored.set("standup", [segment]);
  stage.stored.set("standup fr", [{ ...segment, text: "bonjour", language: "fr" }]);
  const read = async (language: string) =>
    stage.get(`${transcriptPath("standup", "txt")}&language=${language}`, bearer(await sign({})));
  expect(await (await read("fr")).text()).toContain("Ada: bonjour");
  for (const unknown of ["", "FR", "en-GB", "xx"]) {
    expect(await errorOf(await read(unknown))).toEqual([400, "request-invalid"]);
  }
});

test("hands a transcript out to a token of the same session only", async () => {
  await using stage = new GatewayStage();
  stage.stored.set("standup", [segment]);
  const path = transcriptPath("standup");
  const answerTo = async (claims: object) =>
    errorOf(await stage.get(path, bearer(await sign({ ...claims }))));
  expect(await errorOf(await stage.get(path))).toEqual([401, "token-missing"]);
  expect(await answerTo({ exp: nowSeconds() - 1 })).toEqual([401, "token-expired"]);
  expect(await errorOf(await stage.get(path, bearer("wrong")))).toEqual([401, "token-invalid"]);
  expect(await answerTo({ sessionSlug: "retro" })).toEqual([403, "session-mismatch"]);
  const unknown = await stage.get(
    transcriptPath("retro"),
    bearer(await sign({ sessionSlug: "retro" })),
  );
  expect(await errorOf(unknown)).toEqual([404, "not-found"]);
  const misspelt = await stage.get(transcriptPath("standup", "doc"), bearer(await sign({})));
  expect(await errorOf(misspelt)).toEqual([400, "request-invalid"]);
});

test.each([
  ["team:daily@acme", "team:daily@acme"],
  ["team:daily@acme", "team%3adaily%40acme"],
  ["a/b c", "a%2Fb%20c"],
  ["木".repeat(256), encodeURIComponent("木".repeat(256))],
])("knows the session %p by its path %p", async (sessionSlug, encoded) => {
  await using stage = new GatewayStage();
  stage.stored.set(sessionSlug, [segment]);
  const token = await sign({ sessionSlug });
  const answer = await stage.get(`/api/sessions/${encoded}/transcript`, bearer(token));
  expect(answer.status).toBe(200);
});

test("takes a path that is badly encoded for another session's", async () => {
  await using stage = new GatewayStage();
  const answer = await stage.get("/api/sessions/%ff/transcript", bearer(await sign({})));
  expect(await errorOf(answer)).toEqual([403, "session-mismatch"]);
});

test("answers 503 while the database is away, and 500 for a bug, which alone is logged", async () => {
  await using stage = new GatewayStage();
  const read = async () =>
    errorOf(await stage.get(transcriptPath("standup"), bearer(await sign({}))));
  stage.stored.set("standup", new AppError("database-unreachable", "no answer"));
  expect(await read()).toEqual([503, "database-unreachable"]);
  expect(stage.log.lines).toEqual([]);
  stage.stored.set("standup", new Error("the test broke the reader"));
  expect(await read()).toEqual([500, "internal"]);
  expect(stage.log.linesOf("A request failed on our side")).toHaveLength(1);
});
