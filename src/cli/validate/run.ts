/** Runs `towpath validate`: prints every finding, and answers the exit code. */
import { stat } from 'node:fs/promises';
import pc from 'picocolors';
import { TowpathError } from '../../domain/failure.ts';
import { describeFinding, type Finding } from '../../domain/finding.ts';
import { configurationJsonSchema } from '../configuration/json-schema.ts';
import { configurationFindings } from './configuration.ts';

interface Result {
  /** What was found valid, where nothing was wrong. */
  readonly subject: string;
  readonly findings: readonly Finding[];
}

export async function validate(path: string | undefined, options: ValidateOptions): Promise<number> {
  if (options.schema) {
    process.stdout.write(`${JSON.stringify(configurationJsonSchema(), null, 2)}\n`);
    return 0;
  }
  const target = path ?? 'towpath.yaml';
  const { subject, findings } = await check(target, options.files);
  process.stdout.write(
    options.json ? `${JSON.stringify({ path: target, findings }, null, 2)}\n` : said(subject, findings),
  );
  return findings.length === 0 ? 0 : 1;
}

async function check(target: string, files: boolean): Promise<Result> {
  const found = await stat(target).catch(() => null);
  if (!found) {
    const message = `Cannot validate "${target}": there is no such file or folder`;
    throw new TowpathError('terminal', 'NothingToValidate', message);
  }
  if (found.isDirectory()) {
    const { checkFolder } = await import('./folder.ts');
    const { deployments, findings } = await checkFolder(target);
    return { subject: `${target}: ${deployments} ${deployments === 1 ? 'deployment' : 'deployments'}`, findings };
  }
  return { subject: target, findings: await configurationFindings({ path: target, files }) };
}

function said(subject: string, findings: readonly Finding[]): string {
  if (findings.length === 0) return `${pc.green('✓')} ${subject} valid\n`;
  const lines = findings.map((finding) => `${pc.red('✗')} ${describeFinding(finding)}\n`);
  return `${lines.join('')}${findings.length} ${findings.length === 1 ? 'problem' : 'problems'}\n`;
}

export interface ValidateOptions {
  readonly schema?: true;
  readonly json?: true;
  readonly files: boolean;
}
