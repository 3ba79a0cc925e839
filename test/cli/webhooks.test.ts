/** The server of webhooks, as forges and strangers meet it. */
import { createHmac } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openWebhooks } from '../../src/cli/listen/webhooks.ts';
import { startWebhooks, type WebhookSettings } from '../../src/cli/server/webhooks.ts';
import { Configuration } from '../../src/domain/configuration.ts';
import type { Clock } from '../../src/ports.ts';
import { runTowpath } from '../support/command-line.ts';
import { type MemoryLog, memoryLog } from '../support/memory-log.ts';
import { temporaryFolder } from '../support/temp.ts';
import { until } from '../support/until.ts';

const secret = 'planted-webhook-secret';
const push = { ref: 'refs/heads/main', repository: { clone_url: 'https://git.example/acme/agents.git' } };
let folder: string;
let log: MemoryLog;

const closing: (() => PromiseLike<unknown>)[] = [];
beforeAll(async () => {
  folder = await temporaryFolder('webhooks');
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  expect(log.lines.join('\n')).not.toContain('planted');
});

describe('towpath listen with webhooks', () => {
  it('wakes the namespace whose repository was pushed to, and only that one', async () => {
    const { url, woken } = await listening();

    const answer = await send(url, push);

    expect(answer.status).toBe(204);
    expect(woken).toEqual(['team-a']);
    expect(log.lines.filter((line) => line.includes('Listening for webhooks'))).toHaveLength(1);
  });

  it.each([
    ['an unknown repository', { ...push, repository: { clone_url: 'https://git.example/other/x.git' } }, 202],
    ['a branch of people', { ...push, ref: 'refs/heads/feature' }, 202],
    ['a tag', { ...push, ref: 'refs/tags/v1' }, 202],
  ])('accepts and lets go what tells of %s', async (_, payload, status) => {
    const { url, woken } = await listening();

    expect((await send(url, payload)).status).toBe(status);
    expect(woken).toEqual([]);
  });

  it('wakes at once, and for a shower of them once more', async () => {
    const rests: (() => void)[] = [];
    const { url, woken } = await listening({ sleep: () => new Promise<void>((done) => rests.push(done)) });

    const answers = await Promise.all(Array.from({ length: 20 }, () => send(url, push)));
    const first = [...woken];
    rests.shift()?.();
    await until('the second waking', () => woken.length > 1);
    rests.shift()?.();
    await until('the end of the rest', async () => (await send(url, push)).ok && woken.length > 2);

    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(204));
    expect(first).toEqual(['team-a']);
    expect(woken).toEqual(['team-a', 'team-a', 'team-a']);
  });

  it('answers on a replica that stands by, and wakes nobody', async () => {
    const { url, woken, attend } = await listening();
    attend(null);

    expect((await send(url, push)).status).toBe(202);
    expect(woken).toEqual([]);
  });

  it('takes a new secret at once, and refuses the old one', async () => {
    const { url, secretFile } = await listening();
    await writeFile(`${secretFile}.new`, 'another planted secret\n');
    await rename(`${secretFile}.new`, secretFile);

    const [old, fresh] = [await send(url, push), await send(url, push, 'another planted secret')];

    expect([old.status, fresh.status]).toEqual([401, 204]);
  });

  it('says so where the secret went away, and goes on once it is there again', async () => {
    const { url, secretFile } = await listening();
    await rename(secretFile, `${secretFile}.away`);

    const away = await send(url, push);
    await rename(`${secretFile}.away`, secretFile);
    const back = await send(url, push);

    expect([away.status, back.status]).toEqual([503, 204]);
    expect(log.lines.join('\n')).toContain('there is no such file; check webhooks.secretFile');
  });

  it.each([
    ['is not there', 'gone', 'Cannot use the secret of webhooks'],
    ['is empty', 'empty', 'it is empty; check webhooks.secretFile'],
  ])('does not begin where the secret %s', async (_, name, message) => {
    log = memoryLog();
    await writeFile(join(folder, 'empty'), '\n');
    await writeFile(join(folder, 'api-key'), 'a-key');
    const config = join(folder, `${name}.yaml`);
    await writeFile(config, JSON.stringify(configured(name)));

    const { code, stderr } = await runTowpath(['listen', '--config', config]);

    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
  });
});

describe('the server of webhooks', () => {
  it.each([
    ['without a signature', undefined],
    ['with a wrong one', 'another secret'],
  ])('refuses what comes %s, without a hint', async (_, signer) => {
    const { url, heard } = await serving();

    const answer = await send(url, push, signer ?? null);

    expect([answer.status, await answer.text()]).toEqual([401, 'Unauthorized\n']);
    expect(heard).toEqual([]);
  });

  it('answers only POST, and only there', async () => {
    const { url } = await serving();

    const answers = await Promise.all([
      fetch(`${url}/webhook`),
      fetch(`${url}/`),
      fetch(`${url}/webhook/x`, { method: 'POST' }),
      fetch(`${url}/webhook?a=b`, { method: 'PUT' }),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([405, 404, 404, 405]);
  });

  it('says that it is there when the forge tries it', async () => {
    const { url } = await serving();

    const answer = await send(url, { zen: 'x' }, secret, { 'x-github-event': 'ping' });

    expect(answer.status).toBe(200);
  });

  it('refuses a signed body that is no JSON', async () => {
    const { url } = await serving();

    expect((await send(url, 'no json')).status).toBe(400);
  });

  it.each(['told by its length', 'told in pieces'])('does not read a body that is too large, %s', async (how) => {
    const { url, heard } = await serving({ limits: { bodyBytes: 1000, requestMs: 30_000 } });
    const bytes = Buffer.alloc(4000, 'a');
    const pieces = new ReadableStream({
      start: (controller) => {
        for (let at = 0; at < bytes.length; at += 500) controller.enqueue(bytes.subarray(at, at + 500));
        controller.close();
      },
    });
    const body = how === 'told in pieces' ? { body: pieces, duplex: 'half' as const } : { body: bytes };

    const answer = await fetch(`${url}/webhook`, { method: 'POST', ...body });

    expect(answer.status).toBe(413);
    expect(heard).toEqual([]);
    expect((await send(url, push)).status).toBe(204);
  });

  it('holds no more than fits into its room, however many strangers send large bodies at once', async () => {
    const { url, heard } = await serving({ limits: { bodyBytes: 5000, bodiesBytes: 10_000 } });
    const strangers = [1, 2, 3].map(() => slowSender(url, { length: 4900, first: 4000 }));

    const refused = await Promise.race(strangers.map(async (one) => ({ one, text: await one.said })));
    expect(refused.text).toContain('503 Service Unavailable');
    expect((await send(url, push)).status).toBe(204);

    const others = strangers.filter((one) => one !== refused.one);
    for (const other of others) other.finish();
    for (const other of others) expect(await other.said).toContain('401 Unauthorized');
    expect(heard).toHaveLength(1);
    expect(log.lines.filter((line) => line.includes('too many large ones'))).toHaveLength(1);
  });

  it('hangs up on whoever does not get to the end of a request', async () => {
    const { url } = await serving({ limits: { bodyBytes: 1000, requestMs: 200 } });
    const { port } = new URL(url);

    const said = await new Promise<string>((done) => {
      let text = '';
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('data', (bytes) => {
        text += bytes;
      });
      socket.on('close', () => done(text));
      socket.write('POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab');
    });

    expect(said).toContain('408 Request Timeout');
    expect((await send(url, push)).status).toBe(204);
  });

  it('fills no log, however many strangers come', async () => {
    const { url } = await serving();

    await Promise.all(Array.from({ length: 50 }, () => send(url, push, null)));

    expect(log.lines.filter((line) => line.includes('Refused webhooks'))).toHaveLength(1);
  });
});

/** Sends the beginning of a body, and the rest only when it is told to; what it is told itself comes at the end. */
function slowSender(url: string, { length, first }: { readonly length: number; readonly first: number }) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const said = new Promise<string>((done) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes;
    });
    // Who is refused in the middle may be cut off while he still writes.
    socket.on('error', () => done(text));
    socket.on('close', () => done(text));
  });
  socket.write(
    `POST /webhook HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n${'a'.repeat(first)}`,
  );
  return { said, finish: () => socket.write('a'.repeat(length - first)) };
}

async function serving(changes: Partial<WebhookSettings> = {}) {
  log = memoryLog();
  const heard: unknown[] = [];
  const onChange = (event: unknown): boolean => heard.push(event) > 0;
  const where = { host: '127.0.0.1', port: 0 };
  const server = await startWebhooks({ ...where, secret: async () => secret, onChange, log, ...changes });
  closing.push(() => server.close());
  return { url: server.url, heard };
}

async function listening(clock?: Pick<Clock, 'sleep'>) {
  log = memoryLog();
  const secretFile = join(folder, crypto.randomUUID());
  await writeFile(secretFile, `${secret}\n`);
  const woken: unknown[] = [];
  const webhooks = await openWebhooks(Configuration.parse(configured(secretFile)), log, clock);
  closing.push(() => webhooks[Symbol.asyncDispose]());
  webhooks.attend({ wake: (namespace) => woken.push(namespace) });
  const url = /"url":"([^"]+)\/webhook"/.exec(log.lines.join('\n'))?.[1] ?? '';
  return { url, woken, secretFile, attend: webhooks.attend };
}

function configured(secretFile: string) {
  const engine = 'none';
  return {
    controlPlane: { url: 'http://127.0.0.1:1', apiKeyFile: 'api-key' },
    listener: { id: '0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a11' },
    webhooks: { port: 0, secretFile },
    namespaces: {
      'team-a': { repository: 'https://git.example/acme/agents', engine },
      'team-b': { repository: 'https://git.example/acme/other-agents', engine },
    },
  };
}

/** As GitHub and Gitea send; `signer` null sends it unsigned. */
function send(
  url: string,
  payload: unknown,
  signer: string | null = secret,
  headers: Readonly<Record<string, string>> = { 'x-github-event': 'push' },
): Promise<Response> {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const signature =
    signer === null
      ? {}
      : { 'x-hub-signature-256': `sha256=${createHmac('sha256', signer).update(body).digest('hex')}` };
  return fetch(`${url}/webhook`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers, ...signature },
  });
}
