/** The client of a control plane: keys that change, answers that are wrong, and errors without a secret in them. */
import { rename, writeFile } from 'node:fs/promises';
import { createServer as createSecureServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpControlPlane } from '../../src/adapters/control-plane/http.ts';
import { asTowpathError, type TowpathError } from '../../src/domain/failure.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { temporaryFolder } from '../support/temp.ts';
import { testAuthority } from '../support/tls.ts';

let plane: ScriptedControlPlane;
beforeAll(async () => {
  plane = await startScriptedControlPlane();
});
afterAll(() => plane.stop());

function answering(status: number, body: string, headers: Record<string, string> = {}): void {
  plane.script = (_request, response) => {
    response.writeHead(status, headers).end(body);
    return true;
  };
}

const connect = (more: Record<string, string | number> = {}) =>
  httpControlPlane({ url: plane.url, apiKey: 'planted-key', timeoutMs: 60_000, ...more }, plane.listenerId);

async function failure(call: Promise<unknown>): Promise<TowpathError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => asTowpathError(thrown),
  );
  if (!error) throw new Error('Expected a TowpathError');
  return error;
}

async function failureOf(status: number, body: string, headers: Record<string, string> = {}) {
  answering(status, body, headers);
  const client = connect();
  const error = await failure(client.desired(null, 0, AbortSignal.timeout(60_000)));
  await client.close();
  plane.script = null;
  return error;
}

describe('a failure', () => {
  it.each([
    [500, 'oops', {}, 'transient', 'ControlPlaneFailed'],
    [429, '', {}, 'transient', 'TooManyRequests'],
    [503, '', { 'retry-after': '7' }, 'waiting', 'AskedToWait'],
    [401, '{"detail":"no such key"}', {}, 'terminal', 'Unauthorized'],
    [403, '{"detail":"no"}', {}, 'terminal', 'Forbidden'],
    [404, '', {}, 'transient', 'NotFound'],
    [409, '', {}, 'terminal', 'StaleTerm'],
    [422, '{"detail":[{"input":"planted-secret"}]}', {}, 'terminal', 'Refused'],
    [301, '', { location: 'https://elsewhere.example' }, 'transient', 'ControlPlaneFailed'],
    [200, '<html>', {}, 'transient', 'StrangeAnswer'],
    [
      200,
      '{"cursor":"c","reset":true,"more":false,"items":{"kind":"present","name":"planted-secret"}}',
      {},
      'transient',
      'StrangeAnswer',
    ],
  ])('%i %j is classed and says what to do', async (status, body, headers, kind, reason) => {
    const error = await failureOf(status, body, headers as Record<string, string>);

    expect(error).toMatchObject({ kind, reason });
    expect(error.message).toMatch(/^Cannot ask what is wanted at http:\/\/127\.0\.0\.1:\d+: /);
    expect(error.message).not.toContain('planted');
    if (reason === 'AskedToWait') expect(error.retryAfterMs).toBe(7_000);
    if (reason === 'Unauthorized') expect(error.message).toContain('(no such key); check the API key');
  });

  it('names a server that is not there', async () => {
    const client = httpControlPlane({ url: 'http://127.0.0.1:1', apiKey: 'k' }, plane.listenerId);

    const error = await failure(client.info());
    await client.close();

    expect(error).toMatchObject({ kind: 'transient', reason: 'ControlPlaneUnreachable' });
    expect(error.message).toContain('(ECONNREFUSED)');
  });

  it('ends a call whose answer only drips', async () => {
    const drips = new Set<NodeJS.Timeout>();
    plane.script = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 10);
      drips.add(drip);
      response.on('close', () => drips.delete(drip) && clearInterval(drip));
      return true;
    };
    const client = connect({ timeoutMs: 100 });

    const error = await failure(client.info());
    await client.close();
    plane.script = null;

    expect(error).toMatchObject({ kind: 'transient', reason: 'ControlPlaneUnreachable' });
    expect(error.message).toContain('(ETIMEDOUT)');
    await expect.poll(() => drips.size).toBe(0);
  });

  it('ends a call that never gets an answer', async () => {
    plane.script = () => true;
    const client = connect({ timeoutMs: 100 });

    const error = await failure(client.info());
    await client.close();
    plane.script = null;

    expect(error).toMatchObject({ kind: 'transient', reason: 'ControlPlaneUnreachable' });
  });
});

it('takes 404 on its info as another kind of control plane', async () => {
  answering(404, '{"detail":"Not Found"}');
  const client = connect();

  expect(await client.info()).toBeNull();

  plane.script = null;
  expect(await client.info()).toEqual({ version: 'scripted', features: [] });
  await client.close();
});

it('reads the key again when its file changes, and keeps the old one while there is none', async () => {
  const folder = await temporaryFolder('key');
  const file = join(folder, 'api-key');
  await writeFile(file, 'first-key\n');
  const client = httpControlPlane({ url: plane.url, apiKeyFile: file }, plane.listenerId);
  plane.keys.clear();

  await client.info();
  await writeFile(join(folder, 'next'), 'second-key\n');
  await rename(join(folder, 'next'), file);
  await client.info();
  await rename(file, join(folder, 'gone'));
  await client.info();
  await client.close();

  expect([...plane.keys]).toEqual(['first-key', 'second-key']);
});

it('trusts a private authority beside the public ones, and nobody else', async () => {
  const authority = testAuthority();
  const { key, cert } = authority.issue();
  const caFile = join(await temporaryFolder('authority'), 'ca.pem');
  await writeFile(caFile, authority.certificate);
  const server: Server = createSecureServer({ key, cert }, (_request, response) =>
    response.end('{"version":"1","features":[]}'),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const [trusting, wary] = [{ caFile }, {}].map((trust) =>
    httpControlPlane({ url, apiKey: 'k', ...trust }, plane.listenerId),
  );

  expect(await trusting?.info()).toEqual({ version: '1', features: [] });
  const error = await failure(wary?.info() ?? Promise.resolve());
  await Promise.all([trusting?.close(), wary?.close()]);
  server.close();

  expect(error.message).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/);
});
