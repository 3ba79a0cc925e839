import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { failureText } from '../../src/cli/failure-text.ts';
import { humanLine } from '../../src/cli/log-line.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import { redact, redactor } from '../../src/domain/redaction.ts';
import { runTowpath } from '../support/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'towpath-command-line-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the command line', () => {
  it('teaches what it can do', async () => {
    const { code, stdout } = await runTowpath(['--help']);

    expect(code).toBe(0);
    expect(stdout).toContain('towpath dev');
    expect(stdout).toContain('Exit codes');
  });

  it.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['validat'], 'Did you mean validate?'],
    [['validate', '--jsn'], 'Did you mean --json?'],
    [['validate', '/nowhere/at/all'], 'Cannot validate "/nowhere/at/all": there is no such file or folder'],
  ])('answers %j in a line or two, with exit code 1 and no stack', async (words, wanted) => {
    const { code, stdout, stderr } = await runTowpath(words);

    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(wanted);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('validates a configuration, for people and for programs', async () => {
    const path = join(folder, 'towpath.yaml');
    writeFileSync(path, 'controlPlane:\n  url: nowhere\n');

    const [forPeople, forPrograms] = await Promise.all([
      runTowpath(['validate', path]),
      runTowpath(['validate', path, '--json']),
    ]);

    expect(forPeople).toMatchObject({ code: 1, stderr: '' });
    expect(forPeople.stdout).toContain(`${path}:2 controlPlane.url: expected a URL`);
    expect(JSON.parse(forPrograms.stdout)).toMatchObject({
      findings: expect.arrayContaining([expect.objectContaining({ line: 2, pointer: 'controlPlane.url' })]),
    });
  });
});

describe('a failure', () => {
  it('says its causes once each, and no secret', () => {
    const root = new Error('connect ECONNREFUSED 127.0.0.1:1');
    const failure = new TowpathError('transient', 'Unreachable', 'Cannot reach https://me:hunter2@git.example', {
      cause: new Error('fetch failed', { cause: root }),
    });

    const text = failureText(failure, {});

    expect(text).toContain('Cannot reach https://[redacted]@git.example');
    expect(text).toContain('because: connect ECONNREFUSED 127.0.0.1:1');
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain('    at ');
  });

  it('keeps secrets out of what is logged, by shape and by value', () => {
    expect(redact('Authorization: Basic dG93cGF0aDpodW50ZXIy')).toBe('Authorization: Basic [redacted]');
    expect(redact('key lsv2_pt_0123456789abcdef0123456789abcdef_0123456789 used')).toBe('key [redacted] used');
    expect(redact('https://ghp_token@host and ssh://git:hunter2@host')).toBe(
      'https://[redacted]@host and ssh://[redacted]@host',
    );
    expect(redact('expected ssh://user@host/path')).toBe('expected ssh://user@host/path');
    expect(redactor(['hunter2-hunter2'])('said hunter2-hunter2')).toBe('said [redacted]');
  });

  it('is one line of log that cannot move the cursor', () => {
    const line = humanLine(JSON.stringify({ level: 'warn', time: 0, msg: 'Odd name', name: '\u001b[2Jx', count: 2 }));

    expect(line).not.toContain('\u001b[2J');
    expect(line).toContain('count=2');
    expect(line.match(/\n/g)).toHaveLength(1);
  });
});
