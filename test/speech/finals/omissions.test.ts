import { expect, test } from "bun:test";
import { setupFinals } from "../../support/stages/finals-stage.ts";

test("[R11] finals that are left out are counted by cause, and told: each cause once, and all at the end", () => {
  const { omissions, tallies, log, a } = setupFinals();
  const final = a.final("x", 1, 2);
  for (const cause of ["repeated", "torn", "repeated", "superseded", "behind-cut"] as const) {
    omissions.note(cause, final);
  }
  expect(tallies).toMatchObject({
    finals_repeated: 2,
    finals_torn: 1,
    finals_superseded: 1,
    finals_behind_cut: 1,
  });
  const told = log.linesOf("Left out a final of the provider").map(({ fields }) => fields);
  const place = { utterance: "a:x", startSeconds: 1, endSeconds: 2 };
  expect(told).toEqual(
    ["repeated", "torn", "superseded", "behind-cut"].map((cause) => ({ cause, ...place })),
  );
  omissions.tell();
  expect(log.linesOf("Left out finals of the provider").map(({ fields }) => fields)).toEqual([
    { repeated: 2, torn: 1, superseded: 1, "behind-cut": 1 },
  ]);
  expect(JSON.stringify(log.lines)).not.toContain("what x says");
});

test("nothing is told at the end that was told before", () => {
  const { omissions, log, a } = setupFinals();
  omissions.tell();
  omissions.note("repeated", a.final("x", 1, 2));
  omissions.tell();
  expect(log.lines).toHaveLength(1);
});

test("[R14] times behind all audio are counted, and told once; a little is a provider's rounding", () => {
  const { omissions, tallies, log } = setupFinals();
  for (const seconds of [0, 0.5, 3998, 4000]) omissions.noteBeyond(seconds);
  expect(tallies.times_bounded).toBe(2);
  expect(log.lines).toMatchObject([{ level: "warn", fields: { seconds: 3998 } }]);
});
