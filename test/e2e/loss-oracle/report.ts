import type { Outcome } from "./scenario.ts";

const COLUMNS: Readonly<Record<string, (outcome: Outcome) => string | number>> = {
  scenario: ({ scenario }) => scenario,
  shown: ({ shownCount }) => shownCount,
  missing: ({ missing }) => missing.length,
  duplicated: ({ duplicated }) => duplicated.length,
  altered: ({ altered }) => altered.length,
  misattributed: ({ misattributed }) => misattributed.length,
  dead: ({ deadCount }) => deadCount,
  unseen: ({ unseenCount }) => unseenCount,
  seconds: ({ seconds }) => seconds.toFixed(1),
  result: ({ isSound }) => (isSound ? "sound" : "NOT SOUND"),
  facts: ({ facts }) =>
    Object.entries(facts)
      .map(([name, count]) => `${name} ${count}`)
      .join(", "),
};

/** The first and the last column hold words, and the others numbers. */
export function renderTable(outcomes: readonly Outcome[]): string {
  const names = Object.keys(COLUMNS);
  const rows = [
    names,
    ...outcomes.map((outcome) => Object.values(COLUMNS).map((read) => String(read(outcome)))),
  ];
  const widths = names.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 || column === row.length - 1
            ? cell.padEnd(widths[column]!)
            : cell.padStart(widths[column]!),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
