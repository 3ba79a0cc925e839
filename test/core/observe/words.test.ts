/** Other programs' words are repeated without secrets, without what ticks, and never at full length. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationWords, quote, sentences, shortRevision } from '../../../src/core/observe/words.ts';

describe('a secret in somebody’s words', () => {
  it.each([
    ['Get "https://bot:hunter22@git.example/env.git": EOF', 'Get "https://[redacted]@git.example/env.git": EOF'],
    ['Get "https://bot:hunt/er22@git.example/env.git"', 'Get "https://[redacted]@git.example/env.git"'],
    ['Get "https://hunter22@git.example/env.git"', 'Get "https://[redacted]@git.example/env.git"'],
    ['postgres://postgres:hunter22@chat-postgres:5432/postgres', 'postgres://[redacted]@chat-postgres:5432/postgres'],
    ['header Authorization: Bearer hunter22hunter22', 'header Authorization: Bearer [redacted]'],
    ['key lsv2_pt_hunter22hunter22hunter22 is revoked', 'key [redacted] is revoked'],
    ['url ?token=hunter22&x=1', 'url ?token=[redacted]&x=1'],
  ])('%s', (words, expected) => {
    expect(quote(words)).toBe(expected);
  });

  it.each(['https://registry.example:5000/chat@sha256:0a1b', 'chat@sha256:0a1b', 'mail bot@example.com'])(
    'is not seen in %s',
    (words) => {
      expect(quote(words)).toBe(words);
    },
  );
});

describe('what differs at each attempt', () => {
  it.each([
    ['back-off 40s restarting failed container=api', 'back-off restarting failed container=api'],
    ['back-off 5m0s restarting failed container=api', 'back-off restarting failed container=api'],
    ['pods "chat-5d9-abcde" is forbidden: exceeded quota', 'a pod is forbidden: exceeded quota'],
    ['no (retried 3 times).', 'no'],
    ['no. Retrying attempt #3 at 6:53AM.', 'no'],
    ['stat /tmp/kustomization-1234567/deployments: no', 'stat …/deployments: no'],
    ['error when creating "/dev/shm/12345": no', 'no'],
    ['rpc error: code = Unknown desc = no', 'no'],
  ])('%s', (words, expected) => {
    expect(quote(words)).toBe(expected);
  });
});

it('is one line of limited length, whatever it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (words) => {
      expect([...quote(words, 100)].length).toBeLessThanOrEqual(100);
      expect(quote(words)).not.toMatch(/[\n\r\t]/);
    }),
  );
});

it('writes sentences, durations and commits as people do', () => {
  expect(sentences('one', '', 'two.', 'three?')).toBe('one. two. three?');
  expect([durationWords(600_000), durationWords(90_000), durationWords(60_000)]).toEqual(['10 min', '90 s', '60 s']);
  expect([shortRevision('a'.repeat(40)), shortRevision('main')]).toEqual(['a'.repeat(12), 'main']);
});
