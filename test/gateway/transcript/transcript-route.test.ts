import { expect, test } from "bun:test";
import { AppError } from "../../../src/kernel/errors.ts";
import type { StoredSegment } from "../../../src/relay/stored-transcript.ts";
import { nowSeconds, sign } from "../../support/actors/clients/tokens.ts";
import { bearer, errorOf } from "../../support/probes/answers.ts";
import { GatewayStage } from "../../support/stages/gateway-stage.ts";

const segment: StoredSegment = {
  utteranceKey: "provider-1:0",
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
  stage.transcripts.stored.set("standup", [segment]);
  const answer = await stage.get(transcriptPath("standup", format), bearer(await sign({})));
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toStartWith(contentType);
  expect(answer.headers.get("cache-control")).toBe("private, no-cache");
  expect(answer.headers.get("content-disposition")).toBe(
    format === "json" ? null : `attachment; filename="standup.${format}"`,
  );
  expect(await answer.text()).toContain("good morning");
});

test("hands translations out where a language is asked for that the provider knows", async () => {
  await using stage = new GatewayStage();
  stage.transcripts.stored.set("standup", [segment]);
  stage.transcripts.stored.set("standup fr", [{ ...segment, text: "bonjour", language: "fr" }]);
  const read = async (language: string) =>
    stage.get(`${transcriptPath("standup", "txt")}&language=${language}`, bearer(await sign({})));
  const french = await read("fr");
  expect(french.headers.get("content-disposition")).toContain('"standup.fr.txt"');
  expect(await french.text()).toContain("Ada: bonjour");
  for (const unknown of ["", "FR", "en-GB", "xx"]) {
    expect(await errorOf(await read(unknown))).toEqual([400, "request-invalid"]);
  }
});

test("hands a transcript out to a token of the same call only", async () => {
  await using stage = new GatewayStage();
  stage.transcripts.stored.set("standup", [segment]);
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
  stage.transcripts.stored.set(sessionSlug, [segment]);
  const token = await sign({ sessionSlug });
  const answer = await stage.get(`/api/sessions/${encoded}/transcript`, bearer(token));
  expect(answer.status).toBe(200);
});

test.each([
  ["is badly encoded", "%ff", [403, "session-mismatch"]],
  ["holds a NUL", "standup%00", [403, "session-mismatch"]],
  ["is encoded twice", "%2573tandup", [403, "session-mismatch"]],
  ["is longer than any", "a".repeat(2305), [404, "not-found"]],
])("knows no session by a path that %s", async (_, encoded, expected) => {
  await using stage = new GatewayStage();
  stage.transcripts.stored.set("standup", [segment]);
  const path = `/api/sessions/${encoded}/transcript`;
  const answer = await stage.get(path, bearer(await sign({})));
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(await errorOf(answer)).toEqual(expected as [number, string]);
});

test.each(["POST", "PUT", "DELETE", "OPTIONS"])("knows no %s of a transcript", async (method) => {
  await using stage = new GatewayStage();
  const init = { ...bearer(await sign({})), method, body: method === "PUT" ? "words" : undefined };
  const answer = await stage.get(transcriptPath("standup"), init);
  expect(answer.headers.get("allow")).toBe("GET, HEAD");
  expect(await errorOf(answer)).toEqual([405, "method-not-allowed"]);
});

test("leaves the body of a request unread", async () => {
  await using stage = new GatewayStage();
  stage.transcripts.stored.set("standup", [segment]);
  const token = await sign({});
  const request = (body: string) =>
    `GET ${transcriptPath("standup")} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`;
  const { promise: received, resolve } = Promise.withResolvers<string>();
  let text = "";
  await Bun.connect({
    hostname: "127.0.0.1",
    port: Number(stage.server.url.port),
    socket: {
      open: (socket) => void socket.write(request("GET / HTTP/1.1\r\n\r\n")),
      data: (socket, bytes) => {
        text += bytes.toString();
        const answerCount = text.split('"next"').length - 1;
        if (answerCount === 1) socket.write(request(""));
        if (answerCount === 2) socket.end();
      },
      close: () => resolve(text),
    },
  });
  expect((await received).match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200"]);
});

test("answers 503 while the database is away, and 500 for a bug, which alone is logged", async () => {
  await using stage = new GatewayStage();
  const read = async () =>
    errorOf(await stage.get(transcriptPath("standup"), bearer(await sign({}))));
  for (const code of ["database-unreachable", "deadline-exceeded"] as const) {
    const away = new AppError(code, "no answer", { retryable: true });
    stage.transcripts.stored.set("standup", away);
    expect(await read()).toEqual([503, code]);
  }
  expect(stage.log.lines).toEqual([]);
  stage.transcripts.stored.set("standup", new Error("the test broke the reader"));
  expect(await read()).toEqual([500, "internal"]);
  expect(stage.log.linesOf("A request failed on our side")).toHaveLength(1);
});

test("[R33] what is wrong with the database is not for clients", async () => {
  await using stage = new GatewayStage();
  for (const code of ["database-unreachable", "schema-mismatch"] as const) {
    const away = new AppError(code, "nothing listens at db.internal:5432", { retryable: true });
    stage.transcripts.stored.set("standup", away);
    const answer = await stage.get(transcriptPath("standup"), bearer(await sign({})));
    expect(await answer.text()).not.toContain("db.internal");
  }
});

const numbered = (count: number): readonly StoredSegment[] =>
  Array.from({ length: count }, (_, index) => ({
    ...segment,
    utteranceKey: `provider-1:${index}`,
  }));

interface PageBody {
  readonly segments: readonly { readonly utterance_id: string }[];
  readonly has_more: boolean;
  readonly next: string;
}

test("hands JSON out page by page, and always says how to go on", async () => {
  await using stage = new GatewayStage();
  const token = await sign({});
  const read = async (query: string) => {
    const answer = await stage.get(`${transcriptPath("standup")}${query}`, bearer(token));
    return (await answer.json()) as PageBody;
  };
  stage.transcripts.stored.set("standup", []);
  const empty = await read("");
  expect([empty.segments, empty.has_more]).toEqual([[], false]);

  stage.transcripts.stored.set("standup", numbered(25));
  const seen: string[] = [];
  let page = await read(`&limit=10&after=${empty.next}`);
  for (; page.has_more; page = await read(`&limit=10&after=${page.next}`)) {
    expect(page.segments).toHaveLength(10);
    seen.push(...page.segments.map(({ utterance_id }) => utterance_id));
  }
  seen.push(...page.segments.map(({ utterance_id }) => utterance_id));
  expect(seen).toEqual(numbered(25).map(({ utteranceKey }) => utteranceKey));
  const idle = await read(`&after=${page.next}`);
  expect(idle).toEqual({ ...page, segments: [] });

  stage.transcripts.stored.set("standup", numbered(1001));
  expect(await read("")).toMatchObject({ segments: { length: 1000 }, has_more: true });
  expect(await read("&limit=10000")).toMatchObject({ segments: { length: 1001 }, has_more: false });
});

test.each([
  ["a limit of none", "&limit=0", "a limit from 1 to 10000"],
  ["too large a limit", "&limit=10001", "a limit from 1 to 10000"],
  ["a limit that is no number", "&limit=1e3", "a limit from 1 to 10000"],
  ["an empty cursor", "&after=", '"next" of an earlier answer'],
  ["a cursor that somebody made up", "&after=bm8", '"next" of an earlier answer'],
  ["pages of a file", "&format=srt&limit=5", "other formats have no pages"],
])("answers %s with what was expected", async (_, query, expected) => {
  await using stage = new GatewayStage();
  const path = `/api/sessions/standup/transcript?a=b${query}`;
  const answer = await stage.get(path, bearer(await sign({})));
  expect(answer.status).toBe(400);
  expect(await answer.json()).toEqual({
    error: { code: "request-invalid", message: expect.stringContaining(expected) },
  });
});

test.each(["json", "txt", "srt", "vtt"])(
  "sends %s only to whoever has not got it already",
  async (format) => {
    await using stage = new GatewayStage();
    stage.transcripts.stored.set("standup", [segment]);
    const token = await sign({});
    const read = (ifNoneMatch: string, method = "GET") =>
      stage.get(transcriptPath("standup", format), {
        ...bearer(token, { "if-none-match": ifNoneMatch }),
        method,
      });
    const whole = await read('"another"');
    const etag = whole.headers.get("etag")!;
    expect(whole.status).toBe(200);
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    for (const known of [etag, `W/${etag}`, `"another", ${etag}`, "*"]) {
      for (const method of ["GET", "HEAD"]) {
        const answer = await read(known, method);
        expect(answer.status).toBe(304);
        expect(answer.headers.get("etag")).toBe(etag);
        expect(answer.headers.get("cache-control")).toBe("private, no-cache");
        expect(await answer.text()).toBe("");
      }
    }
    const head = await read('"another"', "HEAD");
    expect(head.status).toBe(200);
    const names = ["etag", "content-type", "content-length", "content-disposition"];
    for (const name of names) expect(head.headers.get(name)).toBe(whole.headers.get(name));
    expect(await head.text()).toBe("");

    stage.transcripts.stored.set("standup", [{ ...segment, text: "good evening" }]);
    const changed = await read(etag);
    expect(changed.status).toBe(200);
    expect(changed.headers.get("etag")).not.toBe(etag);
  },
);

test("reads two transcripts at once, lets 50 wait, and asks others to come back", async () => {
  await using stage = new GatewayStage();
  stage.transcripts.stored.set("standup", [segment]);
  const gate = Promise.withResolvers<void>();
  stage.transcripts.gate = gate.promise;
  const token = await sign({});
  const read = () => stage.get(transcriptPath("standup"), bearer(token));
  const sentAway: Response[] = [];
  // Only what cannot even wait is answered before the gate opens.
  const answers = Array.from({ length: 60 }, async () => {
    const answer = await read();
    if (answer.status !== 200) sentAway.push(answer);
    if (sentAway.length === 8) gate.resolve();
    return answer.status;
  });
  await gate.promise;
  expect(stage.transcripts.readCount).toBe(2);
  for (const answer of sentAway) {
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await errorOf(answer)).toEqual([503, "capacity-exhausted"]);
  }
  const statuses = await Promise.all(answers);
  expect(statuses.filter((status) => status === 200)).toHaveLength(52);
  expect((await read()).status).toBe(200);
});

test("hands a long transcript out whole, and marks one that is longer", async () => {
  await using stage = new GatewayStage();
  stage.transcripts.stored.set("standup", numbered(10_001));
  const token = await sign({});
  const read = async (format: string) =>
    (await stage.get(transcriptPath("standup", format), bearer(token))).text();
  expect((await read("txt")).split("\n")).toHaveLength(10_000 + 2);
  expect(await read("txt")).toEndWith("[…]\n");
  expect(await read("vtt")).toEndWith("\nNOTE The transcript goes on.\n");
  stage.transcripts.stored.set("standup", numbered(10_000));
  expect(await read("txt")).toEndWith("good morning\n");
});
