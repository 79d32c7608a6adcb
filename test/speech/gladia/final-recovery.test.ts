import { describe, expect, test } from "bun:test";
import {
  askUntilAnswered,
  type AskForFinals,
  type RecoveryObstacle,
  type Unavailable,
} from "../../../src/relay/recovery/recovered-finals.ts";
import { loadSample } from "../../../src/simulator/sample/sample.ts";
import { startSimulator } from "../../../src/simulator/simulator.ts";
import { askForFinals } from "../../../src/speech/gladia/final-recovery.ts";
import { LiveClient, openSession } from "../../support/actors/clients/live-client.ts";

/** The pace of tests: nobody waits for a provider's last message. */
const PACE = { attemptsMax: 4, firstMs: 20, mostMs: 40 };

/** Of the session's messages, what the GET repeats. */
function transcript(id: string, text: string, isFinal = true): string {
  const utterance = { text: ` ${text}`, start: 1, end: 2, language: "en", confidence: 0.5 };
  return JSON.stringify({ type: "transcript", data: { id, is_final: isFinal, utterance } });
}

function translation(id: string, text: string, language: string): string {
  const data = {
    utterance_id: id,
    utterance: { start: 1, end: 2 },
    original_language: "en",
    target_language: language,
    translated_utterance: { text },
  };
  return JSON.stringify({ type: "translation", error: null, data });
}

interface JobServer extends AsyncDisposable {
  readonly account: Parameters<typeof askForFinals>[0];
  readonly requests: readonly { readonly path: string; readonly key: string | null }[];
}

/** Answers each request by its number from 1. */
function jobServer(answer: (attempt: number) => Response | Promise<Response>): JobServer {
  const requests: JobServer["requests"][number][] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const { pathname: path } = new URL(request.url);
      requests.push({ path, key: request.headers.get("x-gladia-key") });
      return answer(requests.length);
    },
  });
  return {
    account: { apiKey: "the-key", apiUrl: server.url.href, region: "eu-west" },
    requests,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

const done = (messages: unknown) => Response.json({ status: "done", result: { messages } });
const askOf =
  (account: JobServer["account"]): AskForFinals =>
  (id, signal) =>
    askForFinals(account, id, signal);
const recover = ({ account }: JobServer, id = "session-1", signal = new AbortController().signal) =>
  askUntilAnswered(askOf(account), id, signal, PACE);
const unavailable = (reason: RecoveryObstacle): Unavailable => ({ kind: "unavailable", reason });

describe("a session that is over", () => {
  test("tells its finals in order, and their translations", async () => {
    await using server = jobServer(() =>
      done([
        '{"type":"start_session"}',
        transcript("00_1", "hello", false),
        transcript("00_1", "hello there"),
        translation("00_1", "bonjour", "fr"),
        "no JSON",
        { type: "transcript" },
        '{"type":"transcript","data":{}}',
        transcript("00_0", "bye"),
        translation("00_0", "au revoir", "fr"),
      ]),
    );
    const found = await recover(server);
    expect(found).toMatchObject({
      kind: "found",
      finals: [
        { localId: "00_1", text: "hello there", startSeconds: 1, endSeconds: 2 },
        { localId: "00_0", text: "bye", language: "en", confidence: 0.5 },
      ],
      translations: [
        { localId: "00_1", text: "bonjour", language: "fr" },
        { localId: "00_0", text: "au revoir", language: "fr" },
      ],
    });
    expect(server.requests).toEqual([{ path: "/v2/live/session-1", key: "the-key" }]);
  });

  test("is asked for by its id and nothing else, whatever that holds", async () => {
    await using server = jobServer(() => done([]));
    expect(await recover(server, "../a?b")).toEqual({
      kind: "found",
      finals: [],
      translations: [],
    });
    expect(server.requests[0]!.path).toBe("/v2/live/..%2Fa%3Fb");
  });

  test.each([
    ["no result", { status: "done", result: null }],
    ["no messages", { status: "done", result: {} }],
    ["an error instead", { status: "error", error_code: 500 }],
  ])("may have kept nothing: %s", async (_, job) => {
    await using server = jobServer(() => Response.json(job));
    expect(await recover(server)).toEqual(unavailable("not-kept"));
    expect(server.requests).toHaveLength(1);
  });

  test("is left alone when its answer is larger than speech can be", async () => {
    await using server = jobServer(() => new Response(new Uint8Array(50_000_001)));
    expect(await recover(server)).toEqual(unavailable("too-large"));
    expect(server.requests).toHaveLength(1);
  });
});

describe("a question", () => {
  test.each([
    [404, "unknown"],
    [410, "unknown"],
    [401, "refused"],
    [403, "refused"],
    [400, "unknown"],
  ] as const)("that is answered with %i is not repeated: %s", async (status, reason) => {
    await using server = jobServer(() => new Response("{}", { status }));
    expect(await recover(server)).toEqual(unavailable(reason));
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ["a status of 500", "unreachable", () => new Response("", { status: 500 })],
    ["a status of 429", "unreachable", () => new Response("", { status: 429 })],
    ["no JSON", "unreachable", () => new Response("<html>")],
    ["no job", "unreachable", () => Response.json([])],
    ["a redirect", "unreachable", () => Response.redirect("http://127.0.0.1:1/", 307)],
    ["a job that is queued", "unfinished", () => Response.json({ status: "queued" })],
    ["a job at work", "unfinished", () => Response.json({ status: "processing", result: null })],
  ] as const)("that meets %s is repeated, four times in all", async (_, reason, answer) => {
    await using server = jobServer(answer);
    expect(await recover(server)).toEqual(unavailable(reason));
    expect(server.requests).toHaveLength(PACE.attemptsMax);
  });

  test("is repeated until the session is over", async () => {
    await using server = jobServer((attempt) =>
      attempt < 3 ? Response.json({ status: "processing" }) : done([transcript("00_0", "hello")]),
    );
    expect(await recover(server)).toMatchObject({ kind: "found", finals: [{ text: "hello" }] });
    expect(server.requests).toHaveLength(3);
  });

  test("that nobody hears is no answer", async () => {
    await using server = jobServer(() => done([]));
    await server[Symbol.asyncDispose]();
    expect(await recover(server)).toEqual(unavailable("unreachable"));
  });

  test("ends with its signal: before, during, and between two", async () => {
    await using untouched = jobServer(() => done([]));
    expect(await recover(untouched, "1", AbortSignal.abort())).toEqual(unavailable("aborted"));
    expect(untouched.requests).toEqual([]);
    for (const status of [undefined, 500]) {
      const aborting = new AbortController();
      await using server = jobServer(() => {
        aborting.abort();
        return status === undefined ? new Promise(() => {}) : new Response("", { status });
      });
      expect(await recover(server, "1", aborting.signal)).toEqual(unavailable("aborted"));
      expect(server.requests).toHaveLength(1);
    }
  });
});

test("what the simulator has said without a socket is found once the session is over", async () => {
  await using simulator = await startSimulator({ resumeMs: 2000, finalDelayMs: 50 });
  const account = { apiKey: "key", apiUrl: simulator.url, region: undefined };
  const { pcm, sampleRate, sentences } = await loadSample();
  const { id, url } = await openSession(simulator, {
    sample_rate: sampleRate,
    endpointing: 0.3,
  });
  const { signal } = new AbortController();
  {
    await using client = await LiveClient.open(url);
    client.sendAudio(pcm);
    await client.until("transcript");
    expect(await askForFinals(account, id, signal)).toEqual(unavailable("unfinished"));
  }
  const pace = { ...PACE, attemptsMax: 1000 };
  const found = await askUntilAnswered(askOf(account), id, signal, pace);
  if (found.kind === "unavailable") throw new Error(`expected finals, got ${found.reason}`);
  expect(found.finals.map(({ text }) => text)).toEqual([...sentences]);
  expect(await askUntilAnswered(askOf(account), "another", signal, PACE)).toEqual(
    unavailable("unknown"),
  );
});
