import { expect, test } from "bun:test";
import type { Transcript } from "../../../src/relay/ports.ts";
import { until } from "../../support/probes/until.ts";
import { ConnectionStage } from "../../support/stages/connection-stage.ts";

/** A client whose network was cut just after it had begun. */
function cutOff() {
  const stage = new ConnectionStage();
  const { connection, socket, stream } = stage.connect();
  connection.closed(1006, "");
  return { stage, socket, stream };
}

/** More than the buffer holds, each with a key of its own. */
function sayMany(
  { stream }: ReturnType<typeof cutOff>,
  count: number,
  from = 0,
): readonly Transcript[] {
  const said: Transcript[] = [];
  for (let index = from; index < from + count; index += 1) {
    const text = `${index} ${"x".repeat(1000)}`;
    stream.say({ key: `key-${index}`, text });
    said.push({
      utteranceKey: `key-${index}`,
      translationOf: undefined,
      text,
      isFinal: true,
      startedAt: new Date(index),
      endedAt: new Date(index),
      language: "en",
      confidence: undefined,
    });
  }
  return said;
}

test("[R21] finals beyond the buffer are read from where they are kept, under their old numbers", async () => {
  const world = cutOff();
  const { stage, socket } = world;
  stage.found = sayMany(world, 500);
  const again = stage.connect({ resume: { id: socket.resumeId, after: 1 } });
  // What comes meanwhile waits for its turn.
  world.stream.say({ key: "new", text: "new" });
  await until(() => again.socket.texts.length === 501);
  const finals = again.socket.sent.filter((message) => message.type === "transcription");
  expect(finals.map(({ seq }) => seq)).toEqual(Array.from({ length: 501 }, (_, at) => at + 2));
  expect(finals.map(({ text }) => text.split(" ")[0])).toEqual([
    ...Array.from({ length: 500 }, (_, at) => String(at)),
    "new",
  ]);
  expect(new Set(stage.asked).size).toBe(stage.asked.length);
  expect(again.socket.states).toEqual([]);
});

test("[R21] finals that are forgotten while others are read back are read back too", async () => {
  const world = cutOff();
  const { stage, socket } = world;
  stage.found = sayMany(world, 100);
  const again = stage.connect({ resume: { id: socket.resumeId, after: 1 } });
  // More than is held: all that was held when the client came is forgotten before its turn.
  stage.found = [...stage.found, ...sayMany(world, 100, 100)];
  await until(() => again.socket.types.includes("ready"));
  expect(again.socket.texts.map((text) => Number(text.split(" ")[0]))).toEqual(
    Array.from({ length: 200 }, (_, at) => at),
  );
  expect(again.socket.states).toEqual([]);
});

test("[R21] finals that cannot be found are counted and told, and the others come", async () => {
  const world = cutOff();
  const { stage, socket } = world;
  sayMany(world, 100);
  stage.found = new Error("the database is away");
  const again = stage.connect({ resume: { id: socket.resumeId, after: 1 } });
  await until(() => again.socket.types.includes("ready"));
  const missed = again.socket.sent.find((message) => message.type === "status");
  expect(missed).toMatchObject({ state: "missed", count: 100 - again.socket.texts.length });
  expect(again.socket.texts.length).toBeGreaterThan(50);
  expect(stage.metrics.tallies.finals_missed).toBe(100 - again.socket.texts.length);
});

test("[R24] a bug met while finals are looked up is logged by its place, and not by what it quotes", async () => {
  const world = cutOff();
  const { stage, socket } = world;
  sayMany(world, 100);
  stage.found = new Error('unexpected "what was said"');
  stage.connect({ resume: { id: socket.resumeId, after: 1 } });
  await until(() => stage.log.lines.length > 0);
  const [line] = stage.log.linesOf("Missed finals could not be read");
  expect(line?.fields).toMatchObject({ problem: "Error" });
  expect(JSON.stringify(line)).not.toContain("what was said");
});

test("[R21] a client that goes while it catches up can come back and begin again", async () => {
  const world = cutOff();
  const { stage, socket } = world;
  const said = sayMany(world, 100);
  stage.found = "never";
  const second = stage.connect({ resume: { id: socket.resumeId, after: 1 } });
  await until(() => stage.asked.length > 0);
  second.connection.closed(1006, "");
  stage.found = said;
  const third = stage.connect({ resume: { id: socket.resumeId, after: 1 } });
  await until(() => third.socket.texts.length === 100);
  expect(second.socket.texts).toEqual([]);
});

test("[R21] what a connection is told while it catches up hides nothing of what is still to come", async () => {
  const world = cutOff();
  const { stage, socket } = world;
  const said = sayMany(world, 100);
  stage.found = "never";
  const second = stage.connect({ resume: { id: socket.resumeId, after: 1 } });
  await until(() => stage.asked.length > 0);
  second.connection.receive("no JSON");
  const seen = Math.max(...second.socket.sent.map(({ seq }) => seq));
  expect(second.socket.types).toEqual(["session", "error"]);
  expect(seen).toBe(1);
  expect(said).toHaveLength(100);
});
