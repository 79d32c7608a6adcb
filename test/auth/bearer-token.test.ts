import { expect, test } from "bun:test";
import { AuthError } from "../../src/auth/auth-error.ts";
import { findToken, selectProtocol } from "../../src/auth/bearer-token.ts";

interface Places {
  readonly query?: string;
  readonly authorization?: string;
  readonly protocols?: string;
}

function createRequest({ query = "", authorization, protocols }: Places): Request {
  return new Request(`http://gateway/api/realtime/transcribe${query}`, {
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(protocols !== undefined && { "sec-websocket-protocol": protocols }),
    },
  });
}

test("finds the token in each of its places", () => {
  expect(findToken(createRequest({ authorization: "Bearer a.b.c" }))).toBe("a.b.c");
  expect(findToken(createRequest({ authorization: "bearer  a.b.c " }))).toBe("a.b.c");
  expect(findToken(createRequest({ protocols: "access_token.a.b.c" }))).toBe("a.b.c");
  expect(findToken(createRequest({ protocols: "stenogate,access_token.a.b.c" }))).toBe("a.b.c");
  expect(findToken(createRequest({ query: "?token=a.b.c&language=en" }))).toBe("a.b.c");
});

test("finds no token where there is none", () => {
  const without = [
    {},
    { query: "?token=" },
    { authorization: "Basic dXNlcjpwYXNz" },
    { authorization: "Bearer" },
    { protocols: "stenogate, access_token." },
  ];
  for (const places of without) expect(findToken(createRequest(places))).toBeUndefined();
});

test("accepts the same token in several places", () => {
  const places = { query: "?token=a", authorization: "Bearer a", protocols: "access_token.a" };
  expect(findToken(createRequest(places))).toBe("a");
});

test("refuses differing tokens without quoting them", () => {
  const differing = [
    { query: "?token=first&token=second" },
    { query: "?token=first", authorization: "Bearer second" },
    { query: "?token=first", protocols: "access_token.second" },
    { protocols: "access_token.first, access_token.second" },
  ];
  for (const places of differing) {
    const find = () => findToken(createRequest(places));
    expect(find).toThrow(AuthError);
    expect(find).toThrow("expected one token, got 2 differing ones");
  }
});

test("selects the plain sub-protocol where offered, otherwise the token's, otherwise none", () => {
  const select = (protocols?: string) =>
    selectProtocol(createRequest(protocols === undefined ? {} : { protocols }));
  expect(select("access_token.a, stenogate")).toBe("stenogate");
  expect(select("access_token.a")).toBe("access_token.a");
  expect(select("chat")).toBeUndefined();
  expect(select()).toBeUndefined();
});

test("answers an upgrade with the selected sub-protocol", async () => {
  using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, self) => {
      const protocol = selectProtocol(request);
      const headers = protocol === undefined ? {} : { "sec-websocket-protocol": protocol };
      return self.upgrade(request, { headers }) ? undefined : new Response("no upgrade");
    },
    websocket: { message: () => undefined },
  });
  for (const [offered, selected] of [
    [["stenogate", "access_token.a"], "stenogate"],
    [["access_token.a"], "access_token.a"],
    [[], ""],
  ] as const) {
    const socket = new WebSocket(new URL("/", server.url.href.replace("http", "ws")), [...offered]);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    expect(socket.protocol).toBe(selected);
    const { promise: closed, resolve } = Promise.withResolvers();
    socket.addEventListener("close", resolve);
    socket.close();
    await closed;
  }
});
