import { createHmac } from 'node:crypto';
import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';
import { findKnownHosts, fingerprint, judgeHostKey, keyType } from '../../src/git/known-hosts.ts';

const [one, two] = [newKey(), newKey()];

function newKey(): { line: string; key: Buffer } {
  const [type = '', encoded = ''] = ssh2.utils.generateKeyPairSync('ed25519').public.split(' ');
  return { line: `${type} ${encoded}`, key: Buffer.from(encoded, 'base64') };
}

function hashed(name: string): string {
  const salt = Buffer.from('01234567890123456789');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

describe('who a known_hosts file speaks of', () => {
  it.each([
    ['a plain name', 'git.example', 'git.example', 22],
    ['a name in other letters', 'Git.Example', 'git.example', 22],
    ['a list of names and addresses', 'git.example,192.0.2.7', '192.0.2.7', 22],
    ['another port', '[git.example]:2222', 'git.example', 2222],
    ['a pattern', '*.example,!bad.example', 'git.example', 22],
    ['a hashed name', hashed('git.example'), 'git.example', 22],
    ['a hashed name on another port', hashed('[git.example]:2222'), 'git.example', 2222],
  ])('finds %s', (_title, names, host, port) => {
    const text = `# comment\n\n  ${names} ${one.line} a comment\r\n`;

    expect(judgeHostKey(findKnownHosts(text, host, port), one.key)).toEqual({ kind: 'trusted' });
  });

  it.each([
    ['another host', 'other.example', 'git.example', 22],
    ['the standard port only', 'git.example', 'git.example', 2222],
    ['another port only', '[git.example]:2222', 'git.example', 22],
    ['a name that a pattern takes out', '*.example,!git.example', 'git.example', 22],
    ['a dot that is no wildcard', 'gitxexample', 'git.example', 22],
    ['another hashed name', hashed('other.example'), 'git.example', 22],
  ])('does not find %s', (_title, names, host, port) => {
    expect(findKnownHosts(`${names} ${one.line}`, host, port)).toEqual([]);
  });

  it('passes over lines that it cannot read', () => {
    const text = ['git.example', 'git.example ssh-ed25519', 'git.example ssh-rsa AAAA', '@odd git.example x y'].join(
      '\n',
    );

    expect(findKnownHosts(text, 'git.example', 22)).toEqual([]);
  });
});

describe('what a key is worth', () => {
  it('tells a changed key from an unknown host, with the line that pins it', () => {
    const known = findKnownHosts(`# first\ngit.example ${one.line}`, 'git.example', 22);

    expect(judgeHostKey(known, two.key)).toMatchObject({ kind: 'changed', known: [{ line: 2 }] });
    expect(judgeHostKey([], two.key)).toEqual({ kind: 'unknown', authority: false });
  });

  it('never trusts a revoked key, though another line pins it', () => {
    const known = findKnownHosts(`git.example ${one.line}\n@revoked * ${one.line}`, 'git.example', 22);

    expect(judgeHostKey(known, one.key)).toEqual({ kind: 'revoked', line: 2 });
  });

  it('says that a certificate authority alone is not enough', () => {
    const known = findKnownHosts(`@cert-authority *.example ${two.line}`, 'git.example', 22);

    expect(judgeHostKey(known, one.key)).toEqual({ kind: 'unknown', authority: true });
  });

  it('names type and fingerprint as OpenSSH does', () => {
    const key = Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl', 'base64');

    // The key of github.com, as GitHub's documentation prints it.
    expect(keyType(key)).toBe('ssh-ed25519');
    expect(fingerprint(key)).toBe('SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU');
  });
});
