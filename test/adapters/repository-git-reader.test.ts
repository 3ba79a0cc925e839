import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GitReader, openGitReader } from '../../src/adapters/repository/reader.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { temporaryFolder } from '../support/temp.ts';

let server: GitServer;
const readers: GitReader[] = [];

beforeAll(async () => {
  server = await startGitServer();
});
afterAll(async () => {
  for (const reader of readers) await reader.close();
  await server.close();
});

async function read(url: string): Promise<GitReader> {
  const reader = openGitReader({ url, branch: 'main', folder: join(await temporaryFolder('reader'), 'clone') });
  readers.push(reader);
  return reader;
}

it('tells the history of a folder as native git does, also of what came while it was open', async () => {
  const remote = await server.repository('audit');
  await remote.seed({ 'deployments/a/x.yaml': '1\n', 'deployments/b/x.yaml': '1\n' }, { message: 'both' });
  await remote.seed({ 'deployments/a/x.yaml': '2\n' }, { message: 'only a' });
  const reader = await read(remote.url);
  const before = await reader.log('deployments/b');
  await remote.seed({ 'deployments/b': null }, { message: 'b goes' });

  const native = (await remote.git('log', '--format=%H', 'main', '--', 'deployments/b')).trim().split('\n');

  expect(before.map(({ subject }) => subject)).toEqual(['both']);
  expect((await reader.log('deployments/b')).map(({ id }) => id)).toEqual(native);
  expect(await reader.log('')).toHaveLength(3);
  await server.repository('empty');
  expect(await (await read(remote.url.replace('audit', 'empty'))).log('')).toEqual([]);
});

it('reads a file as any commit left it', async () => {
  const remote = await server.repository('files');
  const first = await remote.seed({ 'a/x.yaml': 'ünö\n' });
  const second = await remote.seed({ 'a/x.yaml': 'dos\n' });
  const reader = await read(remote.url);

  expect(await reader.read(second, 'a/x.yaml')).toBe('dos\n');
  expect(await reader.read(first, 'a/x.yaml')).toBe('ünö\n');
  expect(await reader.read(first, 'a/y.yaml')).toBeNull();
  await expect(reader.read('1'.repeat(40), 'a/x.yaml')).rejects.toThrow(/Cannot read http/);
});
