/** Whether a webhook comes from a forge that knows the secret, by each way in which forges prove it. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Names in lower case, as Node gives them. */
export type WebhookHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** One proof that holds is enough. A replayed request passes: all that it can do is make the listener look once more. */
export function isSigned(headers: WebhookHeaders, body: Uint8Array, secret: string): boolean {
  if (secret === '') return false;
  const hex = createHmac('sha256', secret).update(body).digest('hex');
  const proofs = [
    ...hexHeaders.map((name) =>
      equal(
        header(headers, name)
          ?.replace(/^sha256=/, '')
          .toLowerCase(),
        hex,
      ),
    ),
    equal(header(headers, 'x-gitlab-token'), secret),
    isSignedAsStandard(headers, body, secret),
  ];
  return proofs.includes(true);
}

/** GitHub's, which Gitea and Forgejo send too, and their own. */
const hexHeaders = ['x-hub-signature-256', 'x-gitea-signature', 'x-forgejo-signature'];

/** GitLab's signing tokens (Standard Webhooks): `v1,<base64>` of `<id>.<timestamp>.<body>`, several apart by spaces. */
function isSignedAsStandard(headers: WebhookHeaders, body: Uint8Array, secret: string): boolean {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
    header(headers, name),
  );
  if (id === undefined || timestamp === undefined || signatures === undefined) return false;
  const expected = keysOf(secret).map((key) =>
    createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64'),
  );
  const given = signatures.split(' ').slice(0, mostSignatures);
  return given.some((one) => expected.some((signature) => equal(one, `v1,${signature}`)));
}

const mostSignatures = 10;

/** `whsec_…` is the key in base64; another secret is the key itself. A key that is no key would be anybody's. */
function keysOf(secret: string): readonly Buffer[] {
  if (!secret.startsWith('whsec_')) return [Buffer.from(secret)];
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  return key.length < 16 ? [] : [key];
}

/** A header that comes twice proves nothing. */
function header(headers: WebhookHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** In a time that tells nothing of either, not even the length. */
function equal(given: string | undefined, expected: string): boolean {
  if (given === undefined) return false;
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
