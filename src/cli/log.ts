/** The Log port by pino: lines for people on a terminal, JSON for machines, both without secrets. */
import { type DestinationStream, type Level, pino } from 'pino';
import { redacted, redactor } from '../domain/redaction.ts';
import type { Log } from '../ports.ts';
import { messages } from './failure-text.ts';
import { humanLine } from './log-line.ts';

export interface LogSettings {
  /** JSON even on a terminal. */
  readonly json: boolean;
  readonly level: Level;
  /** Values to blot out wherever they turn up. */
  readonly secrets?: readonly string[];
}

/** Field names whose value is never printed. */
const secretFields = ['apiKey', 'authorization', 'key', 'password', 'secret', 'secrets', 'token', 'values'].flatMap(
  (name) => [name, `*.${name}`, `*.*.${name}`],
);

export const levels = ['debug', 'info', 'warn', 'error'] as const satisfies readonly Level[];

/** Logs go to standard error, so that standard output holds results only. */
export function openLog(settings: LogSettings, out: NodeJS.WriteStream = process.stderr): Log {
  const logger = pino(
    {
      level: settings.level,
      base: null,
      redact: { paths: secretFields, censor: redacted },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: describeError, cause: describeError },
    },
    destination(settings, out),
  );
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  };
}

function destination(settings: LogSettings, out: NodeJS.WriteStream): DestinationStream {
  const clean = redactor(settings.secrets ?? []);
  const human = out.isTTY && !settings.json;
  return { write: (line) => void out.write(clean(human ? humanLine(line) : line)) };
}

function describeError(error: unknown): unknown {
  return error instanceof Error ? messages(error).join(': ') : error;
}
