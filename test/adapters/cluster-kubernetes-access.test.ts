/** Who asks an API server: plain accounts and those that only the official client knows give the same kind of answer. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { openAccess } from '../../src/adapters/kubernetes/access.ts';
import { openKubernetes } from '../../src/adapters/kubernetes/http.ts';
import { startHttpProxy } from '../support/http-proxy.ts';
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

describe('a credential plugin', () => {
  const version = 'client.authentication.k8s.io/v1';
  const answering = (status: object): string =>
    `console.log(JSON.stringify({ apiVersion: '${version}', kind: 'ExecCredential', status: ${JSON.stringify(status)} }))`;

  /** A program of its own beside the kubeconfig, as plugins are. */
  function plugin(name: string, program: string): string {
    mkdirSync(join(folder, 'plugins'), { recursive: true });
    const path = join(folder, 'plugins', name);
    writeFileSync(path, `#!${process.execPath}\n${program}\n`, { mode: 0o755 });
    return path;
  }

  const withPlugin = (name: string, exec: object): string =>
    kubeconfig(name, { exec: { apiVersion: version, interactiveMode: 'Never', ...exec } });

  it('is found beside the kubeconfig where its path is relative, wherever we were started', async () => {
    plugin('relative', answering({ token: 'made' }));

    expect(await authorizationOf(withPlugin('relative', { command: './plugins/relative' }))).toBe('Bearer made');
    expect(await authorizationOf(withPlugin('relative', { command: 'plugins/relative' }))).toBe('Bearer made');
  });

  it('gets its arguments and variables, and what Kubernetes tells a plugin', async () => {
    const program = `const { kind, spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
      const token = [kind, spec.interactive, process.env.ROLE, ...process.argv.slice(2)].join('-');
      ${answering({ token: 'TOKEN' }).replace('"TOKEN"', 'token')}`;
    const exec = { command: plugin('told', program), args: ['a', 'b'], env: [{ name: 'ROLE', value: 'reader' }] };

    expect(await authorizationOf(withPlugin('told', exec))).toBe('Bearer ExecCredential-false-reader-a-b');
  });

  it('runs once for callers at one time, and again when what it gave has ended', async () => {
    const counting = (expirationTimestamp: string): string => `
      const fs = require('node:fs'); const file = __filename + '.count';
      const count = Number(fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : 0) + 1;
      fs.writeFileSync(file, String(count));
      ${answering({ token: 'TOKEN', expirationTimestamp }).replace('"TOKEN"', "'t' + count")}`;
    const tokens = async (name: string, end: string): Promise<unknown[]> => {
      const access = openAccess({ kubeconfig: withPlugin(name, { command: plugin(name, counting(end)) }) });
      const both = await Promise.all([access.identity(), access.identity()]);
      return [...both, await access.identity()].map(({ headers }) => headers['authorization']);
    };

    expect(await tokens('lasting.cjs', '2999-01-01T00:00:00Z')).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t1']);
    expect(await tokens('ended.cjs', '2000-01-01T00:00:00Z')).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2']);
  });

  it.each<[string, object | (() => object), RegExp]>([
    [
      'is missing: with the hint of the kubeconfig',
      { command: 'no-such-plugin', installHint: 'Install it:\n  see https://plugins.example' },
      /"no-such-plugin" .*: it is not installed, or not in PATH; Install it: see https:\/\/plugins\.example$/,
    ],
    ['is missing', { command: 'no-such-plugin' }, /not in PATH; install it, or write its whole path$/],
    ['is missing beside the kubeconfig', { command: './no-such-plugin' }, /it is not installed/],
    [
      'fails: with its own words, without secrets',
      () => ({
        command: plugin('fails', "console.error('SSO expired; run login. password=hunter22'); process.exit(3)"),
      }),
      /it failed with exit code 3: SSO expired; run login\. password=\[redacted\]$/,
    ],
    ['fails without a word', () => ({ command: plugin('silent', 'process.exit(1)') }), /exit code 1 and said nothing$/],
    ['is no program', () => ({ command: folder }), /this user may not run it; make it executable$/],
    ['answers nothing', () => ({ command: plugin('nothing', '') }), /it did not answer an ExecCredential in JSON$/],
    [
      'answers no credential',
      () => ({ command: plugin('empty', answering({})) }),
      /neither a token nor a client certificate$/,
    ],
    [
      'never stops answering',
      () => ({ command: plugin('endless', "for (;;) require('node:fs').writeSync(1, 'x'.repeat(65536))") }),
      /it printed more than 1 MiB$/,
    ],
  ])('that %s', async (_case, exec, words) => {
    const path = withPlugin('failing', typeof exec === 'function' ? exec() : exec);

    const failure = (await authorizationOf(path).catch((error: unknown) => error)) as Error;

    expect(failure).toMatchObject({ kind: 'transient', reason: 'CredentialPlugin' });
    expect(failure.message).toMatch(/^Cannot log in by the credential plugin ".*" of the kubeconfig ".*": /);
    expect(failure.message).toMatch(words);
  });
});

describe('a proxy of the environment', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('serves the server of a kubeconfig, whoever asks, unless NO_PROXY names it', () => {
    for (const user of [{ token: 'secret' }, { token: 'secret', as: 'ada' }]) {
      const path = kubeconfig('proxied', user);
      vi.stubEnv('https_proxy', 'http://proxy.example:3128');
      expect(openAccess({ kubeconfig: path }).route).toBe(' through the proxy of https_proxy');
      vi.stubEnv('no_proxy', '.example');
      expect(openAccess({ kubeconfig: path }).route).toBe('');
      vi.unstubAllEnvs();
    }
  });

  it('is really asked', async () => {
    const proxy = await startHttpProxy();
    vi.stubEnv('https_proxy', proxy.url);
    vi.stubEnv('no_proxy', '');
    const server = 'https://api.example:9';
    for (const user of [{ token: 'secret' }, { token: 'secret', as: 'ada' }]) {
      const kubernetes = openKubernetes(
        { kubeconfig: kubeconfig('asked', user, { server }) },
        { request: () => undefined },
      );
      await expect(kubernetes.json({ method: 'GET', path: '/version', purpose: 'ask' })).rejects.toThrow(
        'Cannot ask at https://api.example:9 through the proxy of https_proxy',
      );
      await kubernetes.close();
    }

    expect(proxy.seen).toEqual(['CONNECT api.example:9', 'CONNECT api.example:9']);
    await proxy.close();
  });

  it('is not asked by a pod for its own API server', () => {
    vi.stubEnv('https_proxy', 'http://proxy.example:3128');
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '10.96.0.1');

    expect(openAccess({}).route).toBe('');
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
