import { once } from "node:events";
import { connect } from "node:net";
import { mintToken } from "../../../../src/auth/token-minter.ts";
import { TEST_SECRET } from "../processes/gateway-process.ts";

/** A client that has opened the transcription socket and reads nothing from then on; nor does it ever close. */
export async function connectDeafClient(
  gatewayUrl: URL,
  sessionSlug: string,
): Promise<Disposable & { send(audio: Uint8Array): void }> {
  const token = await mintToken({
    secret: TEST_SECRET,
    subject: "a deaf client",
    sessionSlug,
    identity: "deaf",
    ttlSeconds: 600,
  });
  const socket = connect({
    port: Number(gatewayUrl.port),
    host: gatewayUrl.hostname,
    allowHalfOpen: true,
  });
  // Whatever happens to it is the other side's doing.
  socket.on("error", () => undefined);
  socket.write(
    [
      `GET /api/realtime/transcribe?token=${token} HTTP/1.1`,
      `Host: ${gatewayUrl.host}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "\r\n",
    ].join("\r\n"),
  );
  await once(socket, "readable");
  return {
    send: (audio) => socket.write(encodeFrame(audio)),
    [Symbol.dispose]: () => socket.destroy(),
  };
}

/** A binary frame of less than 64 KiB (RFC 6455, 5.2). The mask is zero, which leaves the bytes as they are. */
function encodeFrame(bytes: Uint8Array): Buffer {
  const header = Buffer.from([0x82, 0xfe, 0, 0, 0, 0, 0, 0]);
  header.writeUInt16BE(bytes.byteLength, 2);
  return Buffer.concat([header, bytes]);
}
