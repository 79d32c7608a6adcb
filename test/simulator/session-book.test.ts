import { expect, test } from "bun:test";
import { Overlap } from "../../src/simulator/faults/overlap.ts";
import { Poison } from "../../src/simulator/faults/poison.ts";
import { Recording } from "../../src/simulator/hearing/recording.ts";
import { loadSample } from "../../src/simulator/sample/sample.ts";
import { SessionBook } from "../../src/simulator/session-book.ts";
import { parseSessionRequest } from "../../src/simulator/wire/session-request.ts";

/** So many that have ended can be asked for. */
const ENDED_SESSIONS_MAX = 1000;

async function setup() {
  const recording = new Recording(await loadSample());
  const book = new SessionBook({
    recording,
    poison: new Poison(Infinity),
    overlap: new Overlap(Infinity),
  });
  const parsed = parseSessionRequest("{}");
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  const { request } = parsed;
  const open = () =>
    book.open({
      request,
      finalDelayMs: 0,
      finalLengthMin: 0,
      rangeEnd: "exclusive",
      recordAudio: false,
    });
  return { book, open };
}

test("of the sessions that ended the latest thousand are found, whatever is still open", async () => {
  const { book, open } = await setup();
  const speaking = open();
  const ended = Array.from({ length: ENDED_SESSIONS_MAX + 1 }, open);
  expect(book.openCount).toBe(ENDED_SESSIONS_MAX + 2);
  for (const session of ended) session.finish();
  expect(book.openCount).toBe(1);
  expect(book.findById(ended[0]!.id)).toBeUndefined();
  expect(book.findByToken(ended[0]!.token)).toBeUndefined();
  expect(book.findById(ended[1]!.id)).toBe(ended[1]);
  expect(book.findByToken(speaking.token)).toBe(speaking);
  expect(book.sessions).toHaveLength(ENDED_SESSIONS_MAX + 1);
});

test("a session that is removed counts no more, ended or not", async () => {
  const { book, open } = await setup();
  const [speaking, ended] = [open(), open()];
  ended.finish();
  book.remove(ended);
  expect(book.openCount).toBe(1);
  book.remove(speaking);
  expect(book.openCount).toBe(0);
  expect(speaking.status).toBe("done");
  expect(book.sessions).toEqual([]);
});
