import { expect, test } from "bun:test";
import { describeError } from "../../../src/kernel/errors.ts";
import { requestSession, type GladiaAccount } from "../../../src/speech/gladia/gladia-api.ts";
import { ProviderError } from "../../../src/speech/provider-error.ts";
import { scriptedApi } from "../../support/actors/doubles/scripted-api.ts";
import { recognition } from "../../support/stages/relay-stage.ts";

const KEY = "the-key-of-the-account";
const LIVE = { id: "session-1", url: "ws://127.0.0.1:9/v2/live?token=abc" };

/** Asks once; the outcome is the session or the error, which never holds the key. */
async function ask(
  apiUrl: string,
  options: { signal?: AbortSignal; region?: GladiaAccount["region"] } = {},
) {
  const { signal = new AbortController().signal, region } = options;
  const account = { apiKey: KEY, apiUrl, region };
  try {
    return await requestSession(account, recognition, signal);
  } catch (error) {
    expect(Bun.inspect(error, { depth: 10 })).not.toContain(KEY);
    return error;
  }
}

test("asks for live captions of the client's audio, with the key in its header", async () => {
  await using api = scriptedApi(() =>
    Response.json({ ...LIVE, created_at: "now" }, { status: 201 }),
  );
  expect(await ask(api.url, { region: "eu-west" })).toEqual(LIVE);
  const [request] = api.requests;
  expect(request!.url.pathname + request!.url.search).toBe("/v2/live?region=eu-west");
  expect(request!.headers.get("x-gladia-key")).toBe(KEY);
  expect(request!.body).toMatchObject({
    encoding: "wav/pcm",
    bit_depth: 16,
    sample_rate: 16_000,
    channels: 1,
    language_config: { languages: ["en"], code_switching: false },
    messages_config: { receive_partial_transcripts: true, receive_final_transcripts: true },
  });
});

test("names no region where none was chosen", async () => {
  await using api = scriptedApi(() => Response.json(LIVE, { status: 200 }));
  expect(await ask(api.url)).toEqual(LIVE);
  expect(api.requests[0]!.url.search).toBe("");
});

test.each([
  [400, "provider-refused"],
  [401, "provider-refused"],
  [402, "provider-refused"],
  [403, "provider-refused"],
  [404, "provider-refused"],
  [422, "provider-refused"],
  [429, "provider-busy"],
] as const)("a status of %i is %s, after one attempt", async (status, code) => {
  const body = {
    message: `expected another key than ${KEY}`,
    validation_errors: ["sample_rate must be one of 8000"],
  };
  await using api = scriptedApi(() => Response.json(body, { status }));
  const error = await ask(api.url);
  expect(error).toBeInstanceOf(ProviderError);
  expect(error).toMatchObject({ name: "ProviderError", code, retryable: code === "provider-busy" });
  expect(describeError(error)).toContain(`status ${status}`);
  expect(describeError(error)).toContain("sample_rate must be one of 8000");
  expect(api.requests).toHaveLength(1);
});

test.concurrent.each([500, 503, 408])(
  "a status of %i may pass, after one attempt",
  async (status) => {
    await using api = scriptedApi(() => new Response("<html>", { status }));
    expect(await ask(api.url)).toMatchObject({
      code: "provider-unreachable",
      retryable: true,
      message: `status ${status}`,
    });
    expect(api.requests).toHaveLength(1);
  },
);

test.concurrent.each([
  ["12", 12_000],
  ["0", 0],
  [undefined, undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["Wed, 21 Oct 2026 07:28:00 GMT", undefined],
] as const)("reads a Retry-After of %p as %p ms", async (value, retryAfterMs) => {
  const headers = value === undefined ? {} : { "retry-after": value };
  await using api = scriptedApi(() => new Response("{}", { status: 429, headers }));
  const error = await ask(api.url);
  expect(error).toMatchObject({ code: "provider-busy" });
  expect((error as ProviderError).retryAfterMs).toBe(retryAfterMs);
});

test.concurrent("a host that does not answer is unreachable, and named without its key", async () => {
  // Nobody listens there, and nobody else is given this port meanwhile, as one that was just given back could be.
  const error = await ask("http://127.0.0.1:1/");
  expect(error).toMatchObject({ code: "provider-unreachable", retryable: true });
  expect(describeError(error)).toContain("127.0.0.1:1");
});

test.concurrent("does not carry the key along a redirect", async () => {
  await using other = scriptedApi(() => Response.json(LIVE));
  await using api = scriptedApi(() => Response.redirect(other.url, 307));
  expect(await ask(api.url)).toMatchObject({ code: "provider-unreachable" });
  expect(other.requests).toEqual([]);
});

test.concurrent.each([
  ["no JSON", "<html>secret-token</html>"],
  ["no url", '{"id":"1"}'],
  ["no id", '{"id":"","url":"wss://x/secret-token"}'],
  ["another protocol", '{"id":"1","url":"https://x/secret-token"}'],
  ["an id without end", `{"id":"${"1".repeat(201)}","url":"ws://localhost/secret-token"}`],
  [
    "more than 64 KiB",
    `{"id":"1","url":"ws://localhost/secret-token","more":"${"x".repeat(65_536)}"}`,
  ],
  ["another host", '{"id":"1","url":"wss://evil.example/secret-token"}'],
  ["a url that cannot be opened", '{"id":"1","url":"wss://[x?token=secret-token"}'],
])("an answer with %s counts as none, and is not quoted", async (_, body) => {
  await using api = scriptedApi(() => new Response(body, { status: 201 }));
  const error = await ask(api.url);
  expect(error).toMatchObject({ code: "provider-unreachable", retryable: true });
  expect(Bun.inspect(error)).not.toContain("secret-token");
});

test.concurrent.each([201, 402])(
  "[R11] an answer with %d without end is not read on",
  async (status) => {
    const cancelled = Promise.withResolvers<void>();
    await using api = scriptedApi(() => {
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.enqueue(new Uint8Array(65_536));
        },
        cancel: () => cancelled.resolve(),
      });
      return new Response(body, { status });
    });
    expect(await ask(api.url)).toBeInstanceOf(ProviderError);
    await cancelled.promise;
  },
);

test("names the host that an answer may not send speech to, and no token", async () => {
  await using api = scriptedApi(() =>
    Response.json({ id: "1", url: "wss://evil.example/v2?token=secret-token" }),
  );
  expect(describeError(await ask(api.url))).toContain(
    "wss://evil.example: see GLADIA_SOCKET_ORIGINS",
  );
});

test("a request that is withdrawn is told to the provider", async () => {
  const aborting = new AbortController();
  const withdrawn = Promise.withResolvers<void>();
  await using api = scriptedApi((_, gone) => {
    gone.addEventListener("abort", () => withdrawn.resolve());
    aborting.abort();
    return new Promise(() => {});
  });
  const error = await ask(api.url, { signal: aborting.signal });
  await withdrawn.promise;
  expect(error).toMatchObject({ code: "provider-unreachable" });
});
