import { describe, expect, test } from "bun:test";
import { SentAudio } from "../../../src/speech/audio/sent-audio.ts";

/** Ten bytes were sent and four of them acknowledged; then the socket broke, and the six others were sent again. */
function resumed(): SentAudio {
  const sent = new SentAudio({ read: (_from, to) => to }, 2);
  sent.note(10);
  sent.acknowledge(0, 4);
  sent.resume();
  sent.note(6);
  return sent;
}

const countsOf = ({ sentBytes, acknowledgedBytes }: SentAudio) => [sentBytes, acknowledgedBytes];

describe("[R11] acknowledgements", () => {
  test("are believed as far as audio was sent, and never go back", () => {
    const sent = new SentAudio({ read: (_from, to) => to }, 2);
    sent.note(10);
    sent.acknowledge(0, 8);
    sent.acknowledge(0, 4);
    expect(countsOf(sent)).toEqual([10, 8]);
    sent.acknowledge(8, 2 ** 53 - 1);
    expect(countsOf(sent)).toEqual([10, 10]);
    expect(sent.isAcknowledged).toBe(true);
  });

  test("that begin where the last socket's ended tell of no audio that is there twice", () => {
    const sent = resumed();
    expect(sent.acknowledge(4, 6)).toBeUndefined();
    expect(countsOf(sent)).toEqual([10, 6]);
  });

  test.each([
    ["some", 8, { at: 8, bytes: 4 }, [14, 10]],
    ["all that was sent twice", 10, { at: 10, bytes: 6 }, [16, 12]],
    ["no more than that, whatever they say", 2 ** 53 - 3, { at: 10, bytes: 6 }, [16, 16]],
  ])("tell of audio that is there twice: %s", (_, from, drift, counts) => {
    const sent = resumed();
    expect(sent.acknowledge(from, from + 2)).toEqual(drift);
    expect(countsOf(sent)).toEqual(counts);
    // Once for each socket.
    expect(sent.acknowledge(from + 4, from + 6)).toBeUndefined();
  });

  test("tell it of several sockets together", () => {
    const sent = resumed();
    sent.resume();
    sent.note(6);
    expect(sent.acknowledge(16, 18)).toEqual({ at: 16, bytes: 12 });
  });

  test("of a first socket tell of none", () => {
    const sent = new SentAudio({ read: (_from, to) => to }, 2);
    sent.resume();
    sent.note(10);
    expect(sent.acknowledge(6, 8)).toBeUndefined();
    expect(countsOf(sent)).toEqual([10, 8]);
  });
});
