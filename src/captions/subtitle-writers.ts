/** SubRip and WebVTT. Lines end with LF, which both allow, and hours may have more than two digits. */
import { collapseSpace } from "./caption-lines.ts";
import { CueTrack, type Cue } from "./subtitle-cues.ts";
import {
  toAttributedText,
  toClock,
  type TranscriptHead,
  type TranscriptWriter,
} from "./transcript-writer.ts";

export function createSrtWriter(head: TranscriptHead): TranscriptWriter {
  let cueCount = 0;
  const write = (cues: readonly Cue[]) =>
    cues
      .map((cue) => {
        cueCount += 1;
        return `${cueCount === 1 ? "" : "\n"}${cueCount}\n${toSrtCue(cue)}\n`;
      })
      .join("");
  return createCueWriter(head, toAttributedText, { opening: "", goesOn: "", write });
}

export function createVttWriter(head: TranscriptHead): TranscriptWriter {
  return createCueWriter(head, ({ text }) => text, {
    opening: "WEBVTT\n",
    goesOn: "\nNOTE The transcript goes on.\n",
    write: (cues) => cues.map((cue) => `\n${toVttCue(cue)}\n`).join(""),
  });
}

interface CueFile {
  readonly opening: string;
  /** Stands at the end of a transcript that was cut off. */
  readonly goesOn: string;
  readonly write: (cues: readonly Cue[]) => string;
}

function createCueWriter(
  { beganAt }: TranscriptHead,
  toText: typeof toAttributedText,
  { opening, goesOn, write }: CueFile,
): TranscriptWriter {
  let track: CueTrack | undefined;
  return {
    begin: () => opening,
    add: (segment) => {
      track ??= new CueTrack(beganAt ?? segment.startedAt, toText);
      return write(track.add(segment));
    },
    end: ({ hasMore }) => write(track?.end() ?? []) + (hasMore ? goesOn : ""),
  };
}

/**
 * NOTE: SRT cannot escape. An arrow inside the text would read as a cue's times, so it is drawn as one character; players drop
 * what looks like a tag or an override, so its bracket is drawn as a similar one.
 */
function toSrtCue(cue: Cue): string {
  const text = cue.lines
    .join("\n")
    .replaceAll("-->", "→")
    .replaceAll(/<(?=[a-z/!])/gi, "‹")
    .replaceAll("{\\", "(\\");
  return `${toTimes(cue, ",")}\n${text}`;
}

function toVttCue(cue: Cue): string {
  const name = collapseSpace(cue.speaker ?? "");
  const voice = name === "" ? "" : `<v ${escapeVtt(name)}>`;
  return `${toTimes(cue, ".")}\n${voice}${escapeVtt(cue.lines.join("\n"))}`;
}

/** The arrow needs no escape of its own: it ends with one of these. */
function escapeVtt(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function toTimes({ startMs, endMs }: Cue, decimalSign: "," | "."): string {
  return `${toTimestamp(startMs, decimalSign)} --> ${toTimestamp(endMs, decimalSign)}`;
}

function toTimestamp(timeMs: number, decimalSign: "," | "."): string {
  const { hours, minutes, seconds, milliseconds } = toClock(timeMs);
  return `${hours}:${minutes}:${seconds}${decimalSign}${milliseconds}`;
}
