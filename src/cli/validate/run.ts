/** Runs `towpath validate`: prints every finding, and answers the exit code. */
import { readFile, stat } from 'node:fs/promises';
import pc from 'picocolors';
import { TowpathError } from '../../domain/failure.ts';
import { describeFinding, type Finding } from '../../domain/finding.ts';
import type { ValidateOptions } from '../commands/validate.ts';
import { configurationJsonSchema } from '../configuration/json-schema.ts';
import { checkConfiguration } from '../configuration/load.ts';

export async function validate(path: string | undefined, options: ValidateOptions): Promise<number> {
  if (options.schema) {
    process.stdout.write(`${JSON.stringify(configurationJsonSchema(), null, 2)}\n`);
    return 0;
  }
  const target = path ?? 'towpath.yaml';
  const findings = await findingsIn(target);
  process.stdout.write(
    options.json ? `${JSON.stringify({ path: target, findings }, null, 2)}\n` : said(target, findings),
  );
  return findings.length === 0 ? 0 : 1;
}

async function findingsIn(target: string): Promise<readonly Finding[]> {
  const found = await stat(target).catch(() => null);
  if (!found) {
    throw new TowpathError(
      'terminal',
      'NothingToValidate',
      `Cannot validate "${target}": there is no such file or folder`,
    );
  }
  const checked = checkConfiguration(await readFile(target, 'utf8'), target);
  return checked.kind === 'invalid' ? checked.findings : [];
}

function said(target: string, findings: readonly Finding[]): string {
  if (findings.length === 0) return `${pc.green('✓')} ${target} is valid\n`;
  const lines = findings.map((finding) => `${pc.red('✗')} ${describeFinding(finding)}\n`);
  return `${lines.join('')}${findings.length} ${findings.length === 1 ? 'problem' : 'problems'}\n`;
}
