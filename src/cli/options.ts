/** Options that several commands share, and how their values are read. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Level } from 'pino';
import { type LogSettings, levels } from './log.ts';

export interface LogOptions {
  readonly json?: true;
  readonly logLevel: Level;
}

export function withLogOptions(command: Command): Command {
  return command
    .option('--json', 'log as JSON, a line each, even on a terminal')
    .addOption(new Option('--log-level <level>', 'least important lines to show').choices(levels).default('info'));
}

export function logSettings(options: LogOptions, secrets: readonly string[] = []): LogSettings {
  return { json: options.json ?? false, level: options.logLevel, secrets };
}

/** 0 lets the system choose a free one. */
export function port(text: string): number {
  const value = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= 65_535)) throw new InvalidArgumentError('Expected a port: 0 to 65535.');
  return value;
}

/** Whole requests a second; 0 is no limit. */
export function rate(text: string): number {
  if (!/^[0-9]{1,6}$/.test(text)) throw new InvalidArgumentError('Expected a whole number: 0 to 999999.');
  return Number(text);
}

/** `[title] examples`, the way every command's help ends. */
export function examples(lines: string): string {
  return `\nExamples\n${lines
    .trim()
    .split('\n')
    .map((line) => `  ${line.trim()}`)
    .join('\n')}`;
}
