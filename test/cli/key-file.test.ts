import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { newSecretKey, readOrMakeSecret, readSecret, writePrivately } from '../../src/cli/server/key-file.ts';
import { temporaryFolder } from '../support/temp.ts';

it('makes a secret once, for its owner only, however many ask at the same time', async () => {
  const folder = await temporaryFolder('keys');
  const path = join(folder, 'key');

  const answers = await Promise.all(Array.from({ length: 20 }, () => readOrMakeSecret(path, newSecretKey)));

  expect(new Set(answers).size).toBe(1);
  expect(answers[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(await readSecret(path)).toBe(answers[0]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['key']);
});

it('replaces a file as a whole, and takes its rights from it', async () => {
  const path = join(await temporaryFolder('keys'), 'key');
  await writeFile(path, 'old', { mode: 0o644 });

  await writePrivately(path, 'new\n');

  expect(await readSecret(path)).toBe('new');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it('says what it cannot read', async () => {
  const folder = await temporaryFolder('keys');

  expect(await readSecret(join(folder, 'none'))).toBeNull();
  await expect(readSecret(folder)).rejects.toThrow(`Cannot read the key in "${folder}"`);
});
