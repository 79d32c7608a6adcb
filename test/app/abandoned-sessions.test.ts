import { expect, test } from "bun:test";
import {
  recoverAbandonedSessions,
  type AbandonedSessionsDeps,
} from "../../src/relay/recovery/abandoned-sessions.ts";
import { loadSample } from "../../src/simulator/sample/sample.ts";
import { startSimulator, type Simulator } from "../../src/simulator/simulator.ts";
import { createGladiaAdapter } from "../../src/speech/gladia/gladia-adapter.ts";
import { createTranscriptSink } from "../../src/transcripts/append-transcript-chunk.ts";
import type { Journal } from "../../src/transcripts/journal/journal.ts";
import type { TranscriptBatchQueue } from "../../src/transcripts/transcript-batch-queue.ts";
import { LiveClient, openSession } from "../support/actors/clients/live-client.ts";
import { noteOpened, providerSession } from "../support/actors/doubles/provider-sessions.ts";
import { recordedLog } from "../support/probes/recorded-log.ts";
import { createJournalStage, readAll } from "../support/stages/journal-stage.ts";

const SESSIONS = 6;

/** Sessions in the simulator end soon after their socket is gone. */
const LIMITS = { firstMs: 20, mostMs: 50, giveUpMs: 45_000 };

/** Notes a session, speaks, and loses the socket before the last finals have come. */
async function speakAndVanish(simulator: Simulator, journal: Journal, index: number) {
  const { pcm, sampleRate } = await loadSample();
  const { id, url } = await openSession(simulator, { sample_rate: sampleRate, endpointing: 0.3 });
  noteOpened(
    journal.providerSessions,
    providerSession(index, { providerSessionId: id, clock: [[0, index * 1_000_000]] }),
  );
  await using client = await LiveClient.open(url);
  client.sendAudio(pcm);
  await client.until("audio_chunk");
}

test("what was said to a process that was killed is in the journal of the next one", async () => {
  // Time enough for each socket to open.
  await using simulator = await startSimulator({ resumeMs: 2000, finalDelayMs: 50 });
  await using stage = await createJournalStage();
  const killed = stage.open();
  const indices = Array.from({ length: SESSIONS }, (_, index) => index + 1);
  await Promise.all(indices.map((index) => speakAndVanish(simulator, killed, index)));
  noteOpened(killed.providerSessions, providerSession(0));
  killed.close();

  const journal = stage.open();
  const { providerSessions } = journal;
  const account = { apiKey: "key", apiUrl: simulator.url, region: undefined };
  const queue: Pick<TranscriptBatchQueue, "enqueue"> = {
    enqueue: (final, onKept) =>
      journal.append(final, {
        onKept,
        onRefused: (problem) => {
          throw problem;
        },
      }),
  };
  const deps: AbandonedSessionsDeps = {
    sessions: providerSessions,
    ask: createGladiaAdapter(account).askForFinals,
    sink: createTranscriptSink(queue),
    tallies: { finals_recovered: 0, sessions_given_up: 0 },
    log: recordedLog(),
    signal: new AbortController().signal,
  };
  expect(providerSessions.count).toBe(SESSIONS + 1);
  await recoverAbandonedSessions(deps, LIMITS);

  const { sentences } = await loadSample();
  const finals = readAll(journal);
  for (const index of indices) {
    const spoken = finals.filter(({ speaker }) => speaker.identity === `speaker-${index}`);
    expect(spoken.map(({ transcript }) => transcript.text)).toEqual([...sentences]);
    const startedAt = spoken.map(
      ({ transcript }) => transcript.startedAt.getTime() - index * 1_000_000,
    );
    expect(startedAt.every((time) => time >= 0 && time < 60_000)).toBe(true);
    expect(startedAt).toEqual(startedAt.toSorted((one, other) => one - other));
  }
  // The provider has never heard of the seventh.
  expect(deps.tallies).toEqual({
    finals_recovered: SESSIONS * sentences.length,
    sessions_given_up: 1,
  });
  expect(providerSessions.count).toBe(0);
  expect(finals).toBeArrayOfSize(SESSIONS * sentences.length);
});
