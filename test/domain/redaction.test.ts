/** One redactor for all: what a log, a report, a forge's message and a terminal must not show. */
import { describe, expect, it } from 'vitest';
import { messagesOf } from '../../src/adapters/forge/http/failure.ts';
import { quote } from '../../src/core/observe/words.ts';
import { redact, redactor } from '../../src/domain/redaction.ts';

const hidden: readonly (readonly [string, string])[] = [
  ['password=hunter22', 'password=[redacted]'],
  ['host=db PGPASSWORD=hunter22 user=x', 'host=db PGPASSWORD=[redacted] user=x'],
  ['POSTGRES_PASSWORD=a\\xb;c', 'POSTGRES_PASSWORD=[redacted]'],
  ['client_secret=abc&state=1', 'client_secret=[redacted]&state=1'],
  ['https://host/x?private_token=abc&y=1', 'https://host/x?private_token=[redacted]&y=1'],
  ['https://host/x?access_token=abc', 'https://host/x?access_token=[redacted]'],
  ['api-key=abc api_key=abc apikey=abc', 'api-key=[redacted] api_key=[redacted] apikey=[redacted]'],
  ['https://user:pa/ss@host/x', 'https://[redacted]@host/x'],
  ['https://user:pa:ss@host/x', 'https://[redacted]@host/x'],
  ['https://:pass@host/x', 'https://[redacted]@host/x'],
  ['https://ghp_token@host and ssh://git:hunter2@host', 'https://[redacted]@host and ssh://[redacted]@host'],
  ['postgres://app:se/cret@db:5432/x', 'postgres://[redacted]@db:5432/x'],
  ['Authorization: Basic dG93cGF0aDpodW50ZXIy', 'Authorization: Basic [redacted]'],
  ['authorization: bearer abcdefgh.ijkl', 'authorization: bearer [redacted]'],
  ['key lsv2_pt_0123456789abcdef0123456789abcdef_0123456789 used', 'key [redacted] used'],
  ['key tp_ws_0123456789abcdef0123 used', 'key [redacted] used'],
  ['remote said ghp_0123456789abcdefABCDEF', 'remote said [redacted]'],
  ['github_pat_0123456789abcdefABCDEF_x', '[redacted]'],
  ['glpat-0123456789abcdef_ABC', '[redacted]'],
  ['AGE-SECRET-KEY-1QQQQQQQQQQQQ', '[redacted]'],
  ['a -----BEGIN RSA PRIVATE KEY-----\nMIIB+/=\n-----END RSA PRIVATE KEY----- b', 'a [redacted] b'],
];

const kept: readonly string[] = [
  'expected ssh://user@host/path',
  'https://host:8080/path@v1.2',
  'http://[::1]:8080/path@v1',
  'ghcr.io/acme/agent@sha256:0123456789abcdef0123456789abcdef',
  'the password is wrong; check passwordFile',
  'token: expired',
  'git@github.com:acme/x.git',
  'Basic auth is off',
];

describe.each(hidden)('%j', (text, expected) => {
  it('is shown without its secret', () => expect(redact(text)).toBe(expected));

  it('leaves a line of JSON a line of JSON', () => {
    const line = JSON.stringify({ message: `it said "${text}" and more`, next: 'field' });
    const shown: unknown = JSON.parse(redact(line));
    expect(shown).toMatchObject({ next: 'field' });
  });

  it('is shown without its secret where an engine, a pod or a forge says it', () => {
    const secret = /hunter22?|pa.ss|se.cret|dG93c\w*|abcdefgh|0123456789abc|QQQQ|MIIB|\babc\b/;
    expect(quote(text)).not.toMatch(secret);
    expect(messagesOf({ message: text }).join()).not.toMatch(secret);
  });
});

it.each(kept)('leaves %j as it is', (text) => expect(redact(text)).toBe(text));

it('takes out values that the process knows', () => {
  expect(redactor(['hunter2-hunter2'])('said hunter2-hunter2')).toBe('said [redacted]');
});

it('needs a time that grows with the text, not with its square', () => {
  // A shape that backtracks would never end with texts of this length.
  for (const part of ['://', '://a:', 'password=', 'a@', '-----BEGIN PRIVATE KEY-----', 'Basic ', '\\']) {
    const text = part.repeat(50_000);
    expect(typeof redact(text)).toBe('string');
  }
});
