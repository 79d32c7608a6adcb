import { expect, test } from "bun:test";
import { MessageChannel, type Outlet } from "../../../src/simulator/session/message-channel.ts";
import type { MessageBody } from "../../../src/simulator/wire/messages.ts";
import { parseSessionRequest } from "../../../src/simulator/wire/session-request.ts";

/** So many messages are kept for the result. */
const MESSAGES_MAX = 50_000;

function setup() {
  const parsed = parseSessionRequest("{}");
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return new MessageChannel("session-1", parsed.request.messages_config);
}

function createOutlet(sent: string[], closings: number[] = []): Outlet {
  return {
    send: (text) => void sent.push(text),
    close: (code) => void closings.push(code),
    suffer: () => undefined,
  };
}

const speechStart = (time: number): MessageBody => ({
  type: "speech_start",
  data: { time, channel: 0 },
});

const timesOf = (messages: readonly string[]) =>
  messages.map((text) => (JSON.parse(text) as { data: { time: number } }).data.time);

test("what is said while no socket is there is kept for the result, and no later socket gets it", () => {
  const channel = setup();
  channel.emit(speechStart(1));
  const sent: string[] = [];
  channel.outlet = createOutlet(sent);
  channel.emit(speechStart(2));
  expect(timesOf(sent)).toEqual([2]);
  expect(timesOf(channel.messages)).toEqual([1, 2]);
});

test("acknowledgments of audio are sent and not kept", () => {
  const channel = setup();
  const sent: string[] = [];
  channel.outlet = createOutlet(sent);
  channel.refuse("audio_chunk", "expected something else");
  expect(sent).toHaveLength(1);
  expect(channel.messages).toEqual([]);
});

test("a result repeats the latest messages, as many as it may hold", () => {
  const channel = setup();
  for (let time = 0; time <= MESSAGES_MAX; time += 1) channel.emit(speechStart(time));
  expect(channel.messages).toHaveLength(MESSAGES_MAX);
  expect(timesOf(channel.messages.slice(0, 1))).toEqual([1]);
});

test("a socket that is closed is forgotten first, so that its own close event concerns nobody", () => {
  const channel = setup();
  const closings: number[] = [];
  const outlet: Outlet = {
    ...createOutlet([]),
    close: (code) => {
      expect(channel.outlet).toBeUndefined();
      closings.push(code);
    },
  };
  channel.outlet = outlet;
  channel.close(1011, "closed");
  channel.close(1011, "closed again");
  expect(closings).toEqual([1011]);
});
