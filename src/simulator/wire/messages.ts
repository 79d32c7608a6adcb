/**
 * The messages of the provider's socket, as it sends them. Arrays are mutable because the official
 * client's types, which a test holds these against, have them so.
 */
import { unreachable } from "../../kernel/assert.ts";
import type { LanguageCode, TranslationCode } from "../../relay/recognition/language-codes.ts";
import type { MessagesConfig } from "./session-request.ts";

export interface Word {
  /** With a leading space, as in the text. */
  readonly word: string;
  /** Seconds of audio since the session's first byte; so are all times here. */
  readonly start: number;
  readonly end: number;
  readonly confidence: number;
}

export interface TranscribedUtterance {
  readonly start: number;
  readonly end: number;
  readonly confidence: number;
  readonly channel: number;
  readonly words: Word[];
  readonly text: string;
  readonly language: LanguageCode;
}

export interface Transcription {
  readonly full_transcript: string;
  readonly languages: LanguageCode[];
  readonly utterances: TranscribedUtterance[];
}

export interface TranscriptionResult {
  readonly metadata: {
    readonly audio_duration: number;
    readonly number_of_distinct_channels: number;
    readonly billing_time: number;
    readonly transcription_time: number;
  };
  readonly transcription: Transcription;
}

/** What became of a client's action: `data` and `error` exclude each other. */
type Acknowledgment<Data> =
  | { readonly acknowledged: true; readonly error: null; readonly data: Data }
  | {
      readonly acknowledged: false;
      readonly error: { readonly message: string };
      readonly data: null;
    };

export type AudioChunkAcknowledgment = { readonly type: "audio_chunk" } & Acknowledgment<{
  /** From where the chunk before ended to the bytes counted so far; the end is exclusive. */
  readonly byte_range: [number, number];
  readonly time_range: [number, number];
}>;

export type StopRecordingAcknowledgment = { readonly type: "stop_recording" } & Acknowledgment<{
  readonly recording_duration: number;
  readonly recording_left_to_process: number;
}>;

/** Follows a final, once for each target language. */
export interface TranslationMessage {
  readonly type: "translation";
  readonly error: null;
  readonly data: {
    readonly utterance_id: string;
    readonly utterance: TranscribedUtterance;
    readonly original_language: LanguageCode;
    readonly target_language: TranslationCode;
    readonly translated_utterance: TranscribedUtterance;
  };
}

export type MessageBody =
  | AudioChunkAcknowledgment
  | StopRecordingAcknowledgment
  | { readonly type: "start_session" | "start_recording" | "end_session" }
  | { readonly type: "end_recording"; readonly data: { readonly recording_duration: number } }
  | {
      readonly type: "speech_start" | "speech_end";
      readonly data: { readonly time: number; readonly channel: number };
    }
  | {
      readonly type: "transcript";
      readonly data: {
        readonly id: string;
        readonly is_final: boolean;
        readonly utterance: TranscribedUtterance;
      };
    }
  | TranslationMessage
  | { readonly type: "post_transcript"; readonly data: Transcription }
  | { readonly type: "post_final_transcript"; readonly data: TranscriptionResult };

export type LiveMessage = MessageBody & {
  readonly session_id: string;
  readonly created_at: string;
};

/** The flag of the session's request that lets the message through. */
export function flagOf(message: MessageBody): keyof MessagesConfig {
  switch (message.type) {
    case "audio_chunk":
    case "stop_recording":
      return message.acknowledged ? "receive_acknowledgments" : "receive_errors";
    case "start_session":
    case "start_recording":
    case "end_recording":
    case "end_session":
      return "receive_lifecycle_events";
    case "speech_start":
    case "speech_end":
      return "receive_speech_events";
    case "transcript":
      return message.data.is_final ? "receive_final_transcripts" : "receive_partial_transcripts";
    case "translation":
      return "receive_realtime_processing_events";
    case "post_transcript":
    case "post_final_transcript":
      return "receive_post_processing_events";
    default:
      return unreachable(message);
  }
}
