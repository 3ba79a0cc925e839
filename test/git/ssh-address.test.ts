import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { isSshAddress, parseSshAddress, sshCommand } from '../../src/git/ssh-address.ts';

describe('SSH addresses', () => {
  it.each([
    ['git@git.example:team/a.git', { username: 'git', host: 'git.example', port: 22, path: 'team/a.git' }],
    ['git.example:/srv/a.git', { username: 'git', host: 'git.example', port: 22, path: '/srv/a.git' }],
    ['ssh://git.example/a.git', { username: 'git', host: 'git.example', port: 22, path: '/a.git' }],
    ['ssh://bot@Git.Example:2222/a%20b.git', { username: 'bot', host: 'git.example', port: 2222, path: '/a b.git' }],
    ['ssh://git@[2001:db8::1]:22/a.git', { username: 'git', host: '2001:db8::1', port: 22, path: '/a.git' }],
    ['ssh://git.example/~ada/a.git', { username: 'git', host: 'git.example', port: 22, path: '~ada/a.git' }],
  ])('reads %s', (url, expected) => {
    expect(isSshAddress(url)).toBe(true);
    expect(parseSshAddress(url)).toEqual(expected);
  });

  it.each(['https://git.example/a.git', 'http://user@git.example:80/a.git', '/srv/a.git'])(
    'leaves %s to others',
    (url) => {
      expect(isSshAddress(url)).toBe(false);
    },
  );

  it.each([
    'ssh://git@git.example',
    'ssh://git:secret@git.example/a.git',
    'git@-oProxyCommand=evil:a.git',
    '-oProxyCommand=evil@git.example:a.git',
    'git@git.example:--upload-pack=evil',
    'git@git.example:a\nb',
  ])('refuses %s', (url) => {
    expect(() => parseSshAddress(url)).toThrow(/is no SSH address/);
  });

  it('does not repeat a password that was put into the address', () => {
    expect(() => parseSshAddress('ssh://git:hunter2@git.example/a.git')).not.toThrow(/hunter2/);
  });

  it.each(["it's", 'a b', '$(touch /tmp/x)', '!boom', '`id`', "'; id #", '"q"', '\\'])(
    'quotes %s for a shell',
    (path) => {
      const printed = execFileSync('/bin/sh', ['-c', sshCommand('printf %s', path)], { encoding: 'utf8' });

      expect(printed).toBe(path);
    },
  );
});
