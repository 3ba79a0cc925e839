/** The last look: a secret value in any form stops the pass, and is not repeated by the refusal. */
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import {
  findPlantedSecrets,
  sensitiveValues,
  withoutCoincidences,
  withoutValues,
} from '../../src/core/secrets/planted-secrets.ts';

const secret = 'hunter2-"quoted"\n\u{1f600} $&+\'end';
const found = (text: string, values: Readonly<Record<string, string>> = { TOKEN: secret }) =>
  findPlantedSecrets(new Map([['api.deployment.yaml', text]]), values);

describe('a secret value', () => {
  it.each([
    ['as it is', secret],
    ['in the middle of a line', `value: ${secret} # x`],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in base64 without padding', Buffer.from(secret).toString('base64').replaceAll('=', '')],
    ['in base64 for URLs', Buffer.from(secret).toString('base64url')],
    ['in a URL', `https://x/?token=${encodeURIComponent(secret)}`],
    ['as JSON', JSON.stringify({ secret })],
    ['as YAML', stringify({ secret })],
    ['as YAML of another hand', dump({ secret })],
    ['as YAML inside of YAML', dump({ inner: stringify({ secret }) })],
    ['as JSON inside of JSON', JSON.stringify({ inner: JSON.stringify({ secret }) })],
    ['in a URL of a stricter hand', encodeURIComponent(secret).replaceAll("'", '%27').toLowerCase()],
    ['in base64 behind a user name', `Basic ${Buffer.from(`admin:${secret}`).toString('base64')}`],
    ['in base64 before something else', Buffer.from(`ab${secret}, and more`).toString('base64')],
    ['with other ends of lines', `|-\r\n  ${secret.replace('\n', '\r\n  ')}\r\n`],
  ])('is found %s', (_, text) => {
    expect(found(text)).toEqual([
      expect.objectContaining({ path: 'api.deployment.yaml', message: expect.stringContaining('"TOKEN"') }),
    ]);
  });

  it('is found in whatever text it stands, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.string(), fc.string(), (value, before, after) => {
        expect(found(before + value + after, { A: value })).toHaveLength(1);
        expect(found(JSON.stringify([before, value, after]), { A: value })).toHaveLength(1);
        expect(found(Buffer.from(value).toString('base64'), { A: value })).toHaveLength(1);
      }),
    );
  });

  it('is not repeated by what is said about it', () => {
    expect(JSON.stringify(found(secret))).not.toContain('hunter2');
  });

  it('is looked for in every text', () => {
    const texts = new Map([
      ['a.yaml', 'x'],
      ['commit message', `deploy: ${secret}`],
    ]);

    expect(findPlantedSecrets(texts, { A: 'other-value', B: secret }).map((finding) => finding.path)).toEqual([
      'commit message',
    ]);
  });

  it('is not seen where there is none, or where it is too short to tell', () => {
    expect(found('replicas: 1\nvalue: production')).toEqual([]);
    expect(found('value: prod', { ENV: 'prod' })).toEqual([]);
    expect(found('value: x', { EMPTY: '' })).toEqual([]);
  });

  it.each([
    ['folded', dump({ key: 'correct horse battery staple '.repeat(5) })],
    ['folded by another hand', stringify({ key: 'correct horse battery staple '.repeat(5) })],
    [
      'in base64 on many lines',
      Buffer.from('correct horse battery staple '.repeat(5)).toString('base64').replace(/.{40}/g, '$&\n  '),
    ],
    ['as a form', new URLSearchParams({ key: 'correct horse battery staple '.repeat(5) }).toString()],
  ])('is found %s', (_, text) => {
    expect(found(text, { A: 'correct horse battery staple '.repeat(5).trim() })).toHaveLength(1);
  });

  it('is found as a whole though each of its lines is short', () => {
    const value = 'user=admin\npass=hunter22\nx=1\n';

    expect(found(dump({ a: { b: value } }), { A: value })).toHaveLength(1);
  });
});

describe('a secret of several lines', () => {
  const value = 'kind: Config\nrestartPolicy: Always\ntoken: sk-proj-3f9c2a71d0\n';
  const values = sensitiveValues([{ name: 'one', values: { KUBECONFIG: value } }]);

  it('is looked for line by line, too, and the message says which', () => {
    expect(found('args: ["token: sk-proj-3f9c2a71d0"]', values).map(({ message }) => message)).toEqual([
      expect.stringContaining('"KUBECONFIG, line 3"'),
    ]);
  });

  it('keeps nothing back that has a line of it by chance', () => {
    const manifest = new Map([['api.deployment.yaml', 'spec:\n  restartPolicy: Always\n']]);

    const left = withoutCoincidences(values, manifest);

    expect(findPlantedSecrets(manifest, left)).toEqual([]);
    expect(Object.keys(left)).toEqual(['KUBECONFIG', 'KUBECONFIG, line 3']);
  });
});

it('looks for no more lines than a pass has time for, and for the whole all the same', () => {
  const file = (name: string) =>
    Array.from({ length: 400 }, (_, index) => `${name}_VARIABLE_${index}=value`).join('\n');
  const values = sensitiveValues([{ name: 'one', values: { A: file('A'), B: file('B'), TOKEN: 'hunter2-hunter2' } }]);

  expect(Object.keys(values)).toHaveLength(503);
  expect(found(`${file('B')}\nhunter2-hunter2`, values).map(({ message }) => message)).toEqual(
    expect.arrayContaining([expect.stringContaining('"B"'), expect.stringContaining('"TOKEN"')]),
  );
});

it('looks for both where two Secrets have a value of one name', () => {
  const values = sensitiveValues([
    { name: 'new', values: { TOKEN: 'new-value-1' } },
    { name: 'old', values: { TOKEN: 'old-value-1' } },
  ]);

  expect(found('new-value-1 old-value-1', values)).toHaveLength(2);
});

describe('what is said of a field', () => {
  const token = 'sk-live-4f9a8b7c6d5e';
  const said = (message: string): string => {
    const finding = { path: 'a.yaml', line: null, pointer: null, message };
    return withoutValues([finding], { TOKEN: token })[0]?.message ?? '';
  };

  it.each([
    ['as it is', `"${token}" is no name`, '"[secret]" is no name'],
    ['cut short', '"sk-live-…" is no name', '[holds a secret]'],
    ['in base64', `"${btoa(token)}" is no name`, '[holds a secret]'],
    ['not at all', '"sk-liv…" is no name', '"sk-liv…" is no name'],
  ])('shows no value that stands there %s', (_, message, expected) => {
    expect(said(message)).toBe(expected);
  });
});
