import { describe, expect, test } from "bun:test";
import { createGladiaAdapter } from "../../src/speech/gladia/gladia-adapter.ts";
import type { ProviderAdapter } from "../../src/speech/provider-adapter.ts";
import { ProviderError } from "../../src/speech/provider-error.ts";
import { CLOSE_ABNORMAL } from "../../src/speech/stream/provider-socket.ts";
import { scriptedAdapter } from "../support/actors/doubles/scripted-adapter.ts";
import { scriptedApi } from "../support/actors/doubles/scripted-api.ts";
import { ToyProvider } from "../support/actors/doubles/toy-provider.ts";
import { recognition } from "../support/stages/relay-stage.ts";

interface Refusing extends AsyncDisposable {
  readonly adapter: ProviderAdapter;
}

/** Each provider's adapter, with a provider that refuses every request. Whoever writes another one adds it here. */
const ADAPTERS: Readonly<Record<string, () => Refusing>> = {
  Gladia: () => {
    const api = scriptedApi(() => Response.json({ message: "no" }, { status: 401 }));
    const account = { apiKey: "key", apiUrl: api.url, region: undefined };
    return {
      adapter: createGladiaAdapter(account),
      [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
    };
  },
  "the toy": () => {
    const toy = new ToyProvider();
    toy.refusals.push(new ProviderError("provider-refused", "no"));
    return {
      adapter: scriptedAdapter(toy),
      [Symbol.asyncDispose]: () => toy[Symbol.asyncDispose](),
    };
  },
};

describe.each(Object.entries(ADAPTERS))("the adapter of %s", (_, setup) => {
  test("closes with codes that a client may send, one for the session's end and one for the socket's", async () => {
    await using world = setup();
    const { closeDone, closeKeeping } = world.adapter;
    for (const code of [closeDone, closeKeeping]) {
      // What the platform's WebSocket takes; it throws at any other.
      expect(code === 1000 || (code >= 3000 && code <= 4999)).toBe(true);
    }
    expect(closeKeeping).not.toBe(closeDone);
  });

  test("[R11] tells a session that is over from one whose socket is gone", async () => {
    await using world = setup();
    const { adapter } = world;
    expect(adapter.classifyClose(adapter.closeDone)).toBe("replace");
    expect(adapter.classifyClose(adapter.closeKeeping)).toBe("resume");
    // A socket that broke, did not open or did not answer says nothing about its session.
    expect(adapter.classifyClose(CLOSE_ABNORMAL)).toBe("resume");
  });

  test("takes frames that make no sense for problems, which never quote them", async () => {
    await using world = setup();
    const secret = "a secret plan ";
    for (const frame of [
      "",
      "{",
      "null",
      "[]",
      secret,
      JSON.stringify(secret),
      secret.repeat(9999),
    ]) {
      const parsed = world.adapter.parseMessage(frame);
      const problem = parsed.ok ? undefined : parsed.problem;
      expect(problem, frame.slice(0, 20)).toBeString();
      expect(problem).not.toContain("secret");
      expect(problem!.length).toBeLessThan(200);
    }
  });

  test("[R11] what it has learned of one session's numbers says nothing about another's", async () => {
    await using world = setup();
    const [alone, first, second] = [2, 2, 2].map((bytes) =>
      world.adapter.createAcknowledgements(bytes),
    );
    const expected = alone!.read(0, 3200);
    // This range holds its end.
    expect(first!.read(0, 3199)).toBe(3200);
    expect(second!.read(0, 3200)).toBe(expected);
  });

  test("rejects a request with a failure that has a name", async () => {
    await using world = setup();
    const { signal } = new AbortController();
    const failure = await world.adapter.requestSession(recognition, signal).catch((error) => error);
    expect(failure).toBeInstanceOf(ProviderError);
    expect(failure.code).toBe("provider-refused");
  });

  test("[R15] never rejects a question for finals, not even one that nobody waits for", async () => {
    await using world = setup();
    const finals = await world.adapter.askForFinals("toy-1", AbortSignal.abort());
    expect(finals).toEqual({ kind: "unavailable", reason: "aborted" });
  });
});
