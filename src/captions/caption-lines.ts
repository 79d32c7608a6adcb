/**
 * Breaks a text into lines that fit a screen.
 *
 * Scripts with spaces are broken there. Chinese, Japanese, Thai and others without them are broken between words, and
 * punctuation stays with its word. What is too long for a line is cut between what people see as characters.
 */

/**
 * A line takes 42 Latin or 16 East Asian characters (Netflix's Timed Text Style Guide), or a mixture. The unit is what lets both
 * be counted in whole numbers: a line has 336, the least common multiple.
 */
const LINE_UNITS_MAX = 336;
export const NARROW_UNITS = LINE_UNITS_MAX / 42;
const WIDE_UNITS = LINE_UNITS_MAX / 16;

/** Scripts that put no spaces between words. */
const UNSPACED =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

const OPENING = /^[\p{Ps}\p{Pi}]+$/u;

const words = new Intl.Segmenter("en", { granularity: "word" });
const characters = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Lines without the spaces that they were broken at; none for a text of nothing but space. */
export function wrapLines(text: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  let lineUnits = 0;
  for (const token of collapseSpace(text).split(" ")) {
    for (const [index, piece] of splitToken(token).entries()) {
      const gap = index === 0 && line !== "" ? " " : "";
      const units = unitsOf(piece);
      const unitsTogether = lineUnits + gap.length * NARROW_UNITS + units;
      if (line !== "" && unitsTogether > LINE_UNITS_MAX) {
        lines.push(line);
        line = piece;
        lineUnits = units;
      } else {
        line += gap + piece;
        lineUnits = unitsTogether;
      }
    }
  }
  if (line !== "") lines.push(line);
  return lines;
}

/** One line without control characters, however the text was broken before. */
export function collapseSpace(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
}

/** How wide a text is drawn. A character without a width of its own counts as narrow. */
export function unitsOf(text: string): number {
  let units = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (isPlainNarrow(code)) units += NARROW_UNITS;
    else if (isPlainWide(code)) units += WIDE_UNITS;
    else return unitsOfAny(text);
  }
  return units;
}

/** Latin, Greek, Cyrillic and punctuation: what never joins with its neighbours into one character. */
function isPlainNarrow(code: number): boolean {
  return (
    (code >= 0x20 && code < 0x300) ||
    (code >= 0x370 && code < 0x483) ||
    (code >= 0x2010 && code < 0x2028)
  );
}

/** Kana, Han and the punctuation between them. */
function isPlainWide(code: number): boolean {
  return (
    (code >= 0x3001 && code <= 0x3029) ||
    (code >= 0x3041 && code <= 0x3096) ||
    (code >= 0x30a1 && code <= 0x30fe) ||
    (code >= 0x4e00 && code <= 0x9fff) ||
    (code >= 0xff01 && code <= 0xff5e)
  );
}

/** Ten times slower: it finds out what belongs together. */
function unitsOfAny(text: string): number {
  let units = 0;
  for (const { segment: character } of characters.segment(text)) units += unitsOfOne(character);
  return units;
}

function unitsOfOne(character: string): number {
  return Bun.stringWidth(character) > 1 ? WIDE_UNITS : NARROW_UNITS;
}

/** The pieces between which a line may be broken; where it is not, no space is put between them. Each fits a line. */
function splitToken(token: string): readonly string[] {
  const pieces = UNSPACED.test(token) ? splitWords(token) : [token];
  return pieces.flatMap((piece) =>
    unitsOf(piece) <= LINE_UNITS_MAX ? [piece] : splitCharacters(piece),
  );
}

/** An opening bracket goes with the word behind it, other punctuation with the word before. */
function splitWords(token: string): readonly string[] {
  const pieces: string[] = [];
  let isPieceOpen = false;
  for (const { segment, isWordLike } of words.segment(token)) {
    const isOpening = OPENING.test(segment);
    const last = pieces.length - 1;
    if (last >= 0 && (isPieceOpen || (isWordLike !== true && !isOpening))) {
      pieces[last] += segment;
    } else {
      pieces.push(segment);
    }
    isPieceOpen = isOpening;
  }
  return pieces;
}

function splitCharacters(text: string): readonly string[] {
  const pieces: string[] = [];
  let piece = "";
  let pieceUnits = 0;
  for (const { segment: character } of characters.segment(text)) {
    const units = unitsOfOne(character);
    if (piece !== "" && pieceUnits + units > LINE_UNITS_MAX) {
      pieces.push(piece);
      piece = "";
      pieceUnits = 0;
    }
    piece += character;
    pieceUnits += units;
  }
  if (piece !== "") pieces.push(piece);
  return pieces;
}
