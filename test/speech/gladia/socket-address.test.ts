import { expect, test } from "bun:test";
import { isSocketAtHome } from "../../../src/speech/gladia/socket-address.ts";

test.each([
  ["https://api.gladia.io", "wss://api.gladia.io/v2/live?token=abc", true],
  ["https://api.gladia.io", "wss://live.eu-west.gladia.io/v2/live", true],
  ["https://api.gladia.io", "wss://gladia.io:8443/v2/live", true],
  ["https://api.gladia.io", "wss://API.GLADIA.IO/v2/live", true],
  ["https://api.gladia.io", "ws://api.gladia.io/v2/live", false],
  ["https://api.gladia.io", "wss://evil.example/v2/live", false],
  ["https://api.gladia.io", "wss://evilgladia.io/v2/live", false],
  ["https://api.gladia.io", "wss://gladia.io.evil.example/v2/live", false],
  ["https://api.gladia.io", "wss://gladia.io@evil.example/v2/live", false],
  ["https://api.gladia.io", "wss://127.0.0.1/v2/live", false],
  ["https://api.gladia.io", "wss://169.254.169.254/v2/live", false],
  // Nothing is cut off that others may own a part of.
  ["https://speech.co.example", "wss://other.co.example/", false],
  ["https://api.example", "wss://other.example/", false],
  ["https://10.0.0.7:8443", "wss://10.0.0.7:9000/", true],
  ["https://10.0.0.7:8443", "wss://10.0.0.8:8443/", false],
  ["http://gladia-proxy:8080", "ws://gladia-proxy:8080/v2/live", true],
  ["http://gladia-proxy:8080", "ws://other:8080/v2/live", false],
  ["http://127.0.0.1:4000", "ws://127.0.0.1:4001/", true],
  ["http://127.0.0.1:4000", "ws://localhost:4001/", true],
  ["http://localhost:4000", "ws://[::1]:4001/", true],
  ["http://127.0.0.1:4000", "wss://api.gladia.io/v2/live", false],
  ["http://127.0.0.1:4000", "ws://127.0.0.1.evil.example/", false],
])("[R11] an API at %s may send speech to %s: %p", (apiUrl, socketUrl, isHome) => {
  expect(isSocketAtHome(socketUrl, { apiUrl })).toBe(isHome);
});

test("[R11] an origin that the operator has named is home, and no other one beside it", () => {
  const home = { apiUrl: "http://127.0.0.1:4000", socketOrigins: ["wss://api.gladia.io"] };
  expect(isSocketAtHome("wss://api.gladia.io/v2/live", home)).toBe(true);
  expect(isSocketAtHome("ws://api.gladia.io/v2/live", home)).toBe(false);
  expect(isSocketAtHome("wss://api.gladia.io:8443/v2/live", home)).toBe(false);
});
