/**
 * Every file of representative deployments, byte for byte. After a change that is meant, write them anew with
 * `UPDATE_GOLDEN=1 npx vitest run test/core/golden.test.ts` and read the diff as a reviewer would.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkPolicy } from '../../src/core/policy/policy.ts';
import { problemsOf, render } from './support/agent-server.ts';
import { insecureSettings } from './support/pod-security.ts';
import { renderCases } from './support/render-cases.ts';

const golden = join(import.meta.dirname, 'golden');
const update = process.env['UPDATE_GOLDEN'] === '1';

describe.each(Object.entries(renderCases))('the deployment "%s"', (name, input) => {
  const folder = join(golden, name);
  const files = render(input);
  if (update) writeGolden(folder, files);

  it('renders the files that reviewers have read', () => {
    expect(Object.fromEntries(files)).toEqual(readGolden(folder));
  });

  it('passes validation and policy', () => {
    expect(problemsOf(input)).toEqual([]);
    expect(checkPolicy(input)).toEqual([]);
  });

  it('passes the "restricted" pod security level, where the image allows it', () => {
    const allowed = input.agentServer.runAsUser === 0 ? ['runAsNonRoot is not true'] : [];

    const found = [...files.values()].flatMap(insecureSettings).filter((one) => !allowed.includes(one.why));

    expect(found).toEqual([]);
  });

  it('ends every file with one newline, without trailing spaces, document separators or tabs', () => {
    for (const text of files.values()) {
      expect(text).toMatch(/[^\n]\n$/);
      expect(text).not.toMatch(/[ \t]$|\t|\r|^---|^\.\.\./m);
    }
  });
});

it('has no golden folder without a case', () => {
  expect(readdirSync(golden).sort()).toEqual(Object.keys(renderCases).sort());
});

function writeGolden(folder: string, files: ReadonlyMap<string, string>): void {
  if (existsSync(folder)) rmSync(folder, { recursive: true });
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of files) writeFileSync(join(folder, file), text);
}

function readGolden(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}
