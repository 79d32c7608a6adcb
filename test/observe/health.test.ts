import { expect, test } from "bun:test";
import { Health } from "../../src/observe/health.ts";

test("[R33] is ready while no check objects, and tells every objection", () => {
  const health = new Health();
  expect(health.readiness()).toEqual({ ready: true, problems: [] });
  let isDatabaseAway = false;
  health.addCheck(() => (isDatabaseAway ? "the database is away" : undefined));
  expect(health.readiness().ready).toBe(true);
  isDatabaseAway = true;
  health.addCheck(() => "the process is shutting down");
  expect(health.readiness()).toEqual({
    ready: false,
    problems: ["the database is away", "the process is shutting down"],
  });
});
