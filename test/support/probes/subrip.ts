/** SubRip, as simple players read it: blocks between empty lines, a number, times, text. Throws at anything else. */

export interface SrtCue {
  readonly startMs: number;
  readonly endMs: number;
  readonly lines: readonly string[];
}

const TIMES = /^(\d{2,}):([0-5]\d):([0-5]\d),(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d),(\d{3})$/;

export function parseSubRip(text: string): readonly SrtCue[] {
  if (text === "") return [];
  if (!text.endsWith("\n") || /[\0\r]/.test(text)) throw new Error("no SubRip: its line ends");
  return text
    .slice(0, -1)
    .split("\n\n")
    .map((block, index) => {
      const [number, times = "", ...lines] = block.split("\n");
      const match = TIMES.exec(times);
      if (number !== String(index + 1) || match === null || lines.length === 0) {
        throw new Error(`no SubRip: block ${index + 1}`);
      }
      if (lines.some((line) => line.trim() === "" || line.includes("-->"))) {
        throw new Error(`no SubRip: text of block ${index + 1}`);
      }
      const [h1, m1, s1, ms1, h2, m2, s2, ms2] = match.slice(1).map(Number) as [
        ...[number, number, number, number],
        ...[number, number, number, number],
      ];
      return {
        startMs: ((h1 * 60 + m1) * 60 + s1) * 1000 + ms1,
        endMs: ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2,
        lines,
      };
    });
}
