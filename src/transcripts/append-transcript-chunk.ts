import type { SpeakerNames, Transcript, TranscriptSink } from "../relay/ports.ts";
import type { TranscriptBatchQueue } from "./transcript-batch-queue.ts";

type FinalQueue = Pick<TranscriptBatchQueue, "enqueue">;

/**
 * Hands a transcript to the batch queue if it is to be kept: finals only (R2), and only those with words.
 *
 * Calls `onKept` once, when the transcript may be shown (R1): at once for what is not kept. Never waits for the database.
 */
export function appendTranscriptChunk(
  queue: FinalQueue,
  speaker: SpeakerNames,
  transcript: Transcript,
  onKept: () => void,
): void {
  if (!transcript.isFinal || transcript.text === "") onKept();
  else queue.enqueue({ speaker, transcript }, onKept);
}

/** The queue as the relay sees it. */
export function createTranscriptSink(queue: FinalQueue): TranscriptSink {
  return {
    append: (speaker, transcript, onKept) =>
      appendTranscriptChunk(queue, speaker, transcript, onKept),
  };
}
