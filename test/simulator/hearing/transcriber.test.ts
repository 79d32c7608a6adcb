import { expect, test } from "bun:test";
import { Recording } from "../../../src/simulator/hearing/recording.ts";
import { Transcriber } from "../../../src/simulator/hearing/transcriber.ts";
import { loadSample } from "../../../src/simulator/sample/sample.ts";
import type { TranscribedUtterance } from "../../../src/simulator/wire/messages.ts";
import { parseSessionRequest } from "../../../src/simulator/wire/session-request.ts";
import { chooseSeed } from "../../support/probes/seeded-random.ts";
import { chunksOf, createRandom, createTone, toPcm16 } from "../../support/probes/tones.ts";

type Event =
  | { readonly kind: "start" | "end"; readonly seconds: number }
  | { readonly kind: "partial" | "final"; readonly utterance: TranscribedUtterance };

const SAMPLE = await loadSample();
const RECORDING = new Recording(SAMPLE);
const SAMPLES = Float32Array.from(
  new Int16Array(SAMPLE.pcm.slice().buffer),
  (sample) => sample / 32_768,
);

function transcribe(chunks: Iterable<Uint8Array>, request: object = {}): Event[] {
  const parsed = parseSessionRequest(JSON.stringify({ endpointing: 0.3, ...request }));
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  const events: Event[] = [];
  const transcriber = new Transcriber(
    {
      recording: RECORDING,
      onSpeechStart: (seconds) => events.push({ kind: "start", seconds }),
      onSpeechEnd: (seconds) => events.push({ kind: "end", seconds }),
      onPartial: (utterance) => events.push({ kind: "partial", utterance }),
      onFinal: (utterance) => events.push({ kind: "final", utterance }),
    },
    parsed.request,
  );
  for (const chunk of chunks) transcriber.hear(chunk);
  transcriber.finish();
  return events;
}

function textsOf(events: readonly Event[], kind: "partial" | "final"): string[] {
  return events.flatMap((event) =>
    event.kind === kind && "utterance" in event ? [event.utterance.text] : [],
  );
}

function finalsOf(chunks: Iterable<Uint8Array>, request?: object): string[] {
  return textsOf(transcribe(chunks, request), "final").map((text) => text.trim());
}

/** By straight lines between samples: crude, and good enough for an envelope. */
function resample(samples: Float32Array, to: number): Float32Array {
  const step = SAMPLE.sampleRate / to;
  return Float32Array.from({ length: Math.floor(samples.length / step) }, (_, index) => {
    const at = index * step;
    const left = samples[Math.floor(at)] ?? 0;
    const right = samples[Math.ceil(at)] ?? left;
    return left + (right - left) * (at % 1);
  });
}

test("the sample's finals are its sentences, one to one", () => {
  expect(finalsOf([SAMPLE.pcm])).toEqual([...SAMPLE.sentences]);
});

test("the provider's default endpointing cuts sentences and loses no word", () => {
  const finals = finalsOf([SAMPLE.pcm], { endpointing: 0.05 });
  expect(finals.length).toBeGreaterThan(SAMPLE.sentences.length);
  expect(finals.join(" ")).toBe(SAMPLE.sentences.join(" "));
});

test("an endpointing longer than the pauses joins sentences up to the longest duration", () => {
  const finals = finalsOf([SAMPLE.pcm], { endpointing: 2 });
  expect(finals).toHaveLength(3);
  expect(finals.join(" ")).toBe(SAMPLE.sentences.join(" "));
});

const SEED = chooseSeed();

test(`what is heard does not depend on where the bytes were cut (seed ${SEED})`, () => {
  const random = createRandom(SEED);
  const whole = transcribe([SAMPLE.pcm]);
  for (let run = 0; run < 20; run += 1) {
    expect(transcribe(chunksOf(SAMPLE.pcm, random))).toEqual(whole);
  }
});

test.each([0.2, 0.5, 2.5])("the sample is recognised at %f times its loudness", (gain) => {
  const pcm = toPcm16(SAMPLES.map((sample) => sample * gain));
  expect(finalsOf([pcm])).toEqual([...SAMPLE.sentences]);
});

test.each([8000, 32_000, 44_100, 48_000])("the sample is recognised at %i Hz", (sampleRate) => {
  const pcm = toPcm16(resample(SAMPLES, sampleRate));
  expect(finalsOf([pcm], { sample_rate: sampleRate })).toEqual([...SAMPLE.sentences]);
});

test("the sample is recognised wherever it starts, even within a window", () => {
  for (const skipped of [17, 59, 80, 4001]) {
    expect(finalsOf([SAMPLE.pcm.subarray(skipped * 2)])).toEqual([...SAMPLE.sentences]);
    expect(finalsOf([new Uint8Array(skipped * 2), SAMPLE.pcm])).toEqual([...SAMPLE.sentences]);
  }
});

test("the sample is recognised from its middle on, and when it is played again", () => {
  const middle = SAMPLE.pcm.subarray(2 * 5 * SAMPLE.sampleRate);
  const expected = [...SAMPLE.sentences.slice(2), ...SAMPLE.sentences, ...SAMPLE.sentences];
  expect(finalsOf([middle, SAMPLE.pcm, SAMPLE.pcm])).toEqual(expected);
});

test("each partial of the sample holds one word more and precedes its sentence", () => {
  let previous = "";
  for (const event of transcribe([SAMPLE.pcm])) {
    if (event.kind === "start") previous = "";
    if (event.kind !== "partial" && event.kind !== "final") continue;
    expect(event.utterance.text).toStartWith(previous);
    if (event.kind === "partial") expect(event.utterance.text).not.toBe(previous);
    previous = event.utterance.text;
  }
  const partials = textsOf(transcribe([SAMPLE.pcm]), "partial");
  expect(partials.length).toBeGreaterThan(4 * SAMPLE.sentences.length);
});

test("text is its words, each with a leading space, in order and inside the utterance", () => {
  for (const event of transcribe([SAMPLE.pcm], { endpointing: 0.05 })) {
    if (!("utterance" in event)) continue;
    const { text, words, start, end } = event.utterance;
    expect(words.map(({ word }) => word).join("")).toBe(text);
    let time = start;
    for (const { word, start: from, end: to } of words) {
      expect(word).toStartWith(" ");
      expect(from).toBeGreaterThanOrEqual(time);
      expect(to).toBeGreaterThanOrEqual(from);
      time = to;
    }
    expect(time).toBeLessThanOrEqual(end);
  }
});

test("speech that is not the sample gets marked words, one for each 300 ms", () => {
  const speech = createTone([
    { seconds: 1, amplitude: 0 },
    { seconds: 0.9, amplitude: 0.3 },
    { seconds: 0.5, amplitude: 0 },
    { seconds: 0.1, amplitude: 0.3 },
    { seconds: 0.5, amplitude: 0 },
  ]);
  const events = transcribe([toPcm16(speech)]);
  expect(textsOf(events, "final")).toEqual([
    " [simulated] utterance 1: alpha bravo charlie",
    " [simulated] utterance 2: alpha",
  ]);
  expect(events.filter(({ kind }) => kind === "start" || kind === "end")).toEqual([
    { kind: "start", seconds: 1 },
    { kind: "end", seconds: 1.9 },
    { kind: "start", seconds: 2.4 },
    { kind: "end", seconds: 2.5 },
  ]);
});

test(`speech with the sample's rhythm but other levels is not taken for it (seed ${SEED})`, () => {
  const random = createRandom(SEED);
  const speech = createTone(
    Array.from({ length: 100 }, () => ({
      seconds: 0.03 + random() * 0.12,
      amplitude: random() ** 2 * 0.5,
    })),
  );
  const finals = finalsOf([toPcm16(speech)]);
  expect(finals.length).toBeGreaterThan(0);
  for (const final of finals) expect(final).toStartWith("[simulated]");
});

test("the language is the first that was asked for, or English", () => {
  const languageOf = (request: object) =>
    transcribe([SAMPLE.pcm], request).flatMap((event) =>
      "utterance" in event ? [event.utterance.language] : [],
    )[0];
  expect(languageOf({})).toBe("en");
  expect(languageOf({ language_config: { languages: ["fr", "en"] } })).toBe("fr");
});
