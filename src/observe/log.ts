import pino from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

/** Values that may stand in a log line: ids, counts, codes. Never a token, audio or anything that was said. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Writes one JSON line per call to standard error: a constant sentence, and fields.
 *
 * error: someone must act · warn: degraded but handled · info: edges of life · debug: single messages.
 */
export interface Log {
  debug(sentence: string, fields?: LogFields): void;
  info(sentence: string, fields?: LogFields): void;
  warn(sentence: string, fields?: LogFields): void;
  error(sentence: string, fields?: LogFields): void;
  /** A log whose every line carries `fields`. */
  child(fields: LogFields): Log;
}

/** Lines that wait for a standard error that takes none, for instance a file on a full disk; what comes on top is dropped. */
const WAITING_BYTES_MAX = 1_048_576;

/**
 * Standard error is written synchronously: the last line before an exit is never lost.
 *
 * R24: writing a line never throws. Whoever logs is often about to save something.
 */
export function createLog(level: LogLevel): Log {
  const options = {
    level,
    // Process id and host name are the journal's to add.
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const destination = pino.destination({ dest: 2, sync: true, maxLength: WAITING_BYTES_MAX });
  // What cannot be written is tried again with the next line; without a listener the line would throw.
  destination.on("error", () => undefined);
  return wrap(pino(options, destination));
}

function wrap(logger: pino.Logger): Log {
  return {
    debug: (sentence, fields = {}) => logger.debug(fields, sentence),
    info: (sentence, fields = {}) => logger.info(fields, sentence),
    warn: (sentence, fields = {}) => logger.warn(fields, sentence),
    error: (sentence, fields = {}) => logger.error(fields, sentence),
    child: (fields) => wrap(logger.child(fields)),
  };
}
