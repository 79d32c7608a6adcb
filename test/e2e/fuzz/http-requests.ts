/** Bytes for an HTTP port: requests that are right, odd, broken, too much, or no HTTP at all. */
import type { Draw } from "../../speech/chaos/draw.ts";
import { drawBytes, drawWeighted, TRANSCRIBE_PATH } from "./attack.ts";
import { drawOddText, mutate, toHeaderValue, toQueryValue } from "./odd-values.ts";
import { drawToken } from "./tokens.ts";

const PATHS = [
  "/",
  "/metrics",
  "/livez",
  "/readyz",
  "/health",
  TRANSCRIBE_PATH,
  `${TRANSCRIBE_PATH}?token=x`,
  "/demo/token?session=a",
  "/favicon.ico",
  "/api/sessions/a/transcript",
  "/api/sessions//transcript",
  "/api/sessions/%/transcript",
  "/api/sessions/%ff%00/transcript?format=srt",
  "/api/sessions/a%2Fb/transcript?format=exe",
  "/api/sessions/a/transcript?language=xx",
  "/../../../etc/passwd",
  "/%2e%2e/%2e%2e/etc/passwd",
  "/..%2f..%2fetc/passwd",
  "//evil.example/",
  "/a/./b/../c",
  "/\\..\\x",
  "/;x",
  "/%",
  "/%zz",
  "/%00",
  "/%c0%ae",
  "/a b",
  "*",
  "",
  "a",
  "http://evil.example/metrics",
  "http://[::1",
  "evil.example:443",
  "/#x",
  "/?",
  "/??&&==",
];

const METHODS = [
  "GET",
  "GET",
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "OPTIONS",
  "PATCH",
  "TRACE",
  "CONNECT",
  "PROPFIND",
  "get",
  "G\0T",
  "X".repeat(300),
  "",
  "PRI",
];

const VERSIONS = [
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/0.9",
  "HTTP/2.0",
  "HTTP/9.9",
  "HTTP/1.11",
  "http/1.1",
  "HTTP/",
  "ICY",
  "",
];

/** Other protocols' first words. */
const STRANGERS = [
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
  `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${"\xaa".repeat(500)}`,
  "\x05\x01\x00",
  "\x04\x01\x00\x50\x7f\0\0\x01\0",
  "SSH-2.0-OpenSSH_9.2\r\n",
  "EHLO x\r\n",
  "*1\r\n$4\r\nPING\r\n",
  "OPTIONS rtsp://x RTSP/1.0\r\nCSeq: 1\r\n\r\n",
  "\0\0\0\x08\x04\xd2\x16\x2f",
  "GET /\r\n",
  "\r\n\r\n\r\n",
  "\n\n",
  "\0".repeat(1000),
  "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
];

/** One character is one byte. */
export function drawHttpBytes(draw: Draw): string {
  const authorization = draw.chance(0.3)
    ? [`Authorization: Bearer ${toHeaderValue(drawToken(draw))}`]
    : [];
  const request = () => drawRequest(draw, authorization);
  const bytes = drawWeighted<() => string>(draw, [
    [
      4,
      () =>
        `GET ${draw.pick(PATHS)} HTTP/1.1\r\nHost: a\r\n${authorization.map((line) => `${line}\r\n`).join("")}\r\n`,
    ],
    [8, request],
    [3, () => Array.from({ length: draw.whole(2, 60) }, request).join("")],
    [3, () => drawBody(draw)],
    [2, () => drawHeaderBomb(draw)],
    [2, () => mutate(draw, request())],
    [2, () => draw.pick(STRANGERS)],
    [1, () => Buffer.from(drawBytes(draw, 3000)).toString("latin1")],
    [
      1,
      () =>
        `GET /?${Array.from({ length: draw.whole(100, 3000) }, (_, index) => `a${index}=${index}`).join("&")} HTTP/1.1\r\nHost: a\r\n\r\n`,
    ],
  ])();
  return draw.chance(0.1) ? bytes.slice(0, draw.whole(0, bytes.length)) : bytes;
}

function drawRequest(draw: Draw, more: readonly string[]): string {
  const path = draw.chance(0.85) ? draw.pick(PATHS) : `/${toQueryValue(draw, drawOddText(draw))}`;
  const headers = [
    ...(draw.chance(0.95) ? ["Host: gateway.test"] : []),
    ...(draw.chance(0.3) ? [drawHeader(draw)] : []),
    ...more,
  ];
  const line = `${draw.pick(METHODS)} ${path} ${draw.pick(VERSIONS)}`;
  return [line, ...headers, "", ""].join("\r\n");
}

function drawHeader(draw: Draw): string {
  return draw.pick<() => string>([
    () => `Accept: ${draw.pick(["text/plain", "application/openmetrics-text", "*/*", ""])}`,
    () => `X: ${toHeaderValue(drawOddText(draw))}`,
    () => `${toHeaderValue(drawOddText(draw))}: x`,
    () => "Host: another.test",
    () => "X : space before the colon",
    () => " folded: a line that goes on",
    () => "no colon at all",
    () => "X: \0 \x7f \xff",
    () => "Expect: 100-continue",
    () => `Range: bytes=${draw.pick(["0-", "-1", "9-1", "0-0,".repeat(500)])}`,
    () => "Connection: close",
    () => "If-None-Match: *",
  ])();
}

/** A length that is right, wrong, said twice or in two ways; nothing here takes a body. */
function drawBody(draw: Draw): string {
  const body = "x".repeat(draw.pick([0, 1, 100, 65_536, 65_537, 200_000]));
  const framing = draw.pick([
    `Content-Length: ${body.length}`,
    `Content-Length: ${body.length + 10}`,
    "Content-Length: -1",
    "Content-Length: 99999999999999999999",
    "Content-Length: 1, 2",
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: chunked, chunked",
    "Content-Length: 0x10",
    "Content-Length: ",
  ]);
  const content = framing.includes("chunked")
    ? draw.pick([
        `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
        "5;ext=1\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
        "ffffffffffffffff\r\n",
        "-1\r\n\r\n",
        "zz\r\n",
        "5\r\nhello world\r\n",
        "0".repeat(5000),
      ])
    : body;
  return `${draw.pick(["POST", "PUT", "GET"])} ${draw.pick(PATHS)} HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n${content}`;
}

function drawHeaderBomb(draw: Draw): string {
  const lines = draw.pick<() => string>([
    () => `X: ${"a".repeat(draw.pick([8000, 16_000, 17_000, 100_000, 1_000_000]))}\r\n`,
    () => "X: a\r\n".repeat(draw.pick([50, 99, 100, 101, 199, 200, 201, 5000])),
    () => `${"X".repeat(20_000)}: a\r\n`,
    () => "Host: a\r\n".repeat(100),
    () => `Accept: ${"*/*,".repeat(3000)}\r\n`,
  ])();
  return `GET ${draw.pick(PATHS)} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
}
