import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openRepository } from '../../../src/cli/wiring/repository.ts';
import { Git } from '../../../src/domain/configuration.ts';
import { Namespace } from '../../../src/domain/configuration-namespace.ts';
import { draft } from '../../contract/repository.ts';
import { type GitServer, startGitServer } from '../../support/git-server.ts';
import { startSshServer } from '../../support/ssh-server.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { testAuthority } from '../../support/tls.ts';

const authority = testAuthority();
let server: GitServer;
let folder: string;

beforeAll(async () => {
  server = await startGitServer({
    tls: authority.issue(),
    authorize: async (credentials) => (credentials?.password === 'planted' ? 'allow' : 'unauthenticated'),
  });
  folder = await temporaryFolder('wiring');
  await writeFile(join(folder, 'ca.pem'), authority.certificate);
  await writeFile(join(folder, 'password'), 'planted\n');
  await mkdir(join(folder, 'tmp'));
});
afterAll(() => server.close());

it.each(['native', 'isomorphic-git'] as const)(
  'opens what the configuration says, with backend %s',
  async (backend) => {
    vi.stubEnv('TMPDIR', join(folder, 'tmp'));
    const remote = await server.repository(`wired-${backend}`);
    const namespace = Namespace.parse({
      repository: remote.url,
      caFile: join(folder, 'ca.pem'),
      credentials: { passwordFile: join(folder, 'password') },
    });

    const repository = await openRepository(namespace, Git.parse({ backend }), '1.2.3');
    const outcome = await repository.publish(await repository.snapshot(await repository.head()), [
      draft('one', { a: '1' }),
    ]);
    await repository.close();
    await repository.close();

    expect(outcome.kind).toBe('pushed');
    expect(await remote.tree()).toEqual({ a: '1' });
    expect(await readdir(join(folder, 'tmp'))).toEqual([]);
    vi.unstubAllEnvs();
  },
);

it('goes over SSH where the address says so', async () => {
  const [user, host] = [ssh2.utils.generateKeyPairSync('ed25519'), ssh2.utils.generateKeyPairSync('ed25519')];
  const remote = await server.repository('wired-ssh');
  const ssh = await startSshServer({ root: server.root, authorizedKeys: [user.public], hostKeys: [host.private] });
  await writeFile(join(folder, 'key'), user.private);
  await writeFile(join(folder, 'known_hosts'), `[127.0.0.1]:${ssh.port} ${host.public}\n`);
  const namespace = Namespace.parse({
    repository: `ssh://git@127.0.0.1:${ssh.port}${remote.path}`,
    credentials: { sshKeyFile: join(folder, 'key'), sshKnownHostsFile: join(folder, 'known_hosts') },
  });

  const repository = await openRepository(namespace, Git.parse({}), '1.2.3');
  const outcome = await repository.publish(await repository.snapshot(await repository.head()), [
    draft('one', { a: '1' }),
  ]);

  expect(outcome.kind).toBe('pushed');
  expect((await remote.log()).map(({ subject }) => subject)).toEqual(['one']);
  await expect(openRepository(namespace, Git.parse({ backend: 'isomorphic-git' }), '1.2.3')).rejects.toThrow(
    'isomorphic-git has no SSH',
  );
  await repository.close();
  await ssh.close();
});

it('reads a server with the old protocol by isomorphic-git, and says so once', async () => {
  const old = await startGitServer({ oldProtocol: true });
  const remote = await old.repository('wired-old');
  await remote.seed({ a: '1' });
  const told: string[] = [];
  const open = (more: object = {}) =>
    openRepository(Namespace.parse({ repository: remote.url, ...more }), Git.parse({}), '1.2.3', undefined, () =>
      told.push('old'),
    );

  const repository = await open();
  const snapshot = await repository.snapshot(await repository.head());
  const outcome = await repository.publish(snapshot, [draft('one', { b: '2' })]);
  await repository.head();
  await repository.close();

  expect(outcome.kind).toBe('pushed');
  expect(await remote.tree()).toEqual({ a: '1', b: '2' });
  expect(told).toEqual(['old']);
  const proposing = await open({ publication: { mode: 'proposed', forge: 'gitea', tokenEnv: 'FORGE_TOKEN' } });
  await expect(proposing.head()).rejects.toThrow('with publication.mode "direct" Towpath reads such a server');
  await proposing.close();
  await old.close();
});
