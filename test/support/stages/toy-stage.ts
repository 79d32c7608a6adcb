/** A stream, or a provider session, at a provider that does what the test tells it to. Nothing happens by itself. */
import { monotonicMs } from "../../../src/kernel/timers.ts";
import type { Alignment, TranslatedUtterance, Utterance } from "../../../src/relay/ports.ts";
import type { ProviderStreamLimits } from "../../../src/speech/stream-limits.ts";
import { ProviderSession } from "../../../src/speech/stream/provider-session.ts";
import { scriptedAdapter } from "../actors/doubles/scripted-adapter.ts";
import { ToyProvider, type ToySession } from "../actors/doubles/toy-provider.ts";
import { recordedLog } from "../probes/recorded-log.ts";
import { until } from "../probes/until.ts";
import { BYTES_PER_SECOND, openStreamOver } from "./stream-stage.ts";

/** The stream is looked at when the test says so, and at no other time. */
export function setupToyStream(limits: Partial<ProviderStreamLimits> = {}) {
  const toy = new ToyProvider();
  const opened = openStreamOver(scriptedAdapter(toy), { limits });
  return {
    ...opened,
    toy,
    /** Resolves when everything that the session has said so far is heard. */
    untilHeard: async (session: ToySession) => {
      const before = opened.log.lines.length;
      session.say("nonsense");
      await until(() => opened.log.lines.length > before);
    },
    /** Looks at the stream again and again until it is so. */
    sweepUntil: (isSo: () => boolean) =>
      until(() => {
        opened.sweep(monotonicMs());
        return isSo();
      }),
    [Symbol.asyncDispose]: async () => {
      opened[Symbol.dispose]();
      await toy[Symbol.asyncDispose]();
    },
  };
}

/** A session that is not connected, and what it has told. Its audio begins where the test says, in seconds of the source. */
export function setupToySession({ startSeconds = 0, bytesPerSecond = BYTES_PER_SECOND } = {}) {
  const toy = new ToyProvider();
  const grant = toy.grant();
  const log = recordedLog();
  const told: string[] = [];
  const utterances: Utterance[] = [];
  const laps: string[] = [];
  const progress = { count: 0 };
  const translations: TranslatedUtterance[] = [];
  const alignments: [providerSeconds: number, sourceSeconds: number][] = [];
  const session = new ProviderSession(
    {
      adapter: scriptedAdapter(toy),
      log,
      onOpen: () => told.push("open"),
      onLost: (code, wasOpen) => told.push(`lost ${code} ${wasOpen}`),
      onFailed: (error) => told.push(`failed ${String(error)}`),
      onAcknowledged: () => told.push("acknowledged"),
      onProgress: () => (progress.count += 1),
      onUtterance: (utterance, lap) => {
        utterances.push(utterance);
        laps.push(lap);
      },
      omissions: {
        note: (cause) => told.push(`omitted ${cause}`),
        noteBeyond: (beyondSeconds) => {
          if (beyondSeconds > 0) told.push(`beyond ${beyondSeconds}`);
        },
      },
      onTranslation: (translated) => translations.push(translated),
      onDrift: (bytes) => told.push(`drift ${bytes / BYTES_PER_SECOND}`),
      onAligned: ({ providerSeconds, sourceSeconds }: Alignment) =>
        alignments.push([providerSeconds, sourceSeconds]),
    },
    { grant, bytesPerSecond, bytesPerSample: 2, sourceStart: startSeconds * bytesPerSecond },
  );
  /** Resolves when everything that the toy has said so far is heard. */
  const untilHeard = async () => {
    const before = log.lines.length;
    grant.say("nonsense");
    await until(() => log.lines.length > before);
  };
  const open = async () => {
    const before = grant.socketCount;
    session.connect();
    await until(() => grant.socketCount > before && session.isOpen);
  };
  /** Breaks the socket, and opens another one. */
  const reopen = async () => {
    grant.terminate();
    await until(() => !session.isConnected);
    await open();
  };
  return {
    toy,
    grant,
    session,
    log,
    told,
    utterances,
    /** Of each utterance. */
    laps,
    translations,
    alignments,
    progress,
    untilHeard,
    open,
    reopen,
    [Symbol.asyncDispose]: async () => {
      session.release();
      await toy[Symbol.asyncDispose]();
    },
  };
}

/** The same, open. */
export async function openToySession(...options: Parameters<typeof setupToySession>) {
  const world = setupToySession(...options);
  await world.open();
  return world;
}

/** In the provider's numbers: a range holds its end. */
export const heard = (fromSeconds: number, toSeconds: number) =>
  `heard ${fromSeconds * BYTES_PER_SECOND} ${toSeconds * BYTES_PER_SECOND - 1}`;

export const seconds = (count: number, mark = 0) =>
  new Uint8Array(count * BYTES_PER_SECOND).fill(mark);

/** Resolves when so much audio of the session has come, in seconds. */
export const untilCame = (session: ToySession, count: number) =>
  until(() => session.byteCount === count * BYTES_PER_SECOND);
