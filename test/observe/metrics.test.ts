import { expect, test } from "bun:test";
import { Metrics } from "../../src/observe/metrics.ts";
import { readSourceTree } from "../law/source-tree.ts";

test("shows what was tallied, at every scrape as it is then", async () => {
  const metrics = new Metrics();
  expect(await metrics.exposition()).toContain("stenogate_audio_frames_total 0");
  metrics.tallies.audio_frames += 3;
  expect(await metrics.exposition()).toContain("stenogate_audio_frames_total 3");
  expect(await metrics.exposition()).toContain("stenogate_audio_frames_total 3");
});

test("shows every tally, each with its help", async () => {
  const metrics = new Metrics();
  const exposition = await metrics.exposition();
  for (const [name, value] of Object.entries(metrics.tallies)) {
    expect(value).toBe(0);
    expect(exposition).toMatch(new RegExp(`^# HELP stenogate_${name}_total \\S.*$`, "m"));
    expect(exposition).toContain(`# TYPE stenogate_${name}_total counter`);
  }
});

test("counts by label", async () => {
  const metrics = new Metrics();
  metrics.count("closes", "1000");
  metrics.count("closes", "1000");
  metrics.count("closes", "4001");
  metrics.count("refusals", "token-missing");
  metrics.count("session_ends", "client-stop");
  const exposition = await metrics.exposition();
  for (const line of [
    'stenogate_closes_total{code="1000"} 2',
    'stenogate_closes_total{code="4001"} 1',
    'stenogate_refusals_total{cause="token-missing"} 1',
    'stenogate_session_ends_total{cause="client-stop"} 1',
  ]) {
    expect(exposition).toContain(line);
  }
});

test("reads a gauge from its owner when it is asked", async () => {
  const metrics = new Metrics();
  let length = 1;
  metrics.track("queue_length", () => length);
  length = 7;
  expect(await metrics.exposition()).toContain("stenogate_queue_length 7");
});

test("puts commits into buckets of seconds", async () => {
  const metrics = new Metrics();
  for (const seconds of [0.001, 0.3, 100]) metrics.observeCommit(seconds);
  const exposition = await metrics.exposition();
  expect(exposition).toContain('stenogate_final_commit_seconds_bucket{le="0.01"} 1');
  expect(exposition).toContain('stenogate_final_commit_seconds_bucket{le="0.5"} 2');
  expect(exposition).toContain('stenogate_final_commit_seconds_bucket{le="+Inf"} 3');
});

test("knows nothing of another one in the same process", async () => {
  const [first, second] = [new Metrics(), new Metrics()];
  first.tallies.flushes += 1;
  first.count("closes", "1000");
  const exposition = await second.exposition();
  expect(exposition).toContain("stenogate_flushes_total 0");
  expect(exposition).not.toContain('code="1000"');
  expect(exposition).toContain("process_cpu_seconds_total");
});

test("every figure of the catalogue has somebody who counts it", async () => {
  const sources = await readSourceTree(["src"]);
  const isCatalogue = ({ path }: { readonly path: string }) => path === "src/observe/metrics.ts";
  const catalogue = sources.find(isCatalogue)!.text;
  const others = sources.filter((file) => !isCatalogue(file));
  const code = others.map(({ text }) => text).join("\n");
  const tables = {
    TALLIES: (name: string) => new RegExp(String.raw`\.${name} \+= `).test(code),
    LABELLED: (name: string) => code.includes(`.count("${name}"`),
    GAUGES: (name: string) => code.includes(`.track("${name}"`),
  };
  for (const [table, isCounted] of Object.entries(tables)) {
    const [, rows = ""] =
      new RegExp(`const ${table} = \\{([^]*?)\\n\\} as const;`).exec(catalogue) ?? [];
    const names = [...rows.matchAll(/^ {2}(\w+):/gm)].map((row) => row[1]!);
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => !isCounted(name))).toEqual([]);
  }
});
