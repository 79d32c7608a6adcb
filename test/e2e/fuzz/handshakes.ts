/** Handshakes: right ones with wrong tokens, queries, headers or sub-protocols, and wrong ones. */
import type { Draw } from "../../speech/chaos/draw.ts";
import { upgradeRequest } from "../../support/actors/clients/raw-websocket.ts";
import { drawWeighted, TRANSCRIBE_PATH, type Ground } from "./attack.ts";
import { drawOddText, mutate, ODD_NUMBERS, toHeaderValue, toQueryValue } from "./odd-values.ts";
import { drawToken, drawValidToken } from "./tokens.ts";

type Parameter = readonly [name: string, value: string];

const GOOD_PARAMETERS: readonly Parameter[] = [
  ["sample_rate", "8000"],
  ["sample_rate", "48000"],
  ["encoding", "wav/ulaw"],
  ["language", "en"],
  ["language", "fr"],
  ["translate", "de"],
  ["preset", "meeting"],
  ["vocabulary", "Stenogate"],
  ["endpointing", "0.1"],
  ["max_utterance", "5"],
  ["code_switching", "true"],
];

const NAMES = [
  ...new Set(GOOD_PARAMETERS.map(([name]) => name)),
  "token",
  "vocabulary_intensity",
  "resume",
  "after",
  "x",
  "__proto__",
  "constructor",
  "",
];

/** A handshake that is admitted unless a limit is reached. */
export function drawGoodHandshake({ draw }: Ground): string {
  const query = `token=${drawValidToken(draw)}${draw.chance(0.2) ? `&${draw.pick(["language=en", "sample_rate=16000", "translate=de"])}` : ""}`;
  return upgradeRequest(`${TRANSCRIBE_PATH}?${query}`);
}

/** Any handshake. */
export function drawHandshake(ground: Ground): string {
  const { draw } = ground;
  const token = drawToken(draw);
  const places = drawPlaces(draw, token, drawToken(draw));
  const parameters = [...places.parameters, ...drawParameters(ground)];
  const query = parameters.map(([name, value]) => `${encodeURIComponent(name)}=${value}`).join("&");
  const headers = [...places.headers, ...drawOddHeaders(draw)];
  const handshake = upgradeRequest(`${TRANSCRIBE_PATH}?${query}`, headers);
  return draw.chance(0.15) ? breakHandshake(draw, handshake) : handshake;
}

/** Where the token stands: in one place, in several, or with another one beside it. */
function drawPlaces(draw: Draw, token: string, other: string) {
  const value = toHeaderValue(token);
  const parameter: Parameter = ["token", toQueryValue(draw, token)];
  const authorization = `Authorization: ${draw.pick(["Bearer", "bearer", "Basic", "Bearer  ", ""])} ${value}`;
  const protocol = `Sec-WebSocket-Protocol: ${draw.pick(["stenogate, ", "", "a,,b, ", "stenogate, stenogate, "])}access_token.${value}`;
  return drawWeighted<{ parameters: readonly Parameter[]; headers: readonly string[] }>(draw, [
    [4, { parameters: [parameter], headers: [] }],
    [3, { parameters: [], headers: [protocol] }],
    [3, { parameters: [], headers: [authorization] }],
    [1, { parameters: [parameter], headers: [authorization, protocol] }],
    [1, { parameters: [parameter, ["token", toQueryValue(draw, other)]], headers: [] }],
    [
      1,
      {
        parameters: [],
        headers: [protocol, `Sec-WebSocket-Protocol: access_token.${toHeaderValue(other)}`],
      },
    ],
    [1, { parameters: [], headers: [] }],
  ]);
}

function drawParameters({ draw, resumeIds }: Ground): readonly Parameter[] {
  return drawWeighted<() => readonly Parameter[]>(draw, [
    [3, () => []],
    [4, () => Array.from({ length: draw.whole(1, 4) }, () => draw.pick(GOOD_PARAMETERS))],
    [
      3,
      () =>
        Array.from({ length: draw.whole(1, 3) }, () => [
          draw.pick(NAMES),
          toQueryValue(draw, drawOddText(draw)),
        ]),
    ],
    [4, () => drawResumption(draw, resumeIds)],
    [1, () => Array.from({ length: draw.whole(50, 400) }, () => ["vocabulary", "word"])],
    [1, () => Array.from({ length: draw.whole(50, 1500) }, (_, index) => [`q${index}`, ""])],
  ])();
}

function drawResumption(draw: Draw, resumeIds: readonly string[]): readonly Parameter[] {
  const known = resumeIds.length === 0 ? "0".repeat(32) : draw.pick(resumeIds);
  const id = drawWeighted<() => string>(draw, [
    [4, () => known],
    [1, () => mutate(draw, known)],
    [2, () => Array.from({ length: 32 }, () => draw.pick(["a", "Z", "0", "9", "-", "_"])).join("")],
    [2, () => drawOddText(draw)],
  ])();
  const after = draw.chance(0.5) ? String(draw.whole(0, 50)) : draw.pick(ODD_NUMBERS);
  const resume: Parameter = ["resume", toQueryValue(draw, id)];
  return draw.chance(0.8) ? [resume, ["after", toQueryValue(draw, after)]] : [resume];
}

function drawOddHeaders(draw: Draw): readonly string[] {
  return drawWeighted<() => readonly string[]>(draw, [
    [6, () => []],
    [
      1,
      () => [
        `Origin: ${toHeaderValue(draw.pick(["null", "https://a.example", "://", drawOddText(draw)]))}`,
      ],
    ],
    [1, () => [`Cookie: ${"a=b; ".repeat(draw.whole(1, 4000))}`]],
    [
      1,
      () => [
        `X-Forwarded-For: ${toHeaderValue(draw.pick(["1.2.3.4", "::1", "1.2.3.4, unknown", drawOddText(draw), "1,".repeat(2000)]))}`,
      ],
    ],
    [1, () => ['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99, x; y="z']],
    [
      1,
      () => [
        `${draw.pick(["X", "Sec-WebSocket-Protocol", "Connection", "Upgrade", "Host"])}: ${toHeaderValue(drawOddText(draw))}`,
      ],
    ],
  ])();
}

function breakHandshake(draw: Draw, handshake: string): string {
  return draw.pick<() => string>([
    () => handshake.replace("Version: 13", `Version: ${draw.pick(["8", "14", "", "13, 8", "x"])}`),
    () =>
      handshake.replace(
        /Key: .*/,
        `Key: ${draw.pick(["", "AA==", "x".repeat(24), "x".repeat(5000)])}`,
      ),
    () => handshake.replace(/Sec-WebSocket-Key.*\r\n/, ""),
    () =>
      handshake.replace(
        "Connection: Upgrade",
        `Connection: ${draw.pick(["close", "keep-alive, Upgrade", "", "upgrade,upgrade"])}`,
      ),
    () =>
      handshake.replace(
        "Upgrade: websocket",
        `Upgrade: ${draw.pick(["h2c", "WebSocket", "websocket, h2c", ""])}`,
      ),
    () => handshake.replace("GET ", `${draw.pick(["POST", "HEAD", "OPTIONS", "get"])} `),
    () => handshake.replace("HTTP/1.1", draw.pick(["HTTP/1.0", "HTTP/2.0", "HTTP/1.2"])),
    () => handshake.replace(/\r\n\r\n$/, `\r\nContent-Length: 5\r\n\r\nhello`),
    () => mutate(draw, handshake),
  ])();
}
