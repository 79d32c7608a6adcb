/** Requests that no HTTP client would send, and what they are answered with. */
import { expect, test } from "bun:test";
import { SOCKET_PATH } from "../../src/gateway/http-routes.ts";
import { every } from "../../src/kernel/timers.ts";
import { RawSocket } from "../support/actors/clients/raw-socket.ts";
import { RawWebSocket, upgradeRequest } from "../support/actors/clients/raw-websocket.ts";
import { sign } from "../support/actors/clients/tokens.ts";
import { GatewayStage } from "../support/stages/gateway-stage.ts";

/** The answer's status, and that nothing was logged for it. */
async function statusOf(stage: GatewayStage, request: string): Promise<number> {
  await using socket = await RawSocket.open(stage.server.url);
  await socket.write(request);
  await socket.until(() => socket.receivedText.includes("\r\n\r\n"));
  expect(stage.log.lines).toEqual([]);
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(socket.receivedText)?.[1]);
}

test.each(["%00", "[::1", "a:99999", "1.2.3.999"])(
  "[R24] a Host of %s is refused with 400, and is no error of ours",
  async (host) => {
    await using stage = new GatewayStage();
    expect(await statusOf(stage, `GET /livez HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toBe(400);
    const handshake = upgradeRequest(`${SOCKET_PATH}?token=${await sign({})}`);
    expect(await statusOf(stage, handshake.replace("gateway.test", host))).toBe(400);
  },
);

test("a health check of HTTP/1.0, which names no host, is answered", async () => {
  await using stage = new GatewayStage();
  expect(await statusOf(stage, "GET /livez HTTP/1.0\r\n\r\n")).toBe(200);
  const transcript = "GET /api/sessions/standup/transcript HTTP/1.0\r\n\r\n";
  expect(await statusOf(stage, transcript)).toBe(401);
});

test("a client that names no host is heard", async () => {
  await using stage = new GatewayStage();
  const handshake = upgradeRequest(`${SOCKET_PATH}?token=${await sign({})}`);
  const hostless = handshake.replace("gateway.test", "");
  await using odd = await RawWebSocket.open(stage.server.url, hostless);
  await odd.message("ready");
  expect(odd.status).toBe(101);
});

test("[R23] a request that is not whole within its time is dropped, one that drips too", async () => {
  await using stage = new GatewayStage();
  await using silent = await RawSocket.open(stage.server.url);
  await using dripping = await RawSocket.open(stage.server.url);
  await dripping.write("GET /livez HTTP/1.1\r\nHost: ");
  const drip = every(500, () => void dripping.write("a"));
  await Promise.all([silent.ended, dripping.ended]);
  drip.stop();
  expect([silent.receivedText, dripping.receivedText]).toEqual(["", ""]);
  expect(stage.log.lines).toEqual([]);
});
