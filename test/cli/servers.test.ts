/** `towpath control-plane` and `towpath listen` as processes: keys, TLS, faults at the start, and the end. */

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runTowpath, startTowpath } from '../support/command-line.ts';
import { emptyDatabase } from '../support/database.ts';
import { eventually } from '../support/dev-process.ts';
import { temporaryFolder } from '../support/temp.ts';
import { testAuthority } from '../support/tls.ts';

const hex = (digit: string): string => digit.repeat(64);

describe('towpath control-plane', () => {
  it('shows its admin key once, serves HTTPS, changes its encryption key, and goes on', async () => {
    const folder = await temporaryFolder('servers');
    const data = join(folder, 'data');
    const authority = testAuthority();
    const tls = authority.issue();
    writeFileSync(join(folder, 'tls.crt'), tls.cert);
    writeFileSync(join(folder, 'tls.key'), tls.key);
    writeFileSync(join(folder, 'new.key'), hex('c'));
    const withTls = ['--tls-cert-file', join(folder, 'tls.crt'), '--tls-key-file', join(folder, 'tls.key')];

    const first = await serve(['--data', data, ...withTls]);
    const key = /shown this once: (tp_admin_\S+)/.exec(first.output())?.[1] ?? '';
    const made = await ask(first.url, '/towpath/v1/workspaces', key, authority.certificate);
    expect(first.url).toMatch(/^https:/);
    expect(made).toBe(200);
    expect(await first.end()).toBe(0);

    const keys = ['--encryption-key-file', join(folder, 'new.key'), '--old-encryption-key-file'];
    const rotated = await runTowpath([
      'control-plane',
      'rotate-key',
      '--data',
      data,
      ...keys,
      join(data, 'encryption-key'),
    ]);
    expect(rotated).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/sets of secrets are now encrypted with key/),
    });

    const second = await serve(['--data', data, '--encryption-key-file', join(folder, 'new.key'), ...withTls]);
    expect(await ask(second.url, '/towpath/v1/workspaces', key, authority.certificate)).toBe(200);
    expect(second.output()).not.toContain('tp_admin_');
    expect(await second.end()).toBe(0);
  });

  it('warns where keys would travel in plain, and only there', async () => {
    const data = join(await temporaryFolder('plain'), 'data');
    await emptyDatabase(join(data, 'database'));

    for (const [host, warns] of [
      ['0.0.0.0', true],
      ['127.0.0.1', false],
    ] as const) {
      const server = await serve(['--data', data, '--host', host]);
      expect(await server.end()).toBe(0);
      expect(server.output().includes('Serving plain HTTP beyond this machine')).toBe(warns);
    }
  });

  it('shows its admin key also where it cannot go on, since the next start has none to show', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const port = String((taken.address() as AddressInfo).port);
    const data = join(await temporaryFolder('servers'), 'data');
    await emptyDatabase(join(data, 'database'));

    const { code, stdout, stderr } = await runTowpath(['control-plane', '--data', data, '--port', port]);
    taken.close();

    expect(code).toBe(1);
    expect(stderr).toContain('another program listens there');
    expect(stdout).toMatch(/shown this once: tp_admin_\S+/);
  });

  it.each([
    ['half of TLS', ['--tls-cert-file', 'a.crt'], {}, '--tls-cert-file and --tls-key-file belong together'],
    ['a weak admin key', [], { TOWPATH_ADMIN_KEY: 'short' }, 'it has fewer than 32 characters'],
    ['an encryption key that is none', [], { TOWPATH_ENCRYPTION_KEY: 'zz' }, 'expected 64 hex digits'],
    [
      'Postgres without a key',
      ['--database-url', 'postgres://a:planted-pw@127.0.0.1:1/x'],
      {},
      'without an encryption key',
    ],
    ['a port that is none', ['--port', '70000'], {}, 'Expected a port: 0 to 65535.'],
    [
      'Postgres that is not there',
      ['--database-url', 'postgres://a:planted-pw@127.0.0.1:1/x'],
      { TOWPATH_ENCRYPTION_KEY: hex('a') },
      'Cannot open the database at 127.0.0.1:1/x',
    ],
  ])('refuses in a sentence: %s', async (_, words, env, wanted) => {
    const data = join(await temporaryFolder('refused'), 'data');
    await emptyDatabase(join(data, 'database'));

    const { code, stderr, stdout } = await runTowpath(['control-plane', '--data', data, ...words], { env });

    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(wanted) });
    expect(stderr + stdout).not.toMatch(/^\s+at |planted-pw/m);
  });
});

describe('towpath listen', () => {
  it('waits for a control plane that is not there, says so without a secret, and stops when it is told to', async () => {
    const folder = await temporaryFolder('listen');
    const path = join(folder, 'towpath.yaml');
    writeFileSync(join(folder, 'api-key'), 'planted-api-key-0123456789\n');
    writeFileSync(
      path,
      `controlPlane: { url: "http://127.0.0.1:1", apiKeyFile: api-key }
listener: { id: 0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a11 }
namespaces: { team-a: { repository: "http://127.0.0.1:1/team-a.git" } }
`,
    );
    const child = startTowpath(['listen', '--config', path]);
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const ended = new Promise<number | null>((done) => child.on('exit', done));

    await eventually('a complaint', async () => (output.includes('ECONNREFUSED') ? true : null));
    child.kill('SIGTERM');

    expect(await ended).toBe(0);
    expect(output).toContain('Cannot ask the control plane what is wanted');
    expect(output).not.toContain('planted-api-key');
    for (const line of output.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg');
  });

  it('refuses a configuration with everything that is wrong with it', async () => {
    const path = join(await temporaryFolder('listen'), 'towpath.yaml');
    writeFileSync(path, 'listener: { id: 7 }\nnamespces: {}\n');

    const { code, stderr } = await runTowpath(['listen', '--config', path]);

    expect(code).toBe(1);
    expect(stderr).toContain(`${path}:1 listener.id: expected a UUID`);
    expect(stderr).toContain(`${path}:2 namespces: unknown option; did you mean namespaces?`);
  });
});

async function serve(words: readonly string[]) {
  const child = startTowpath(['control-plane', '--port', '0', ...words]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | null>((done) => child.on('exit', done));
  const url = await eventually('the control plane is ready', async () => /"url":"([^"]+)"/.exec(output)?.[1] ?? null);
  return {
    url,
    output: () => output,
    end: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** The status of an answer over a certificate that only this test trusts. */
function ask(url: string, path: string, key: string, ca: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'X-Api-Key': key };
    const asked = request(`${url}${path}`, { ca, headers, checkServerIdentity: () => undefined }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', reject).end();
  });
}
