/**
 * What a provider's own folder implements, and all that the rest of `speech` knows of any provider.
 *
 * An adapter is stateless: a stream asks it for provider sessions, opens their URLs, and lets it read and write what goes over
 * the socket. A second provider is another folder with another adapter.
 */
import type { Parsed } from "../kernel/result.ts";
import type { SpokenTranslation, SpokenUtterance } from "../relay/ports.ts";
import type { RecognitionOptions } from "../relay/recognition/recognition-options.ts";
import type { AskForFinals } from "../relay/recovery/recovered-finals.ts";

/** A provider session that may be opened. */
export interface SessionGrant {
  /** The provider's own id of it: utterance ids are unique only together with it. */
  readonly id: string;
  /** Where to open the socket, used as given. Secret: it may hold the session's token. */
  readonly url: string;
}

/** What a provider says on its socket, as far as a stream acts on it. */
export type ProviderEvent =
  | ({ readonly kind: "utterance" } & SpokenUtterance)
  | ({ readonly kind: "translation" } & SpokenTranslation)
  /** Audio has arrived. Bytes of the whole session, the first one 0; whether `to` is inside the range, `Acknowledgements` knows. */
  | { readonly kind: "acknowledgement"; readonly from: number; readonly to: number }
  /** Audio or a stop was refused, or a translation failed. The reason is the provider's own sentence, bounded. */
  | { readonly kind: "refusal"; readonly of: string; readonly reason: string }
  /** Nothing that a stream acts on. */
  | { readonly kind: "other" };

/** Reads the acknowledgements of one provider session. */
export interface Acknowledgements {
  /** The bytes that the provider has, after this acknowledgement. */
  read(from: number, to: number): number;
}

/**
 * What a close that nobody asked for means for its provider session:
 * - resume: the session lives on; open its URL again
 * - replace: the session is over; ask for a new one
 */
export type CloseClass = "resume" | "replace";

export interface ProviderAdapter {
  /** Asks for a provider session, once: when to ask again is the stream's business. Rejects with a `ProviderError`. */
  requestSession(options: RecognitionOptions, signal: AbortSignal): Promise<SessionGrant>;
  readonly askForFinals: AskForFinals;
  /** Reads one text frame. A problem never quotes it. */
  parseMessage(frame: string): Parsed<ProviderEvent>;
  createAcknowledgements(bytesPerSample: number): Acknowledgements;
  classifyClose(code: number): CloseClass;
  /** The text frame that says that no more audio comes: the provider sends its trailing finals and closes with `closeDone`. */
  readonly stopMessage: string;
  /** The code that ends a provider session: sent by us, its place is free at once; sent by the provider, all was said. */
  readonly closeDone: number;
  /** The code with which we let a socket go and keep its provider session. */
  readonly closeKeeping: number;
}
