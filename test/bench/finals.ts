/** Finals as a busy hour brings them: fifty calls of ten people, who all speak in turn. */
import type { Final } from "../../src/transcripts/final.ts";

const CALLS = 50;
const SPEAKERS_PER_CALL = 10;
const SPEAKERS = CALLS * SPEAKERS_PER_CALL;

/** 60 to 120 characters, as a provider cuts live speech into utterances. */
const SENTENCES = [
  "Good morning everybody, can you all hear me, or should I change the microphone?",
  "I would like to begin with the figures of the last quarter, because they surprised all of us here.",
  "We had planned for about two hundred visitors, and then almost six hundred people registered.",
  "Could you please go back one slide, I did not quite get what the yellow line stands for?",
  "Yes, of course, that is the number of support requests per week since the beginning of March.",
  "What worries me is the time between the first call and the answer that really helps somebody.",
  "Let us take that offline, otherwise we will never get to the second point of the agenda.",
  "In the long run it will be cheaper to rent the room for the whole year, even if it stands empty for a month or two.",
  "I agree with Maria, the contract says thirty days, not four weeks, and that is a difference.",
  "So who is going to write the summary and send it to the others before Friday noon?",
  "“Nobody asked for it” isn't the same as “nobody needs it”, I'd say.",
  "Then I thank you all for your patience, and we see each other again on the ninth of May.",
];

/** A final comes every ten milliseconds and was spoken for four seconds. */
const BEGAN_AT_MS = Date.UTC(2026, 0, 2, 9);
const SPACING_MS = 10;
const SPOKEN_MS = 4000;

const PROVIDER_SESSIONS = Array.from({ length: SPEAKERS }, () => crypto.randomUUID());

/** `count` finals from number `first` on. Equal numbers have equal keys, different ones different keys. */
export function createFinals(first: number, count: number): Final[] {
  return Array.from({ length: count }, (_, index) => createFinal(first + index));
}

function createFinal(number: number): Final {
  const speaker = number % SPEAKERS;
  const utterance = Math.floor(number / SPEAKERS);
  const startedAtMs = BEGAN_AT_MS + number * SPACING_MS;
  return {
    speaker: {
      sessionSlug: `call-${speaker % CALLS}`,
      identity: `speaker-${speaker}`,
      name: `Speaker ${speaker}`,
    },
    transcript: {
      utteranceKey: `${PROVIDER_SESSIONS[speaker]}:00_${String(utterance).padStart(8, "0")}`,
      translationOf: undefined,
      text: SENTENCES[number % SENTENCES.length]!,
      isFinal: true,
      startedAt: new Date(startedAtMs),
      endedAt: new Date(startedAtMs + SPOKEN_MS),
      language: "en",
      confidence: 0.8 + (number % 20) / 100,
    },
  };
}
