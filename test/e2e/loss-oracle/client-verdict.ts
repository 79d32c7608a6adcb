/** What one client said and was shown over all its connections, against what was heard and what is stored (R21, R22). */
import type { ServerMessage } from "../../../src/gateway/protocol/server-messages.ts";
import type { ReceivedAudio } from "../../../src/simulator/session/audio-intake.ts";
import { BYTES_PER_SECOND, type Speech } from "../../speech/chaos/speech.ts";
import type { SpokenSession } from "../../support/actors/clients/resuming-speaker.ts";
import { finalsOf } from "../../support/actors/clients/speaker.ts";

export interface ClientAccount {
  readonly speech: Speech;
  readonly sessions: readonly SpokenSession[];
  /** In the order in which they were said, by their own times. */
  readonly stored: readonly StoredFinal[];
  /** What the provider heard in one of its sessions. */
  readonly heard: (providerSessionId: string) => ReceivedAudio | undefined;
}

export interface StoredFinal {
  /** `<provider session id>:<local id>`. */
  readonly utteranceKey: string;
  /** The provider numbers the utterances of its session in their words. */
  readonly text: string;
}

export interface ClientVerdict {
  /** In sentences; empty when every promise was kept. Nothing in them is speech. */
  readonly problems: readonly string[];
  readonly resumes: number;
  /** Finals that came late: after a resume, before the message that says that speech is heard. */
  readonly replayed: number;
  readonly utterances: number;
  /** Utterances that silence of the gateway has cut in two: their speaker was away for too long. */
  readonly splits: number;
  /** Losses of the socket to the provider: on a machine that is busy enough the gateway takes the provider for dead. */
  readonly interruptions: number;
}

interface SessionVerdict extends Pick<ClientVerdict, "problems" | "splits" | "interruptions"> {}

const NOTHING_HEARD = { splits: 0, interruptions: 0 };

interface Heard {
  readonly problems: readonly string[];
  /** Where it ends, in bytes of the speech. */
  readonly toBytes: number;
  /** Seconds in the speech where the gateway has put silence in. */
  readonly silencesAt: readonly number[];
}

/** So much of the hiss is found once in the speech. */
const MARK_BYTES = 64;

export function judgeClient(account: ClientAccount): ClientVerdict {
  const verdicts = account.sessions.map((session) => judgeSession(session, account));
  const finals = account.sessions.flatMap(({ connections }) =>
    connections.flatMap(({ messages }) => finalsOf(messages)),
  );
  const shownTwice = finals.length - new Set(finals.map((final) => final.utterance_id)).size;
  return {
    problems: [
      ...(account.sessions.at(-1)?.isComplete === true ? [] : ["did not come to its end"]),
      ...(shownTwice === 0 ? [] : [`${shownTwice} finals were shown again`]),
      ...verdicts.flatMap(({ problems }) => problems),
    ],
    resumes: sum(account.sessions.map(({ connections }) => connections.length - 1)),
    replayed: sum(
      account.sessions.flatMap(({ connections }) => connections.slice(1).map(countReplayed)),
    ),
    utterances: finals.length,
    splits: sum(verdicts.map(({ splits }) => splits)),
    interruptions: sum(verdicts.map(({ interruptions }) => interruptions)),
  };
}

function judgeSession(
  session: SpokenSession,
  { speech, stored, heard }: ClientAccount,
): SessionVerdict {
  const problems = judgeSequence(session);
  if (session.givenUpBytes > 0) problems.push(`${session.givenUpBytes} bytes were given up`);
  const finals = session.connections.flatMap(({ messages }) => finalsOf(messages));
  if (finals.length === 0) {
    const isDue = speech.bursts.some(({ from }) => from * BYTES_PER_SECOND >= session.fromBytes);
    if (session.isComplete && isDue) problems.push("no final was shown of what was said");
    return { ...NOTHING_HEARD, problems };
  }
  const providerIds = new Set(finals.map((final) => providerOf(final.utterance_id)));
  const kept = stored.filter(({ utteranceKey }) => providerIds.has(providerOf(utteranceKey)));
  if (session.isComplete ? finals.length !== kept.length : finals.length > kept.length) {
    problems.push(`${finals.length} finals were shown, ${kept.length} are stored`);
  }
  const runs = [...providerIds].flatMap((id) => runsOf(heard(id)));
  if (runs.length === 0) return { ...NOTHING_HEARD, problems: [...problems, "nothing was heard"] };
  const interruptions = runs.length - 1;
  // What is heard again after an interruption is numbered again and left out, and may be fetched later: see R11.
  if (interruptions === 0) problems.push(...judgeOrder(finals, kept));
  const ear = listen(runs, speech.audio, session.fromBytes);
  const splits = ear.silencesAt.filter((at) =>
    speech.bursts.some(({ from, to }) => at > from && at < to),
  ).length;
  problems.push(
    ...ear.problems,
    ...(session.isComplete && ear.toBytes < speech.audio.length
      ? [`bytes ${ear.toBytes} to ${speech.audio.length} were never heard`]
      : []),
    ...judgeCount(kept.length, session.fromBytes, ear.toBytes, speech, splits + interruptions),
  );
  return { problems, splits, interruptions };
}

function judgeOrder(
  finals: readonly { readonly text: string }[],
  kept: readonly StoredFinal[],
): readonly string[] {
  return [
    ...(isCounting(finals) ? [] : [`shown out of order: ${numbersOf(finals).join(" ")}`]),
    ...(isCounting(kept) ? [] : [`stored out of order: ${numbersOf(kept).join(" ")}`]),
  ];
}

/** R21: one count over all connections, in which nothing comes twice and nothing comes late. */
function judgeSequence({ connections }: SpokenSession): string[] {
  const numbers = connections.flatMap(({ messages }) => {
    const named = messages.find(({ type }) => type === "session")?.seq;
    return messages.filter((message) => isCounted(message, named)).map(({ seq }) => seq);
  });
  const at = numbers.findIndex((seq, index) => index > 0 && seq <= numbers[index - 1]!);
  return at === -1 ? [] : [`seq ${numbers[at]} came after seq ${numbers[at - 1]}`];
}

/** Every burst that was heard is one utterance, or more where it was cut; no silence is one. */
function judgeCount(
  count: number,
  fromBytes: number,
  toBytes: number,
  { bursts }: Speech,
  cuts: number,
): readonly string[] {
  const [from, to] = [fromBytes / BYTES_PER_SECOND, toBytes / BYTES_PER_SECOND];
  const least = bursts.filter((burst) => burst.from >= from && burst.to <= to).length;
  const most = bursts.filter((burst) => burst.to > from && burst.from < to).length + cuts;
  if (count >= least && count <= most) return [];
  return [`expected ${least} to ${most} utterances to be stored, got ${count}`];
}

/** What each socket of a provider session heard. */
function runsOf(received: ReceivedAudio | undefined): readonly Uint8Array[] {
  if (received === undefined) return [];
  const { audio, socketOffsets } = received;
  return socketOffsets
    .map((from, index) => audio.subarray(from, socketOffsets[index + 1]))
    .filter(({ length }) => length > 0);
}

/**
 * Each run is a stretch of the speech, sample by sample, and together they leave nothing out. Samples that are 0 are the
 * gateway's: speech has none (see `createSpeech`).
 */
function listen(runs: readonly Uint8Array[], spoken: Uint8Array, fromBytes: number): Heard {
  const speech = Buffer.from(spoken.buffer, spoken.byteOffset, spoken.byteLength);
  const problems: string[] = [];
  const silencesAt: number[] = [];
  let toBytes = fromBytes;
  for (const run of runs) {
    const { audio, silencesAfter } = withoutSilence(run);
    const at = speech.indexOf(audio.subarray(0, MARK_BYTES), fromBytes);
    const isStretch = at !== -1 && speech.subarray(at, at + audio.length).equals(audio);
    if (!isStretch) problems.push(`${audio.length} bytes were heard that nobody said like this`);
    else if (at > toBytes) problems.push(`bytes ${toBytes} to ${at} were never heard`);
    silencesAt.push(...silencesAfter.map((bytes) => (at + bytes) / BYTES_PER_SECOND));
    toBytes = Math.max(toBytes, at + audio.length);
  }
  return { problems, toBytes, silencesAt };
}

function withoutSilence(run: Uint8Array) {
  const samples = new Int16Array(Uint8Array.from(run).buffer);
  const spoken = new Int16Array(samples.length);
  const silencesAfter: number[] = [];
  let count = 0;
  samples.forEach((sample, index) => {
    if (sample !== 0) {
      spoken[count] = sample;
      count += 1;
    } else if (index === 0 || samples[index - 1] !== 0) silencesAfter.push(count * 2);
  });
  return { audio: Buffer.from(spoken.buffer, 0, count * 2), silencesAfter };
}

/** What is about the connection alone may repeat the number that the client named when it came. */
function isCounted({ type, seq }: ServerMessage, named: number | undefined): boolean {
  return type !== "session" && !((type === "error" || type === "status") && seq === named);
}

function countReplayed({ messages }: SpokenSession["connections"][number]): number {
  const ready = messages.findIndex(({ type }) => type === "ready");
  return finalsOf(ready === -1 ? messages : messages.slice(0, ready)).length;
}

function providerOf(utteranceKey: string): string {
  return utteranceKey.slice(0, utteranceKey.indexOf(":"));
}

/** From 1 on, none left out and none twice. */
function isCounting(finals: readonly { readonly text: string }[]): boolean {
  return numbersOf(finals).every((number, index) => number === index + 1);
}

function numbersOf(finals: readonly { readonly text: string }[]): readonly number[] {
  return finals.map(({ text }) => Number(/utterance (\d+)/.exec(text)?.[1]));
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
