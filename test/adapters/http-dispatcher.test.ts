import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Dispatcher, request } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type DispatcherSettings, openDispatcher } from '../../src/adapters/http-dispatcher.ts';
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
  const dispatcher = await openDispatcher(settings);
  opened.push(dispatcher);
  const answer = await request(`${server.url}/team-a.git/info/refs?service=git-upload-pack`, { dispatcher });
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

    await expect(openDispatcher({ caFile: '/nowhere.pem' })).rejects.toThrow(
      'Cannot read caFile /nowhere.pem: it does not exist',
    );
    await expect(openDispatcher({ caFile: empty })).rejects.toThrow('it holds no PEM certificate');
    await expect(openDispatcher({ caFile: damaged })).rejects.toThrow('a certificate is damaged');
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
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    vi.stubEnv('https_proxy', proxy.url);
    proxy.seen.length = 0;
    await discover(secure, { caFile });
    const through = proxy.seen.length;

    vi.stubEnv('NO_PROXY', 'localhost');
    vi.stubEnv('no_proxy', 'localhost');
    await discover(secure, { caFile });

    expect(through).toBe(1);
    expect(proxy.seen).toHaveLength(1);
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
