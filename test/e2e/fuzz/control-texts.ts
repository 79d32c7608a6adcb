/** Text frames: control messages, and what only resembles them. */
import { CONTROL_MESSAGE_BYTES_MAX } from "../../../src/gateway/protocol/client-messages.ts";
import type { Draw } from "../../speech/chaos/draw.ts";
import { drawWeighted } from "./attack.ts";
import { drawOddText, mutate, ODD_NUMBERS } from "./odd-values.ts";
import { drawToken } from "./tokens.ts";

const STOP = '{"type":"stop"}';

/** JSON that parsers have stumbled over. */
const RESEMBLING: readonly ((draw: Draw) => string)[] = [
  (draw) => "[".repeat(draw.pick([10, 1000, 16_000])),
  (draw) => '{"type":'.repeat(draw.pick([10, 1000, 2000])),
  (draw) => `${"[".repeat(8000)}${"]".repeat(draw.pick([8000, 7999]))}`,
  (draw) => `{"type":"stop","at":${draw.pick(ODD_NUMBERS)}}`,
  (draw) => `{"type":${draw.pick(ODD_NUMBERS)}}`,
  () => '{"type":"stop","type":"refresh","token":"x"}',
  () => '{"type":"refresh","token":"x","type":"stop"}',
  () => '{"__proto__":{"type":"stop"}}',
  () => '{"type":"refresh","__proto__":{"token":"x"}}',
  () => '{"constructor":{"prototype":{"type":"stop"}},"type":"\\u0073top"}',
  () => String.raw`{"type":"\ud800"}`,
  () => String.raw`{"type":"refresh","token":"\udfff\ud800"}`,
  () => '\uFEFF{"type":"stop"}',
  () => `${STOP}\0`,
  () => `${STOP}${STOP}`,
  () => `${STOP}${" ".repeat(CONTROL_MESSAGE_BYTES_MAX - STOP.length)}`,
  () => `${STOP}${" ".repeat(CONTROL_MESSAGE_BYTES_MAX - STOP.length + 1)}`,
  () => `{"type":"refresh","token":"${"x".repeat(200_000)}"}`,
  () => `{"type":"refresh","token":${JSON.stringify(["x"])}}`,
  () => '{"type":["stop"]}',
  () => '{"type":{"type":"stop"}}',
  () => '"stop"',
  () => "null",
  () => "",
];

export function drawControlText(draw: Draw): string {
  const refresh = JSON.stringify({ type: "refresh", token: drawToken(draw) });
  return drawWeighted<() => string>(draw, [
    [2, () => STOP],
    [4, () => refresh],
    [3, () => mutate(draw, draw.pick([STOP, refresh]))],
    [1, () => drawOddText(draw)],
    [6, () => draw.pick(RESEMBLING)(draw)],
  ])();
}
