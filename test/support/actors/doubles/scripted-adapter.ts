import { accepted, refused, type Parsed } from "../../../../src/kernel/result.ts";
import type { ProviderAdapter, ProviderEvent } from "../../../../src/speech/provider-adapter.ts";
import type { ToyProvider } from "./toy-provider.ts";

/** The toy ends a session, or is told to: everything was said. */
export const TOY_DONE = 3001;
/** The client lets a socket go and keeps its session. */
export const TOY_KEEPING = 3002;
/** The toy has no such session any more. */
export const TOY_EXPIRED = 3003;
/** A code that says nothing about the session. Another provider ends its sessions with it. */
export const TOY_AWAY = 1000;

/** No more audio comes. */
export const TOY_STOP = "that is all";

/**
 * An adapter of a protocol that is nobody's, so that a test shows what `speech` does with any provider.
 *
 * The toy's frames are words in a line: "heard 0 3199", where a range holds its end; "maybe x 0.5 1 good" and
 * "final x 0.5 1.5 good morning", with id, start, end and text; "translated x fr 0.5 1.5 bonjour"; "refused audio too much".
 * A line that begins with "#" is a remark.
 */
export function scriptedAdapter(provider: ToyProvider): ProviderAdapter {
  return {
    requestSession: (options, signal) => provider.request(options, signal),
    askForFinals: (id, signal) => provider.tell(id, signal),
    parseMessage: parseLine,
    createAcknowledgements: () => ({ read: (_from, to) => to + 1 }),
    classifyClose: (code) => (code === TOY_DONE || code === TOY_EXPIRED ? "replace" : "resume"),
    stopMessage: TOY_STOP,
    closeDone: TOY_DONE,
    closeKeeping: TOY_KEEPING,
  };
}

function parseLine(line: string): Parsed<ProviderEvent> {
  const [word = "", ...rest] = line.split(" ");
  switch (word) {
    case "heard":
      return accepted({ kind: "acknowledgement", from: Number(rest[0]), to: Number(rest[1]) });
    case "maybe":
    case "final": {
      const [localId = "", start, end, ...text] = rest;
      return accepted({
        kind: "utterance",
        localId,
        text: text.join(" "),
        isFinal: word === "final",
        startSeconds: Number(start),
        endSeconds: Number(end),
        language: undefined,
        confidence: undefined,
      });
    }
    case "translated": {
      const [localId = "", language = "", start, end, ...text] = rest;
      return accepted({
        kind: "translation",
        localId,
        text: text.join(" "),
        language,
        startSeconds: Number(start),
        endSeconds: Number(end),
      });
    }
    case "refused": {
      const [of = "", ...reason] = rest;
      return accepted({ kind: "refusal", of, reason: reason.join(" ") });
    }
    case "#":
      return accepted({ kind: "other" });
    default:
      return refused("expected a word of the protocol");
  }
}
