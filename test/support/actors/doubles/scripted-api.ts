/** The provider's HTTP side, with answers that the simulator does not give. */
export interface ScriptedApi extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly ApiRequest[];
}

export interface ApiRequest {
  readonly url: URL;
  readonly headers: Headers;
  readonly body: unknown;
}

/** `answer` is asked for each request, with its number from 1; `gone` aborts when the client goes away. */
export function scriptedApi(
  answer: (attempt: number, gone: AbortSignal) => Response | Promise<Response>,
): ScriptedApi {
  const requests: ApiRequest[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const body: unknown = await request.json();
      requests.push({ url: new URL(request.url), headers: request.headers, body });
      return answer(requests.length, request.signal);
    },
  });
  return {
    url: server.url.href,
    requests,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}
