import type { SpeakerNames, Transcript } from "../relay/ports.ts";
import type { TranscriptBatchQueue } from "./transcript-batch-queue.ts";

/**
 * Hands a transcript to the batch queue if it is to be kept: finals only (R2), and only those with words.
 *
 * Calls `onKept` once, when the transcript may be shown (R1): at once for what is not kept. Never waits for the database.
 */
export function appendTranscriptChunk(
  queue: Pick<TranscriptBatchQueue, "enqueue">,
  speaker: SpeakerNames,
  transcript: Transcript,
  onKept: () => void,
): void {
  if (!transcript.isFinal || transcript.text === "") {
    onKept();
    return;
  }
  queue.enqueue({ speaker, transcript }, onKept);
}
