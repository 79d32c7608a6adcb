/** What clients were shown as final against what is kept: each once, unchanged, under its own speaker. */

/** Where a final ends: stored, or set aside for an operator. */
export type Place = "database" | "dead-letters";

export interface Final {
  readonly sessionSlug: string;
  readonly identity: string;
  readonly utteranceKey: string;
  readonly text: string;
}

export interface PlacedFinal extends Final {
  readonly place: Place;
}

/** Utterance keys, each at most once in a list. Texts stay out of it: the report may be pasted anywhere. */
export interface Verdict {
  /** Shown, but not in the place where it belongs. */
  readonly missing: readonly string[];
  /** Kept more than once, wherever. */
  readonly duplicated: readonly string[];
  /** Kept with other words than were shown last. */
  readonly altered: readonly string[];
  /** Kept under another speaker than it was shown to, or shown to several. */
  readonly misattributed: readonly string[];
  /** Kept, but shown to nobody: the client was gone. Nothing is wrong with that. */
  readonly unseenCount: number;
}

/** `shown` is in the order of showing and says where each final belongs; `kept` says where each one is. */
export function compareFinals(
  shown: readonly PlacedFinal[],
  kept: readonly PlacedFinal[],
): Verdict {
  const shownByKey = Map.groupBy(shown, keyOf);
  const keptByKey = Map.groupBy(kept, keyOf);
  const missing: string[] = [];
  const altered: string[] = [];
  const misattributed: string[] = [];
  for (const [key, showings] of shownByKey) {
    const last = showings.at(-1)!;
    const copies = (keptByKey.get(key) ?? []).filter(({ place }) => place === last.place);
    if (copies.length === 0) missing.push(key);
    if (copies.some(({ text }) => text !== last.text)) altered.push(key);
    if (new Set([...showings, ...copies].map(speakerOf)).size > 1) misattributed.push(key);
  }
  return {
    missing,
    duplicated: [...keptByKey].filter(([, copies]) => copies.length > 1).map(([key]) => key),
    altered,
    misattributed,
    unseenCount: [...keptByKey.keys()].filter((key) => !shownByKey.has(key)).length,
  };
}

function keyOf({ utteranceKey }: Final): string {
  return utteranceKey;
}

function speakerOf({ sessionSlug, identity }: Final): string {
  return JSON.stringify([sessionSlug, identity]);
}
