/** The oracle's eyes on a client's connections: whatever may happen to them is seen. */
import { expect, test } from "bun:test";
import type { ServerMessage } from "../../../src/gateway/protocol/server-messages.ts";
import { drawFrom } from "../../speech/chaos/draw.ts";
import { BYTES_PER_SECOND, createSpeech } from "../../speech/chaos/speech.ts";
import type { SpokenSession } from "../../support/actors/clients/resuming-speaker.ts";
import { judgeClient, type ClientAccount } from "./client-verdict.ts";

const SPEECH = createSpeech(drawFrom(1), 4, { pause: [40, 40], burst: [10, 10] });
const STORED = [1, 2, 3, 4].map(finalOf);
const SECOND_BURST = SPEECH.bursts[1]!.from * BYTES_PER_SECOND;

/** Cut off after the second final; the third one is sent again, and the fourth one comes as it is said. */
const CONNECTIONS = [
  [session(0), ready(1), shown(2, 1), shown(3, 2)],
  [session(3), shown(4, 3), ready(5), shown(6, 4)],
];

test("a client that was shown everything once is in order", () => {
  const counts = { resumes: 1, replayed: 1, utterances: 4, splits: 0, interruptions: 0 };
  expect(judge({})).toEqual({ problems: [], ...counts });
});

test("a message with a number that came before is seen", () => {
  const [first, second] = CONNECTIONS;
  expect(judge({ connections: [first!, [...second!, ready(6)]] }).problems).toEqual([
    "seq 6 came after seq 6",
  ]);
});

test("what is about a connection alone may repeat the number that its client named", () => {
  const [first, second] = CONNECTIONS;
  const error = { type: "error", seq: 3, code: "reader-too-slow" } as ServerMessage;
  expect(judge({ connections: [first!, [session(3), error], second!] }).problems).toEqual([]);
});

test("a final under the number that its client named is seen", () => {
  const [first, second] = CONNECTIONS;
  const [again, ...rest] = second!;
  expect(judge({ connections: [first!, [again!, shown(3, 2), ...rest]] }).problems).toContain(
    "seq 3 came after seq 3",
  );
});

test("a final that was shown again is seen, whatever its number", () => {
  const [first, second] = CONNECTIONS;
  expect(judge({ connections: [first!, [...second!, shown(7, 2)]] }).problems).toEqual([
    "1 finals were shown again",
    "5 finals were shown, 4 are stored",
    "shown out of order: 1 2 3 4 2",
  ]);
});

test("a final that was never shown is seen", () => {
  const [first] = CONNECTIONS;
  expect(judge({ connections: [first!, [session(3), ready(5), shown(6, 4)]] }).problems).toEqual([
    "3 finals were shown, 4 are stored",
    "shown out of order: 1 2 4",
  ]);
});

test("times that put finals in another order are seen", () => {
  const [one, two, three, four] = STORED;
  expect(judge({ stored: [one!, three!, two!, four!] }).problems).toEqual([
    "stored out of order: 1 3 2 4",
  ]);
});

test("an utterance that nobody heard is seen in the audio", () => {
  const { audio } = SPEECH;
  const gapped = Buffer.concat([
    audio.subarray(0, SECOND_BURST),
    audio.subarray(SECOND_BURST + 6400),
  ]);
  expect(judge({ heard: gapped }).problems).toContain(
    `${gapped.length} bytes were heard that nobody said like this`,
  );
  expect(judge({ heard: audio.subarray(0, -6400) }).problems).toEqual([
    `bytes ${audio.length - 6400} to ${audio.length} were never heard`,
  ]);
  expect(judge({ heard: audio.subarray(6400) }).problems).toEqual([
    "bytes 0 to 6400 were never heard",
  ]);
});

test("audio that was sent twice is seen", () => {
  const { audio } = SPEECH;
  const again = Buffer.concat([audio.subarray(0, 64_000), audio.subarray(60_800)]);
  expect(judge({ heard: again }).problems).toContain(
    `${again.length} bytes were heard that nobody said like this`,
  );
});

test("what another socket to the provider hears again is no fault of the client's connections", () => {
  const { audio } = SPEECH;
  const again = Buffer.concat([audio.subarray(0, 64_000), audio.subarray(60_800)]);
  const heardAgain = { heard: again, socketOffsets: [0, 64_000] };
  expect(judge(heardAgain)).toMatchObject({ problems: [], interruptions: 1 });
  const gapped = Buffer.concat([audio.subarray(0, 60_800), audio.subarray(64_000)]);
  expect(judge({ heard: gapped, socketOffsets: [0, 60_800] }).problems).toEqual([
    "bytes 60800 to 64000 were never heard",
  ]);
});

test("the gateway's own silence is none of the speech, and one that cuts a word is counted", () => {
  const withSilenceAt = (at: number) =>
    Buffer.concat([SPEECH.audio.subarray(0, at), Buffer.alloc(16_000), SPEECH.audio.subarray(at)]);
  expect(judge({ heard: withSilenceAt(SECOND_BURST - 3200) })).toMatchObject({
    problems: [],
    splits: 0,
  });
  expect(judge({ heard: withSilenceAt(SECOND_BURST + 1600) })).toMatchObject({
    problems: [],
    splits: 1,
  });
});

test("utterances that the provider heard and the gateway did not keep are seen", () => {
  const two = STORED.slice(0, 2);
  const problems = ["expected 4 to 4 utterances to be stored, got 2"];
  expect(judge({ connections: CONNECTIONS.slice(0, 1), stored: two }).problems).toEqual(problems);
});

test("a session that was not brought to its end is seen; what was shown of it is kept all the same", () => {
  const heard = SPEECH.audio.subarray(0, SECOND_BURST + 6400);
  const half = { isComplete: false, connections: CONNECTIONS.slice(0, 1), heard };
  expect(judge({ ...half, stored: STORED.slice(0, 2) }).problems).toEqual([
    "did not come to its end",
  ]);
  expect(judge({ ...half, stored: STORED.slice(0, 1) }).problems).toEqual([
    "did not come to its end",
    "2 finals were shown, 1 are stored",
    "expected 2 to 2 utterances to be stored, got 1",
  ]);
});

interface Changes {
  readonly connections?: readonly (readonly ServerMessage[])[];
  readonly stored?: ClientAccount["stored"];
  readonly heard?: Uint8Array;
  readonly socketOffsets?: readonly number[];
  readonly isComplete?: boolean;
}

function judge(changes: Changes) {
  const {
    connections = CONNECTIONS,
    stored = STORED,
    heard = SPEECH.audio,
    socketOffsets = [0],
  } = changes;
  const spoken: SpokenSession = {
    fromBytes: 0,
    givenUpBytes: 0,
    isComplete: changes.isComplete ?? true,
    connections: connections.map((messages) => ({ messages, closeCode: 1000 })),
  };
  const received = { audio: heard, socketOffsets };
  return judgeClient({ speech: SPEECH, sessions: [spoken], stored, heard: () => received });
}

function finalOf(number: number): ClientAccount["stored"][number] {
  return { utteranceKey: `provider:${number}`, text: `[simulated] utterance ${number}: alpha` };
}

function shown(seq: number, number: number): ServerMessage {
  const { utteranceKey, text } = finalOf(number);
  const times = { started_at: "", ended_at: "" };
  return { type: "transcription", seq, text, is_final: true, utterance_id: utteranceKey, ...times };
}

function session(seq: number): ServerMessage {
  return {
    type: "session",
    seq,
    connection_id: "",
    resume: "resume",
    resumed: seq > 0,
    audio_received_ms: 0,
    grace_ms: 0,
  };
}

function ready(seq: number): ServerMessage {
  return {
    type: "ready",
    seq,
    resume: "resume",
    connection_id: "",
    encoding: "wav/pcm",
    sample_rate: 16_000,
  };
}
