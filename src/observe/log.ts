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

/** Standard error is written synchronously: the last line before an exit is never lost. */
export function createLog(level: LogLevel): Log {
  const options = {
    level,
    // Process id and host name are the journal's to add.
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return wrap(pino(options, pino.destination({ dest: 2, sync: true })));
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
