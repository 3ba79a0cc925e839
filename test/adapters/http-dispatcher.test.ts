import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Dispatcher, request } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { EnvironmentProxyAgent, routeOf } from '../../src/adapters/http/environment-proxy.ts';
import { type DispatcherSettings, openDispatcher } from '../../src/adapters/http/http-dispatcher.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { type HttpProxy, startHttpProxy } from '../support/http-proxy.ts';
import { temporaryFolder } from '../support/temp.ts';
import { testAuthority } from '../support/tls.ts';

const authority = testAuthority();
const opened: Dispatcher[] = [];
let secure: GitServer;
let plain: GitServer;
let proxy: HttpProxy;
let caFile: string;

beforeAll(async () => {
  caFile = join(await temporaryFolder('ca'), 'ca.pem');
  await writeFile(caFile, `# our own\n${authority.certificate}`);
  [secure, plain, proxy] = await Promise.all([
    startGitServer({ tls: authority.issue() }),
    startGitServer(),
    startHttpProxy(),
  ]);
  await secure.repository('team-a');
  await plain.repository('team-a');
});

afterEach(() => vi.unstubAllEnvs());

afterAll(async () => {
  for (const dispatcher of opened) await dispatcher.close();
  await Promise.all([secure.close(), plain.close(), proxy.close()]);
});

async function discover(server: GitServer, settings: DispatcherSettings): Promise<number> {
  const dispatcher = openDispatcher(settings);
  opened.push(dispatcher);
  const answer = await request(`${server.url}/team-a.git/info/refs?service=git-upload-pack`, { dispatcher });
  await answer.body.dump();
  return answer.statusCode;
}

/** Both spellings, as somebody may have set either. */
function useProxy(url: string, noProxy = ''): void {
  proxy.seen.length = 0;
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) vi.stubEnv(name, url);
  for (const name of ['NO_PROXY', 'no_proxy']) vi.stubEnv(name, noProxy);
}

async function ask(server: GitServer, host: string): Promise<number> {
  const dispatcher = openDispatcher({});
  opened.push(dispatcher);
  const address = new URL(`${server.url}/team-a.git/info/refs?service=git-upload-pack`);
  address.hostname = host;
  const answer = await request(address, { dispatcher });
  await answer.body.dump();
  return answer.statusCode;
}

describe('a private certificate authority', () => {
  it('is trusted when its file is named, and only then', async () => {
    expect(await discover(secure, { caFile })).toBe(200);
    await expect(discover(secure, {})).rejects.toThrow(/certificate/);
  });

  it('does not vouch for a certificate of somebody else', async () => {
    const impostor = await startGitServer({ tls: testAuthority().issue() });

    await expect(discover(impostor, { caFile })).rejects.toThrow(/certificate/);

    await impostor.close();
  });

  it('says what is wrong with the file', async () => {
    const empty = join(await temporaryFolder(), 'empty.pem');
    const damaged = join(await temporaryFolder(), 'damaged.pem');
    await writeFile(empty, 'nothing');
    await writeFile(damaged, authority.certificate.replace(/[A-Za-z]{20}/, 'A'));

    expect(() => openDispatcher({ caFile: '/nowhere.pem', caOption: 'controlPlane.caFile' })).toThrow(
      'Cannot use the certificate authority "/nowhere.pem": there is no such file; check controlPlane.caFile',
    );
    expect(() => openDispatcher({ caFile: empty })).toThrow('it holds no certificate in PEM');
    expect(() => openDispatcher({ caFile: damaged })).toThrow('a certificate in it is damaged or cut off');
  });
});

describe('proxies', () => {
  it('tunnels https through the configured proxy, with our own authority at the other end', async () => {
    proxy.seen.length = 0;

    expect(await discover(secure, { caFile, proxy: proxy.url })).toBe(200);

    expect(proxy.seen).toEqual([`CONNECT ${new URL(secure.url).host}`]);
  });

  it('sends http through it as well', async () => {
    proxy.seen.length = 0;

    expect(await discover(plain, { proxy: proxy.url })).toBe(200);

    expect(proxy.seen.join()).toContain(new URL(plain.url).host);
  });

  it('takes the proxy of the environment, but for the hosts that NO_PROXY names', async () => {
    const far = 'git.example.com';
    useProxy(proxy.url);

    await expect(ask(plain, far)).resolves.toBe(200);
    expect(proxy.seen).toEqual([expect.stringContaining(far)]);

    for (const noProxy of [far, '.example.com', '*', `other.example.com, ${far}`]) {
      useProxy(proxy.url, noProxy);
      const dispatcher = new EnvironmentProxyAgent({
        connect: (_options, refuse) => refuse(new Error('straight'), null),
      });
      opened.push(dispatcher);
      await expect(request(`http://${far}/`, { dispatcher })).rejects.toThrow('straight');
    }
  });

  it.each([
    ['10.1.2.3', '10.0.0.0/8'],
    ['10.1.2.3', 'example.com,10.1.2.0/24 192.168.0.0/16'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['[fd00::1]', 'fd00::/8'],
    ['[fd00::1]', '[fd00::]/8'],
    ['[fd00::1]', 'fd00::1'],
    ['[fd00::1]', '[fd00::1]:1'],
    ['a.example.com', 'EXAMPLE.com'],
    ['a.example.com', '*.example.com:1'],
    ['example.com.', '.example.com'],
    ['10.1.2.3', '10.1.2.3:1'],
    ['any.example', '*'],
  ])('goes straight to %s where NO_PROXY names the network in %s', (host, noProxy) => {
    useProxy(proxy.url, noProxy);

    expect(routeOf(`https://${host}:1/x`)).toBe('');
  });

  it.each([
    ['10.1.2.3', '11.0.0.0/8'],
    ['10.1.2.3', '10.0.0.0/99'],
    ['10.1.2.3', '10.0.0.0/'],
    ['git.example.com', '0.0.0.0/0'],
    ['example.com', '*.example.com'],
    ['example.com', 'example.com:2'],
    ['anexample.com', 'example.com'],
    ['[fd00::1]', 'fd00::2'],
    ['[fd00::1]', '10.0.0.0/8'],
  ])('goes through the proxy to %s where NO_PROXY says %s', (host, noProxy) => {
    useProxy(proxy.url, noProxy);

    expect(routeOf(`https://${host}:1/x`)).toBe(' through the proxy of https_proxy');
  });

  it.each(['127.0.0.1', 'localhost'])('never sends what is meant for this machine, %s, through it', async (host) => {
    useProxy(proxy.url);

    await expect(ask(plain, host)).resolves.toBe(200);

    expect(proxy.seen).toEqual([]);
  });

  it('uses the configured proxy though NO_PROXY names the host: it was said for this one', async () => {
    vi.stubEnv('NO_PROXY', '*');
    proxy.seen.length = 0;

    await discover(secure, { caFile, proxy: proxy.url });

    expect(proxy.seen).toHaveLength(1);
  });

  it('authenticates by the credentials in the proxy’s address', async () => {
    const guarded = await startHttpProxy('planted-word');

    expect(await discover(secure, { caFile, proxy: guarded.url.replace('://', '://user:planted-word@') })).toBe(200);
    await expect(discover(secure, { caFile, proxy: guarded.url })).rejects.toThrow(/407/);

    await guarded.close();
  });
});
