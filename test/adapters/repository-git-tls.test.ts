/** The whole way to a guarded git server: private authority, proxy, and a password that is changed meanwhile. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dispatcher } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { gitCredentials } from '../../src/adapters/git-credentials.ts';
import { openDispatcher } from '../../src/adapters/http/http-dispatcher.ts';
import { GitRepository } from '../../src/adapters/repository/repository.ts';
import { asTowpathError } from '../../src/domain/failure.ts';
import { HttpTransport } from '../../src/git/http-transport.ts';
import { draft } from '../contract/repository.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { type HttpProxy, startHttpProxy } from '../support/http-proxy.ts';
import { temporaryFolder } from '../support/temp.ts';
import { testAuthority } from '../support/tls.ts';

const authority = testAuthority();
let password = 'planted-first';
let server: GitServer;
let proxy: HttpProxy;
let folder: string;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  folder = await temporaryFolder('tls');
  await writeFile(join(folder, 'ca.pem'), authority.certificate);
  await writeFile(join(folder, 'password'), `${password}\n`);
  server = await startGitServer({
    tls: authority.issue(),
    authorize: async (credentials) => {
      if (credentials?.username === 'reader') return 'deny';
      return credentials?.password === password ? 'allow' : 'unauthenticated';
    },
  });
  proxy = await startHttpProxy();
});

afterAll(async () => {
  for (const one of opened) await one.close();
  await proxy.close();
  await server.close();
});

async function open(url: string, username = 'bot', settings = {}): Promise<GitRepository> {
  const dispatcher: Dispatcher = await openDispatcher({ caFile: join(folder, 'ca.pem'), ...settings });
  const credentials = gitCredentials({ username, passwordFile: join(folder, 'password') });
  const transport = new HttpTransport({ url, credentials, dispatcher });
  const repository = new GitRepository({ branch: 'main', transport });
  opened.push(repository, dispatcher);
  return repository;
}

it('publishes through a proxy, and goes on when the password has changed', async () => {
  const remote = await server.repository('changing');
  const repository = await open(remote.url, 'bot', { proxy: proxy.url });
  const first = await repository.publish(await repository.snapshot(await repository.head()), [
    draft('one', { a: '1' }),
  ]);

  password = 'planted-second';
  const refused = await repository.head().catch(asTowpathError);
  await writeFile(join(folder, 'password'), password);
  const second = await repository.publish(await repository.snapshot(await repository.head()), [
    draft('two', { a: '2' }),
  ]);

  expect([first.kind, second.kind]).toEqual(['pushed', 'pushed']);
  expect(refused).toMatchObject({ kind: 'terminal', reason: 'GitAuthentication' });
  expect(String(refused)).not.toContain('planted');
  expect((await remote.log()).map(({ subject }) => subject)).toEqual(['two', 'one']);
  expect(new Set(proxy.seen)).toEqual(new Set([`CONNECT ${new URL(server.url).host}`]));
});

it('tells who may not from who is not known', async () => {
  const remote = await server.repository('guarded');

  const denied = await (await open(remote.url, 'reader')).head().catch(asTowpathError);

  expect(denied).toMatchObject({ kind: 'terminal', reason: 'GitPermission' });
});

it('does not trust a server that another authority vouches for, and says what to configure', async () => {
  const impostor = await startGitServer({ tls: testAuthority().issue() });
  const remote = await impostor.repository('impostor');

  const refused = await (await open(remote.url)).head().catch(asTowpathError);

  expect(refused).toMatchObject({ kind: 'terminal', reason: 'GitUnusable' });
  expect(String(refused)).toContain('certificate is not trusted');
  await impostor.close();
});
