/** Whether a webhook is signed: known answers of the forges' documentation, and everything that is near to them. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isSigned } from '../../src/core/webhook/signature.ts';

// GitHub's documentation gives these for testing one's own check.
const secret = "It's a Secret to Everybody";
const body = Buffer.from('Hello, World!');
const hex = '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';

const sha1 = createHmac('sha1', secret).update(body).digest('hex');

function standard(key: string | Buffer, text: Buffer = body): Record<string, string> {
  const digest = createHmac('sha256', key).update(`msg_1.1700000000.${text}`).digest('base64');
  return { 'webhook-id': 'msg_1', 'webhook-timestamp': '1700000000', 'webhook-signature': `v1,${digest}` };
}

describe('a webhook is signed', () => {
  it.each([
    ['by GitHub', { 'x-hub-signature-256': `sha256=${hex}` }],
    ['by Gitea', { 'x-gitea-signature': hex }],
    ['by Forgejo', { 'x-forgejo-signature': hex.toUpperCase() }],
    ['by GitLab’s secret token', { 'x-gitlab-token': secret }],
    ['by GitLab’s signing token', standard(secret)],
  ])('%s', (_, headers) => {
    expect(isSigned(headers, body, secret)).toBe(true);
  });

  it('by a signing token of Standard Webhooks, one of several signatures', () => {
    const key = Buffer.from('0123456789abcdef0123456789abcdef');
    const headers = standard(key);
    const signatures = `v1a,abc v1,d3Jvbmc= ${headers['webhook-signature']}`;

    const signed = isSigned({ ...headers, 'webhook-signature': signatures }, body, `whsec_${key.toString('base64')}`);

    expect(signed).toBe(true);
  });
});

describe('a webhook is not signed', () => {
  it.each([
    ['without any header', {}],
    ['by another secret', { 'x-hub-signature-256': `sha256=${hex.replace('7', '8')}` }],
    ['by a beginning of the signature', { 'x-hub-signature-256': `sha256=${hex.slice(0, 32)}` }],
    ['by an empty signature', { 'x-gitea-signature': '' }],
    ['by SHA-1, which GitHub keeps for old receivers', { 'x-hub-signature': `sha1=${sha1}` }],
    ['by an empty token', { 'x-gitlab-token': '' }],
    ['by a header that comes twice', { 'x-gitlab-token': [secret, secret] }],
    ['by a signature of nothing', standard(secret, Buffer.from(''))],
  ])('%s', (_, headers) => {
    expect(isSigned(headers, body, secret)).toBe(false);
  });

  it('whoever signs it with no secret at all', () => {
    const none = createHmac('sha256', '').update(body).digest('hex');

    expect(isSigned({ 'x-gitlab-token': '', 'x-gitea-signature': none }, body, '')).toBe(false);
    expect(isSigned(standard(''), body, 'whsec_')).toBe(false);
    expect(isSigned(standard(Buffer.from('!', 'base64')), body, 'whsec_!')).toBe(false);
  });

  it('of a body that was changed on its way', () => {
    expect(isSigned({ 'x-hub-signature-256': `sha256=${hex}` }, Buffer.from('Hello, World?'), secret)).toBe(false);
  });
});
