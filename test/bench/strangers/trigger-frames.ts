import { toRecognitionOptions } from "../../../src/relay/recognition/recognition-choices.ts";
import { Recording } from "../../../src/simulator/hearing/recording.ts";
import { Transcriber } from "../../../src/simulator/hearing/transcriber.ts";
import type { Sample } from "../../../src/simulator/sample/sample.ts";
import { parseSessionRequest } from "../../../src/simulator/wire/session-request.ts";
import { toRequestBody } from "../../../src/speech/gladia/live-request.ts";

/** 100 ms at 16 kHz, 16 bit, mono. */
export const FRAME_BYTES = 3200;

/**
 * Which frame makes the provider report each final, when the sample is spoken over and over: counted from 0, in the order of
 * the finals. The simulator hears as this does, from the same bytes, and answers in the same moment.
 */
export function findTriggerFrames(sample: Sample, frameCount: number): readonly number[] {
  const audio = { encoding: "wav/pcm", sampleRate: 16_000, bitDepth: 16 } as const;
  const parsed = parseSessionRequest(
    JSON.stringify(toRequestBody(toRecognitionOptions(audio, {}))),
  );
  if (!parsed.ok) throw new Error(`expected a sound request, got ${parsed.problems.join(", ")}`);
  const triggers: number[] = [];
  let frame = 0;
  const transcriber = new Transcriber(
    {
      recording: new Recording(sample),
      onSpeechStart: () => undefined,
      onSpeechEnd: () => undefined,
      onPartial: () => undefined,
      onFinal: () => void triggers.push(frame),
    },
    parsed.request,
  );
  for (; frame < frameCount; frame += 1) transcriber.hear(frameOf(sample, frame));
  return triggers;
}

/** The n-th frame of the sample without end. */
export function frameOf({ pcm }: Sample, index: number): Uint8Array<ArrayBuffer> {
  const framesPerRound = Math.floor(pcm.byteLength / FRAME_BYTES);
  const from = (index % framesPerRound) * FRAME_BYTES;
  return Uint8Array.from(pcm.subarray(from, from + FRAME_BYTES));
}
