/** Reads `towpath.yaml`: text to a checked Configuration, or every problem that it has at once. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { isMissing, readConfiguredFile, textOf, whyUnreadable } from '../../adapters/files/configured-file.ts';
import { Configuration } from '../../domain/configuration.ts';
import { TowpathError } from '../../domain/failure.ts';
import { describeFinding, type Finding } from '../../domain/finding.ts';
import { allIssues } from './every-issue.ts';
import { findingsOf, type Source } from './findings.ts';
import { configurationJsonSchema } from './json-schema.ts';
import { configurationOfRunningDev, defaultConfiguration } from './running-dev.ts';
import { yamlFindings } from './yaml-findings.ts';

type Checked =
  | { readonly kind: 'valid'; readonly configuration: Configuration }
  | { readonly kind: 'invalid'; readonly findings: readonly Finding[] };

/** The configuration with its file names made absolute; throws one error that lists every problem. */
export async function loadConfiguration(named: string): Promise<Configuration> {
  const path = placeOf(named);
  const checked = checkConfiguration(await readConfigurationText(path), path);
  if (checked.kind === 'valid') return resolveFiles(checked.configuration, dirname(resolve(path)));
  const problems = checked.findings.map((finding) => `  ${describeFinding(finding)}`).join('\n');
  throw new TowpathError('terminal', 'InvalidConfiguration', `Cannot use the configuration "${path}":\n${problems}`);
}

let isSaid = false;

/** Where nobody names one and none lies here, a `towpath dev` that runs here is meant. */
function placeOf(named: string): string {
  if (named !== defaultConfiguration || existsSync(named)) return named;
  const running = configurationOfRunningDev();
  if (running === null) return named;
  if (!isSaid) process.stderr.write(`Using ${running}, the configuration of the "towpath dev" that runs here\n`);
  isSaid = true;
  return running;
}

/** Reads no other file: what the text alone tells. */
export function checkConfiguration(text: string, origin: string): Checked {
  const { source, findings } = parseSource(text, origin);
  if (source === null) return { kind: 'invalid', findings };
  const value: unknown = source.document.toJS() ?? {};
  const parsed = Configuration.safeParse(value);
  if (parsed.success) return { kind: 'valid', configuration: parsed.data };
  return { kind: 'invalid', findings: findingsOf(allIssues(value, source), source) };
}

/** The text with what is needed to tell lines of it; null where it is no YAML. */
export function parseSource(text: string, origin: string): { source: Source | null; findings: readonly Finding[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const findings = yamlFindings(document, { origin, lines });
  if (findings.length === 0) {
    return { source: { origin, document, lines, schema: configurationJsonSchema() }, findings };
  }
  return { source: null, findings };
}

export async function readConfigurationText(path: string): Promise<string> {
  try {
    return textOf(await readConfiguredFile(path));
  } catch (cause) {
    const advice = isMissing(cause) ? 'name one with --config, or start "towpath dev" here' : 'name one with --config';
    const message = `Cannot read the configuration "${path}": ${whyUnreadable(cause)}; ${advice}`;
    throw new TowpathError('terminal', 'UnreadableConfiguration', message, { cause });
  }
}

/** Maps whose keys are the users' own names, not options. */
export const names = new Set(['environment', 'annotations']);

/** File names are relative to the configuration's own folder, wherever the command is started. */
export function resolveFiles(configuration: Configuration, folder: string): Configuration {
  const walk = (value: unknown, name: string): unknown => {
    if (typeof value === 'string') return isFile(name, value) ? resolve(folder, value) : value;
    if (Array.isArray(value) || typeof value !== 'object' || value === null || names.has(name)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner, key)]));
  };
  return walk(configuration, '') as Configuration;
}

const files = new Set(['dataFolder', 'kubeconfig']);

export function isFile(name: string, value: string): boolean {
  return name.endsWith('File') || files.has(name) || (name === 'templates' && /[/\\]|^\./.test(value));
}
