/** Who asks an API server: plain accounts and those that only the official client knows give the same kind of answer. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { openAccess } from '../../src/adapters/kubernetes/access.ts';
import { temporaryFolder } from '../support/temp.ts';

let folder: string;

beforeAll(async () => {
  folder = await temporaryFolder('access');
});

function kubeconfig(name: string, user: object, cluster: object = {}): string {
  const path = join(folder, name);
  const text = stringify({
    'current-context': 'first',
    contexts: [
      { name: 'first', context: { cluster: 'one', user: 'somebody' } },
      { name: 'second', context: { cluster: 'two', user: 'somebody' } },
    ],
    clusters: [
      { name: 'one', cluster: { server: 'https://one.example:6443/', ...cluster } },
      { name: 'two', cluster: { server: 'https://two.example:6443' } },
    ],
    users: [{ name: 'somebody', user }],
  });
  writeFileSync(path, text);
  return path;
}

const authorizationOf = async (path: string): Promise<string | undefined> => {
  const { headers } = await openAccess({ kubeconfig: path }).identity();
  return Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
};

describe('a kubeconfig', () => {
  it('names the server of its current context, or of the one that is asked for', () => {
    const path = kubeconfig('contexts', { token: 'secret' });

    expect(openAccess({ kubeconfig: path }).server).toBe('https://one.example:6443');
    expect(openAccess({ kubeconfig: path, context: 'second' }).server).toBe('https://two.example:6443');
  });

  it('gives its token, and that of a file beside it as it is now', async () => {
    mkdirSync(join(folder, 'keys'));
    writeFileSync(join(folder, 'keys/token'), 'from-a-file\n');
    const path = kubeconfig('file', { tokenFile: 'keys/token' });
    const access = openAccess({ kubeconfig: path });
    const before = (await access.identity()).headers;
    writeFileSync(join(folder, 'keys/token'), 'rotated\n');
    const after = (await access.identity()).headers;

    expect(await authorizationOf(kubeconfig('token', { token: 'secret' }))).toBe('Bearer secret');
    expect(before).toEqual({ authorization: 'Bearer from-a-file' });
    expect(after).toEqual({ authorization: 'Bearer rotated' });
  });

  it('may call a plugin for its token, or act as somebody else', async () => {
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'made' },
    };
    const exec = { apiVersion: credential.apiVersion, command: 'echo', args: [JSON.stringify(credential)] };

    expect(await authorizationOf(kubeconfig('plugin', { exec }))).toBe('Bearer made');
    const { headers } = await openAccess({ kubeconfig: kubeconfig('as', { token: 'secret', as: 'ada' }) }).identity();
    expect(headers).toMatchObject({ 'Impersonate-User': 'ada', Authorization: 'Bearer secret' });
  });

  it.each([
    ['there is no such file', { kubeconfig: '/nowhere/kubeconfig' }],
    ['it has no context "third"', { context: 'third' }],
  ])('that cannot be used is refused with the reason: %s', (why, access) => {
    const path = kubeconfig('refused', { token: 'secret' });

    expect(() => openAccess({ kubeconfig: path, ...access })).toThrow(why);
  });
});

it('leaves the models of the official client out of memory where the account is plain', () => {
  const path = kubeconfig('plain', { token: 'secret' });
  const program = `
    import { registerHooks } from 'node:module';
    let loaded = 0;
    registerHooks({ load: (url, context, next) => { if (url.includes('client-node')) loaded += 1; return next(url, context); } });
    const { openKubernetes } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/adapters/kubernetes/http.ts'))});
    openKubernetes({ kubeconfig: ${JSON.stringify(path)} }, { request: () => undefined });
    console.log(loaded);`;

  const loaded = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });

  expect(loaded.trim()).toBe('0');
});
