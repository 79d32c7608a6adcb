import type { SpeakerNames, Transcript } from "../../../../src/relay/ports.ts";
import type { Final } from "../../../../src/transcripts/final.ts";

/** Of the speaker or of the transcript. */
export type FinalChanges = Partial<SpeakerNames & Omit<Transcript, "isFinal">>;

export function changed({ speaker, transcript }: Final, changes: FinalChanges): Final {
  const { sessionSlug, identity, name, ...words } = changes;
  return {
    speaker: {
      sessionSlug: sessionSlug ?? speaker.sessionSlug,
      identity: identity ?? speaker.identity,
      name: name ?? speaker.name,
    },
    transcript: { ...transcript, ...words },
  };
}

/** Finals that are numbered, so that order and loss are seen. */
export function final(index: number, changes: FinalChanges = {}): Final {
  const unchanged = {
    speaker: { sessionSlug: "standup", identity: "host", name: "Ada" },
    transcript: {
      utteranceKey: `provider-1:${index}`,
      translationOf: undefined,
      text: `spoken ${index}`,
      isFinal: true,
      startedAt: new Date(index),
      endedAt: new Date(index + 1),
      language: "en",
      confidence: 0.9,
    },
  };
  return changed(unchanged, changes);
}

export function finals(count: number, from = 0): Final[] {
  return Array.from({ length: count }, (_, index) => final(from + index));
}

export const indexOf = ({ transcript }: Final): number =>
  Number(transcript.utteranceKey.split(":")[1]);
