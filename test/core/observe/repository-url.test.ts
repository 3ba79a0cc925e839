/** One repository has many spellings; two repositories never look like one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalRepository, sameRepository } from '../../../src/core/repository-url.ts';

describe('spellings of one repository', () => {
  it.each([
    ['https://git.example/team/env', 'https://git.example/team/env.git'],
    ['https://git.example/team/env', 'https://git.example/team/env.git/'],
    ['https://git.example/team/env', 'https://git.example//team/./env//'],
    ['https://git.example/team/env', 'HTTPS://Git.Example/team/env'],
    ['https://git.example/team/env', 'https://git.example:443/team/env'],
    ['https://git.example/team/env', 'http://git.example:80/team/env'],
    ['https://git.example/team/env', 'https://bot:pa%40ss@git.example/team/env'],
    ['https://git.example/team/env', 'https://bot:p@ss@git.example/team/env'],
    ['https://git.example/team/env', 'ssh://git@git.example/team/env.git'],
    ['https://git.example/team/env', 'ssh://git@git.example:22/team/env.git'],
    ['https://git.example/team/env', 'git+ssh://git@git.example/team/env.git'],
    ['https://git.example/team/env', 'git@git.example:team/env.git'],
    ['https://git.example/team/env', 'git@git.example:/team/env.git'],
    ['https://git.example/team/env', 'git.example:team/env'],
    ['https://git.example/team/env', 'git.example/team/env'],
    ['https://git.example/team/env', 'https://git.example./team/env#main'],
    ['https://git.example/team%2Fenv', 'https://git.example/team/env'],
    ['https://git.example/a%20b', 'https://git.example/a b'],
    ['http://127.0.0.1:3000/team/env.git', 'ssh://git@127.0.0.1:2222/team/env'],
    ['https://[::1]/team/env', 'git@[::1]:team/env.git'],
    ['https://GitHub.com/Acme/Env', 'git@github.com:acme/env.git'],
    ['/srv/git/env.git', 'file:///srv/git/env'],
  ])('%s is %s', (one, other) => {
    expect(sameRepository(one, other)).toBe(true);
    expect(sameRepository(other, one)).toBe(true);
  });
});

describe('other repositories', () => {
  it.each([
    ['https://git.example/team/env', 'https://git.example/team/env2'],
    ['https://git.example/team/env', 'https://git.example/team'],
    ['https://git.example/team/env', 'https://git2.example/team/env'],
    ['https://git.example/team/env', 'https://git.example:8443/team/env'],
    ['http://127.0.0.1:3000/team/env', 'http://127.0.0.1:3001/team/env'],
    ['ssh://git@git.example:2222/team/env', 'ssh://git@git.example:22/team/env'],
    ['https://git.example/Team/env', 'https://git.example/team/env'],
    ['https://git.example/team/env', 'https://git.example/team/.git'],
    ['/srv/git/env', 'https://git.example/srv/git/env'],
    ['https://git.example/team/env', ''],
  ])('%s is not %s', (one, other) => {
    expect(sameRepository(one, other)).toBe(false);
    expect(sameRepository(other, one)).toBe(false);
  });
});

it('gives one normal spelling, without scheme, user and usual port', () => {
  expect(normalRepository('https://bot:secret@Git.Example:443/team/env.git/')).toBe('git.example/team/env');
  expect(normalRepository('ssh://git@git.example:2222/team/env')).toBe('git.example:2222/team/env');
});

it('never keeps who asks, and never throws, whatever stands there', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[a-z0-9]{8,20}$/), (text, password) => {
      normalRepository(text);
      expect(sameRepository(text, text)).toBe(true);
      expect(normalRepository(`https://bot:${password}@git.example/env`)).toBe('git.example/env');
    }),
  );
});
