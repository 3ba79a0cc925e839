/** A GitHub App instead of a password: git and the doctor use its tokens, and new ones where those end. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkForge } from '../../../src/cli/doctor/forge-checks.ts';
import { openRepository } from '../../../src/cli/wiring/repository.ts';
import { Configuration } from '../../../src/domain/configuration.ts';
import type { Namespace } from '../../../src/domain/configuration-namespace.ts';
import { draft } from '../../contract/repository.ts';
import { type GithubServer, startGithubServer } from '../../support/github-server.ts';
import { temporaryFolder } from '../../support/temp.ts';

let server: GithubServer;
let folder: string;

beforeEach(async () => {
  server = await startGithubServer();
  folder = await temporaryFolder('github-app');
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(join(folder, 'app.pem'), privateKey.export({ type: 'pkcs1', format: 'pem' }));
  server.world.app = {
    id: 7,
    clientId: 'Iv1.7',
    slug: 'towpath',
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    permissions: { contents: 'write', metadata: 'read', pull_requests: 'write' },
    installations: new Map([[42, { repositories: ['acme/agents'], suspended: false }]]),
    tokenLifeMs: 3_600_000,
  };
});
afterEach(() => server.close());

it('pushes by the tokens of its installation, and by a new one where the old one was revoked', async () => {
  const { git } = await server.repository('acme/agents');
  const { settings, configuration } = configured();
  const repository = await openRepository(settings, configuration.git, '1.2.3');
  const push = async (text: string) =>
    repository.publish(await repository.snapshot(await repository.head()), [draft(text, { [text]: text })]);

  await push('one');
  for (const token of server.world.tokens.keys()) server.revoke(token);
  await push('two');
  await repository.close();

  expect(await git.tree()).toEqual({ one: 'one', two: 'two' });
});

it('pushes though GitHub’s machines learn of a new token one after the other', async () => {
  const { git } = await server.repository('acme/agents');
  if (server.world.app) server.world.app.tokenLagMs = 300;
  const { settings, configuration } = configured();
  const repository = await openRepository(settings, configuration.git, '1.2.3');

  await repository.publish(await repository.snapshot(await repository.head()), [draft('one', { one: '1' })]);
  await repository.close();

  expect(await git.tree()).toEqual({ one: '1' });
});

it('is told by doctor what it may do, and what it lacks', async () => {
  const served = await server.repository('acme/agents');
  await served.git.seed({ 'README.md': 'hello\n' });
  const { settings, configuration } = configured();

  const good = await checkForge(configuration, settings);
  if (server.world.app) server.world.app.permissions = { contents: 'write', metadata: 'read' };
  const lacking = await checkForge(configuration, settings);

  expect(good.filter(({ verdict }) => verdict === 'failed')).toEqual([]);
  expect(good).toContainEqual(expect.objectContaining({ title: 'permissions', verdict: 'ok' }));
  expect(good[0]?.message).toBe('the token is good, and belongs to towpath[bot]');
  expect(lacking).toContainEqual(
    expect.objectContaining({ verdict: 'failed', message: 'the App lacks pull_requests: write' }),
  );
});

it('is missed in a sentence where it is not installed for the repository', async () => {
  server.world.app?.installations.clear();
  await server.repository('acme/agents');
  const { settings, configuration } = configured();
  const repository = await openRepository(settings, configuration.git, '1.2.3');

  const error = await repository.head().catch((caught: unknown) => caught);
  await repository.close();

  expect(error).toMatchObject({
    kind: 'terminal',
    message: expect.stringContaining('install the App for acme/agents'),
  });
  expect(String(error)).not.toContain('PRIVATE KEY');
});

function configured(): { readonly settings: Namespace; readonly configuration: Configuration } {
  const configuration = Configuration.parse({
    controlPlane: { url: 'http://127.0.0.1:1', apiKeyFile: join(folder, 'api-key') },
    listener: { id: '0b6c8f0e-64f5-4f6c-9b68-0b3a2f0f7a11' },
    namespaces: {
      'team-a': {
        repository: `${server.url}/acme/agents.git`,
        engine: 'none',
        credentials: { githubApp: { id: 7, privateKeyFile: join(folder, 'app.pem') } },
        publication: { mode: 'proposed', forge: 'github', apiUrl: server.apiUrl },
      },
    },
  });
  const [settings] = Object.values(configuration.namespaces);
  if (settings === undefined) throw new Error('there is no namespace');
  return { settings, configuration };
}
