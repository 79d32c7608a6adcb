import type { Utterance } from "../../../src/relay/ports.ts";
import type { ReceivedAudio } from "../../../src/simulator/session/audio-intake.ts";
import type { Plan } from "./plan.ts";
import type { Outcome } from "./run.ts";
import type { Burst } from "./speech.ts";

/** So much of a place may be off: an onset takes 30 ms to be heard, on either side of a cut. */
const SLACK_SECONDS = 0.15;

/** The hiss in so many bytes is found once in the audio. */
const MARK_BYTES = 64;

/** What is wrong with a run, in sentences; empty when every promise was kept. */
export function judge(plan: Plan, outcome: Outcome): string[] {
  const finals = lastFinals(outcome.utterances);
  return [
    ...judgeEnd(outcome),
    ...judgeCost(plan, outcome),
    ...judgeFinals(plan, finals),
    ...judgeOrder(outcome, finals),
    ...judgeAudio(plan.speech.audio, outcome.heard),
  ];
}

/**
 * What is left in the end: a later final of a key takes the place of the earlier one, and an empty
 * one takes it back.
 */
function lastFinals(utterances: readonly Utterance[]): Utterance[] {
  const finals = new Map<string, Utterance>();
  for (const utterance of utterances) {
    if (utterance.isFinal) finals.set(utterance.key, utterance);
  }
  return [...finals.values()].filter(({ text }) => text !== "");
}

function judgeEnd({ isStuck, ends, gaps, faultsLeft, streamsOpen, bytesKept }: Outcome): string[] {
  const problems: string[] = [];
  if (isStuck) return ["the stream did not end"];
  if (ends.length !== 1) problems.push(`expected one end, got ${ends.length}`);
  const failure = ends.find((end) => end !== undefined);
  if (failure !== undefined) problems.push(`ended with ${failure.code}: ${failure.message}`);
  for (const gap of gaps) problems.push(`audio was dropped: ${gap}`);
  if (faultsLeft > 0) problems.push(`${faultsLeft} faults never struck`);
  if (streamsOpen > 0) problems.push(`${streamsOpen} streams are left`);
  if (bytesKept > 0) problems.push(`${bytesKept} bytes of memory are left`);
  return problems;
}

function judgeCost(plan: Plan, { handshakes, posts }: Outcome): string[] {
  const problems: string[] = [];
  if (handshakes > plan.handshakesMax) {
    problems.push(`expected at most ${plan.handshakesMax} handshakes, got ${handshakes}`);
  }
  if (posts > plan.postsMax) {
    problems.push(`expected at most ${plan.postsMax} requests, got ${posts}`);
  }
  return problems;
}

/** Every burst has its final, and no part of the audio has two. */
function judgeFinals({ speech, script }: Plan, finals: readonly Utterance[]): string[] {
  const problems: string[] = [];
  const inOrder = finals.toSorted((a, b) => a.startSeconds - b.startSeconds);
  inOrder.slice(1).forEach((final, index) => {
    if (final.startSeconds < inOrder[index]!.endSeconds - SLACK_SECONDS) {
      problems.push(`said twice: ${placeOf(inOrder[index]!)} and ${placeOf(final)}`);
    }
  });
  for (const final of inOrder) {
    const isHeard = speech.bursts.some((burst) => overlapOf(burst, final) > 0);
    if (!isHeard) problems.push(`a final of silence: ${placeOf(final)}`);
  }
  // A provider that ends its session says what it has heard of an utterance; the rest is said by
  // the next one.
  const partsMax = 1 + script.filter(({ fault }) => fault.kind === "end").length;
  for (const burst of speech.bursts) {
    const parts = inOrder.filter((final) => overlapOf(burst, final) > 0);
    const covered = parts.reduce((sum, final) => sum + overlapOf(burst, final), 0);
    const place = `${burst.from.toFixed(2)}–${burst.to.toFixed(2)} s`;
    if (covered < burst.to - burst.from - SLACK_SECONDS || parts.length === 0) {
      problems.push(`${place} has no complete final: ${parts.map(placeOf).join(", ") || "none"}`);
    } else if (parts.length > partsMax) {
      problems.push(`${place} has ${parts.length} finals: ${parts.map(placeOf).join(", ")}`);
    }
    for (const final of parts) {
      const isOutside =
        final.startSeconds < burst.from - SLACK_SECONDS ||
        final.endSeconds > burst.to + SLACK_SECONDS;
      if (isOutside) problems.push(`${place} has a final beyond it: ${placeOf(final)}`);
    }
  }
  return problems;
}

function judgeOrder({ utterances, tallies }: Outcome, finals: readonly Utterance[]): string[] {
  const problems: string[] = [];
  const open = new Set<string>();
  const closed = new Set<string>();
  for (const utterance of utterances) {
    const { key, isFinal, startSeconds, endSeconds } = utterance;
    if (endSeconds < startSeconds) problems.push(`ends before it begins: ${placeOf(utterance)}`);
    if (isFinal) {
      open.delete(key);
      closed.add(key);
    } else if (closed.has(key)) problems.push(`changes after its final: ${placeOf(utterance)}`);
    else open.add(key);
  }
  for (const key of open) problems.push(`never got its final: ${key}`);
  const descents = finals.filter(
    (final, index) => index > 0 && final.startSeconds < finals[index - 1]!.startSeconds,
  );
  // What was said while no socket was there comes late: again after the resume, or fetched after
  // the end.
  if (descents.length > tallies.finals_recovered + tallies.provider_resumes) {
    problems.push(`times run backwards: ${finals.map(placeOf).join(", ")}`);
  }
  return problems;
}

/**
 * What each socket heard is a stretch of the audio, byte for byte, and together they leave nothing
 * out.
 */
function judgeAudio(audio: Uint8Array, heard: readonly ReceivedAudio[]): string[] {
  const problems: string[] = [];
  const source = Buffer.from(audio.buffer, audio.byteOffset, audio.byteLength);
  let heardTo = 0;
  for (const { audio: received, socketOffsets } of heard) {
    socketOffsets.forEach((from, index) => {
      const run = received.subarray(from, socketOffsets[index + 1]);
      if (run.length === 0) return;
      const at = source.indexOf(run.subarray(0, MARK_BYTES));
      const isWhole = at !== -1 && source.subarray(at, at + run.length).equals(run);
      if (!isWhole) problems.push(`${run.length} bytes were heard that nobody sent, from ${at}`);
      else if (at > heardTo) problems.push(`bytes ${heardTo} to ${at} were left out`);
      heardTo = Math.max(heardTo, at + run.length);
    });
  }
  if (heardTo < audio.length) problems.push(`bytes ${heardTo} to ${audio.length} never came`);
  return problems;
}

function overlapOf({ from, to }: Burst, { startSeconds, endSeconds }: Utterance): number {
  return Math.max(0, Math.min(to, endSeconds) - Math.max(from, startSeconds));
}

function placeOf({ startSeconds, endSeconds, key }: Utterance): string {
  return `${startSeconds.toFixed(2)}–${endSeconds.toFixed(2)} s (${key.slice(0, 4)}…${key.slice(-2)})`;
}
