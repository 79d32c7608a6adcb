/**
 * WebVTT as its authors must write it (W3C, sections 4.1 to 4.5), not as players forgive it: throws at the first thing that is
 * not allowed. Regions, styles, settings and cue identifiers are left out, because nothing here writes them.
 */

export interface VttCue {
  readonly startMs: number;
  readonly endMs: number;
  readonly voice: string | undefined;
  /** Without markup. */
  readonly lines: readonly string[];
}

export interface VttFile {
  readonly cues: readonly VttCue[];
  readonly notes: readonly string[];
}

const TIMES = /^(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})$/;
const REFERENCES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">" };

export function parseWebVtt(text: string): VttFile {
  require(!/[\0\r\uFEFF]/.test(text) && text.isWellFormed(), "characters that are not allowed");
  require(text.endsWith("\n"), "a line that does not end");
  const blocks = text.slice(0, -1).split("\n\n");
  require(blocks[0] === "WEBVTT", "another signature");
  const cues: VttCue[] = [];
  const notes: string[] = [];
  for (const block of blocks.slice(1)) {
    const lines = block.split("\n");
    require(!lines.includes(""), "an empty line inside a block");
    if (/^NOTE( |$)/.test(block)) {
      require(!block.includes("-->"), "an arrow in a comment");
      notes.push(block.slice("NOTE ".length));
      continue;
    }
    const cue = parseCue(lines);
    require(cue.startMs < cue.endMs, "a cue that ends before it begins");
    require((cues.at(-1)?.startMs ?? 0) <= cue.startMs, "a cue that begins before the last one");
    cues.push(cue);
  }
  return { cues, notes };
}

function parseCue([times = "", ...payload]: readonly string[]): VttCue {
  const match = TIMES.exec(times);
  require(match !== null, `no times: ${times}`);
  const numbers = match!.slice(1).map(Number);
  require(payload.length > 0, "a cue without text");
  const text = payload.join("\n");
  require(!text.includes("-->"), "an arrow in a cue");
  const [, annotation, rest = ""] = /^(?:<v ([^<>\n]+)>)?([^]*)$/.exec(text)!;
  return {
    startMs: toMs(numbers.slice(0, 4)),
    endMs: toMs(numbers.slice(4)),
    voice: annotation === undefined ? undefined : resolve(annotation),
    lines: resolve(rest).split("\n"),
  };
}

/** The characters behind the escapes of a text. Throws where markup, or an ampersand, is not escaped. */
function resolve(text: string): string {
  require(!/[<>]/.test(text), "markup");
  return text.replaceAll(/&(?:(\w+);)?/g, (_, name: string | undefined) => {
    const character = REFERENCES[name ?? ""];
    require(character !== undefined, "an ampersand that is not escaped");
    return character!;
  });
}

function toMs([hours, minutes, seconds, milliseconds]: readonly number[]): number {
  return ((hours! * 60 + minutes!) * 60 + seconds!) * 1000 + milliseconds!;
}

function require(isSo: boolean, problem: string): void {
  if (!isSo) throw new Error(`no WebVTT: ${problem}`);
}
