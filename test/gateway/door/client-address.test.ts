import { describe, expect, test } from "bun:test";
import { findClientAddress } from "../../../src/gateway/door/client-address.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";

const SOCKET = "192.0.2.1";

function find(forwarded: string | readonly string[] | undefined, trustedProxies: number): string {
  const headers = new Headers();
  const lines = typeof forwarded === "string" ? [forwarded] : (forwarded ?? []);
  for (const line of lines) headers.append("x-forwarded-for", line);
  return findClientAddress(
    new Request("http://localhost", { headers }),
    `::ffff:${SOCKET}`,
    trustedProxies,
  );
}

test("is the socket's own where no proxy is trusted, whatever the header says", () => {
  expect(find(undefined, 0)).toBe(SOCKET);
  expect(find("203.0.113.7", 0)).toBe(SOCKET);
});

test("is the entry that the outermost trusted proxy wrote", () => {
  expect(find("203.0.113.7", 1)).toBe("203.0.113.7");
  expect(find("203.0.113.7, 198.51.100.1", 1)).toBe("198.51.100.1");
  expect(find("203.0.113.7, 198.51.100.1", 2)).toBe("203.0.113.7");
  expect(find("203.0.113.7,198.51.100.1,198.51.100.2", 3)).toBe("203.0.113.7");
});

test("takes several header lines for one list, in their order", () => {
  const lines = ["1.1.1.1", "203.0.113.7, 198.51.100.1", "198.51.100.2"];
  expect(find(lines, 1)).toBe("198.51.100.2");
  expect(find(lines, 2)).toBe("198.51.100.1");
  expect(find(lines, 3)).toBe("203.0.113.7");
});

describe("is the socket's own", () => {
  test.each([
    ["where there are fewer entries than proxies", "203.0.113.7", 2],
    ["where the header is missing", undefined, 1],
    ["where the header is empty", "", 1],
    ["where the entry is empty", "203.0.113.7,", 1],
    ["where the entry is garbage", "203.0.113.7, unknown", 1],
    ["where the entry is a name", "203.0.113.7, localhost", 1],
    ["where the entry is only nearly an address", "203.0.113.7, 203.0.113.256", 1],
  ] as const)("%s", (_, forwarded, trustedProxies) => {
    expect(find(forwarded, trustedProxies)).toBe(SOCKET);
  });
});

test("is one for all sockets that are closed already", () => {
  const request = new Request("http://localhost");
  expect(findClientAddress(request, undefined, 0)).toBe("unknown");
  expect(findClientAddress(request, undefined, 1)).toBe("unknown");
});

test("[R23] does not depend on anything that a client writes to the left of the proxies' entries", () => {
  const random = seededRandom("client-address");
  const pieces = ["1.2.3.4", "::1", "", " ", "unknown", "[::1]:99", '"', ";", "for=1.1.1.1", "\t"];
  for (let run = 0; run < 500; run += 1) {
    const trustedProxies = random.whole(1, 10);
    const own = Array.from({ length: trustedProxies }, (_, index) => `198.51.100.${index}`);
    const forged = Array.from({ length: random.whole(0, 30) }, () => random.pick(pieces));
    const lines = random.next() < 0.5 ? [...forged, ...own] : [[...forged, ...own].join(",")];
    expect(find(lines, trustedProxies)).toBe("198.51.100.0");
  }
});

test("[R23] reads the header as it comes over the wire, in lines of any case", async () => {
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, self) =>
      new Response(findClientAddress(request, self.requestIP(request)?.address, 2)),
  });
  const ask = async (...lines: string[]) => {
    const answered = Promise.withResolvers<string>();
    let answer = "";
    await Bun.connect({
      hostname: "127.0.0.1",
      port: server.port!,
      socket: {
        open: (socket) =>
          void socket.write(
            [`GET / HTTP/1.1`, "host: x", "connection: close", ...lines, "", ""].join("\r\n"),
          ),
        data: (_, data) => void (answer += data.toString()),
        close: () => answered.resolve(answer.slice(answer.indexOf("\r\n\r\n") + 4)),
      },
    });
    return answered.promise;
  };
  const lines = ["X-Forwarded-For: 1.1.1.1", "x-forwarded-for: 2.2.2.2, 3.3.3.3"];
  expect(await ask(...lines)).toBe("2.2.2.2");
  expect(await ask(...lines, "X-FORWARDED-FOR: 4.4.4.4")).toBe("3.3.3.3");
  expect(await ask("x-forwarded-for: 4.4.4.4")).toBe("127.0.0.1");
});
