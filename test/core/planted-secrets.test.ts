/** The last look: a secret value in any form stops the pass, and is not repeated by the refusal. */
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { findPlantedSecrets } from '../../src/core/planted-secrets.ts';

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
});
