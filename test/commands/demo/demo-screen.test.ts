import { expect, test } from "bun:test";
import { createDemoScreen } from "../../../src/commands/demo/demo-screen.ts";
import type { TranscriptionMessage } from "../../../src/gateway/protocol/server-messages.ts";

const CLEAR_LINE = "\r\u001b[2K";

function setup(terminal: { readonly isTTY?: boolean; readonly columns?: number } = {}) {
  const written: string[] = [];
  const screen = createDemoScreen({ ...terminal, write: (text) => written.push(text) > 0 });
  return { screen, written };
}

function caption(text: string, isFinal: boolean): TranscriptionMessage {
  return {
    type: "transcription",
    seq: 1,
    text,
    is_final: isFinal,
    utterance_id: "p-1:00_00000000",
    started_at: "2026-03-01T10:00:00.000Z",
    ended_at: "2026-03-01T10:00:01.000Z",
  };
}

test("on a terminal a partial stands on the line that the next one and the final take", () => {
  const { screen, written } = setup({ isTTY: true, columns: 80 });
  screen.show(caption("good", false));
  screen.show(caption("Good morning.", true));
  expect(written[0]).toStartWith(CLEAR_LINE);
  expect(written[0]).toContain("… good");
  expect(written[0]).not.toContain("\n");
  expect(written[1]).toStartWith(CLEAR_LINE);
  expect(written[1]).toEndWith("✓ Good morning.\n");
});

test("on a terminal a partial that is too long is cut: a line that wraps could not be overwritten", () => {
  const { screen, written } = setup({ isTTY: true, columns: 30 });
  screen.show(caption("word ".repeat(100), false));
  // oxlint-disable-next-line no-control-regex -- What a terminal takes for colours has no width.
  expect(written[0]!.replaceAll(/\r|\u001b\[\d*\w/g, "")).toHaveLength(29);
});

test("elsewhere every state is a line of its own, without what only a terminal understands", () => {
  const { screen, written } = setup();
  const long = "word ".repeat(100);
  screen.show(caption(long, false));
  screen.show(caption("Good morning.", true));
  expect(written).toHaveLength(2);
  expect(written[0]).toEndWith(`… ${long}\n`);
  expect(written.join("")).not.toContain("\u001b");
});

test("tells of everything else but the first message, which only names the session", () => {
  const { screen, written } = setup();
  screen.show({
    type: "session",
    seq: 1,
    connection_id: "c-1",
    resume: "secret",
    resumed: false,
    audio_received_ms: 0,
    grace_ms: 30_000,
  });
  expect(written).toEqual([]);
  screen.show({ type: "status", seq: 2, state: "reconnecting" });
  screen.show({
    type: "error",
    seq: 3,
    code: "draining",
    message: "the gateway is shutting down",
    retryable: true,
  });
  expect(written.map((line) => line.replace(/^ +[\d.]+ s +/, ""))).toEqual([
    "status: reconnecting\n",
    "error draining: the gateway is shutting down\n",
  ]);
});

test("a stored final whose speaker is not known has a question mark for a name", () => {
  const { screen, written } = setup();
  const startedAt = new Date("2026-03-01T10:00:00.000Z");
  screen.showRows("standup", [
    { utteranceId: "p:0", text: "Hello.", startedAt, participant: null },
    { utteranceId: "p:1", text: "Hi.", startedAt, participant: { name: "Ada" } },
  ]);
  expect(written.join("")).toBe(
    "\nRows of call standup in the database\n" +
      "  2026-03-01T10:00:00.000Z  ?  Hello.\n  2026-03-01T10:00:00.000Z  Ada  Hi.\n",
  );
});
