/** What doctor says of git servers that a listener can use, but not as it would like to. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkRepository } from '../../src/cli/doctor/repository-checks.ts';
import { Git } from '../../src/domain/configuration.ts';
import { Namespace } from '../../src/domain/configuration-namespace.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';

const servers: GitServer[] = [];
beforeAll(async () => {
  servers.push(await startGitServer(), await startGitServer({ oldProtocol: true }));
});
afterAll(async () => {
  for (const server of servers) await server.close();
});

it.each([
  ['has filters', 0, 'true', []],
  ['has no filters', 0, 'false', [{ title: 'filters', verdict: 'warning' }]],
  ['speaks the old protocol', 1, 'false', [{ title: 'protocol', verdict: 'warning' }]],
])('reads a file of a server that %s', async (name, index, filter, more) => {
  const server = servers[index];
  const remote = await server?.repository(name.replaceAll(' ', '-'));
  if (!remote || !server) throw new Error('no server');
  await remote.seed({ 'folder/file': 'read' });
  await remote.git('config', 'uploadpack.allowFilter', filter);

  const { head, findings } = await checkRepository(Namespace.parse({ repository: remote.url }), Git.parse({}));

  expect(head).toBe(await remote.head());
  const [read, ...others] = findings.filter(({ title }) => title !== 'push');
  expect(read).toMatchObject({ title: 'read', verdict: 'ok' });
  expect(others).toMatchObject(more);
});

it('fails where a file cannot be had, which a listener would notice only later', async () => {
  const [server] = servers;
  const remote = await server?.repository('broken');
  if (!remote || !server) throw new Error('no server');
  await remote.seed({ file: 'lost' });
  server.inject({ kind: 'before', on: { method: 'POST', path: /upload-pack$/ }, run: async () => undefined });
  server.inject({ kind: 'before', on: { method: 'POST', path: /upload-pack$/ }, run: async () => undefined });
  server.inject({ kind: 'status', status: 403, on: { method: 'POST', path: /upload-pack$/ } });

  const { findings } = await checkRepository(Namespace.parse({ repository: remote.url }), Git.parse({}));

  expect(findings).toMatchObject([{ title: 'read', verdict: 'failed' }]);
});
