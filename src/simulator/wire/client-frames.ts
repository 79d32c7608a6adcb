import * as v from "valibot";
import { accepted, refused, type Parsed } from "../../kernel/result.ts";

/** What a text frame of the client asks for. Audio usually comes in binary frames instead. */
export type ClientFrame =
  | { readonly kind: "audio"; readonly bytes: Uint8Array }
  | { readonly kind: "stop" };

const clientFrame = v.variant("type", [
  v.object({
    type: v.literal("audio_chunk"),
    data: v.object({ chunk: v.pipe(v.string(), v.check(isBase64)) }),
  }),
  v.object({ type: v.literal("stop_recording") }),
]);

export function parseClientFrame(text: string): Parsed<ClientFrame> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message quotes the frame, which may hold audio.
    return refused("expected a text frame with JSON");
  }
  const parsed = v.safeParse(clientFrame, json);
  if (!parsed.success) {
    return refused(
      'expected {"type":"audio_chunk","data":{"chunk":base64}} or {"type":"stop_recording"}',
    );
  }
  const frame = parsed.output;
  if (frame.type === "stop_recording") return accepted({ kind: "stop" });
  return accepted({ kind: "audio", bytes: Buffer.from(frame.data.chunk, "base64") });
}

/** The empty string too: clients keep an idle socket open with it. */
function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}
