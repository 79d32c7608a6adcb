import type { TranscriptionMessage } from "../gateway/protocol/server-messages.ts";
import type { TranscriptionClient } from "./transcription-client.ts";

/** What is used of a LiveKit `Room`; the package itself is not needed here. */
export interface CaptionRoom {
  readonly localParticipant: {
    publishData(
      payload: Uint8Array<ArrayBuffer>,
      options: { readonly reliable: boolean; readonly topic: string },
    ): Promise<void>;
  };
}

/** The topic under which other participants find captions among the room's data. */
export const CAPTION_TOPIC = "transcription";

/**
 * Hands what the client hears on to everyone in the room, as the gateway's JSON, until the returned function is called.
 *
 * Finals go reliably. Partials may get lost, because the next one replaces them. NOTE: a partial may also arrive after
 * its final; a receiver ignores partials of an `utterance_id` whose final it has. `onFailed` gets what LiveKit threw.
 */
export function publishCaptions(
  room: CaptionRoom,
  client: TranscriptionClient,
  onFailed: (error: unknown) => void,
): () => void {
  const encoder = new TextEncoder();
  return client.on("transcription", (message: TranscriptionMessage) => {
    const payload = encoder.encode(JSON.stringify(message));
    const options = { reliable: message.is_final, topic: CAPTION_TOPIC };
    room.localParticipant.publishData(payload, options).catch(onFailed);
  });
}
