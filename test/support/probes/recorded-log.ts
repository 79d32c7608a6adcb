import type { Log, LogFields, LogLevel } from "../../../src/observe/log.ts";

export interface LogLine {
  readonly level: Exclude<LogLevel, "silent">;
  readonly sentence: string;
  readonly fields: LogFields;
}

/** A log that keeps its lines, those of its children among them, and writes nothing. */
export interface RecordedLog extends Log {
  readonly lines: readonly LogLine[];
  /** The lines with this sentence. */
  linesOf(sentence: string): readonly LogLine[];
}

export function recordedLog(): RecordedLog {
  const lines: LogLine[] = [];
  return {
    ...logInto(lines, {}),
    lines,
    linesOf: (sentence) => lines.filter((line) => line.sentence === sentence),
  };
}

function logInto(lines: LogLine[], bound: LogFields): Log {
  const write =
    (level: LogLine["level"]) =>
    (sentence: string, fields: LogFields = {}) => {
      lines.push({ level, sentence, fields: { ...bound, ...fields } });
    };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (fields) => logInto(lines, { ...bound, ...fields }),
  };
}
