/** A stream, or a provider session, at a provider that does what the test tells it to. Nothing happens by itself. */
import type { ProviderStreamLimits } from "../../../src/speech/stream-limits.ts";
import { scriptedAdapter } from "../actors/doubles/scripted-adapter.ts";
import { ToyProvider, type ToySession } from "../actors/doubles/toy-provider.ts";
import { until } from "../probes/until.ts";
import { BYTES_PER_SECOND, openStreamOver } from "./stream-stage.ts";

/** The stream is looked at when the test says so, and at no other time. */
export function setupToyStream(limits: Partial<ProviderStreamLimits> = {}) {
  const toy = new ToyProvider();
  const opened = openStreamOver(scriptedAdapter(toy), { limits });
  return {
    ...opened,
    toy,
    /** Looks at the stream again and again until it is so. */
    sweepUntil: (isSo: () => boolean) =>
      until(() => {
        opened.sweep(Date.now());
        return isSo();
      }),
    [Symbol.asyncDispose]: async () => {
      opened[Symbol.dispose]();
      await toy[Symbol.asyncDispose]();
    },
  };
}

/** In the provider's numbers: a range holds its end. */
export const heard = (fromSeconds: number, toSeconds: number) =>
  `heard ${fromSeconds * BYTES_PER_SECOND} ${toSeconds * BYTES_PER_SECOND - 1}`;

export const seconds = (count: number, mark = 0) =>
  new Uint8Array(count * BYTES_PER_SECOND).fill(mark);

/** Resolves when so much audio of the session has come, in seconds. */
export const untilCame = (session: ToySession, count: number) =>
  until(() => session.byteCount === count * BYTES_PER_SECOND);
