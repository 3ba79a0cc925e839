import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gitCredentials, sshAccess } from '../../src/adapters/git-credentials.ts';
import { temporaryFolder } from '../support/temp.ts';

describe('credentials for HTTP', () => {
  it('goes without where nothing is configured', async () => {
    expect(await gitCredentials(undefined)(null)).toBeNull();
    expect(await gitCredentials({ sshKeyFile: '/key' })(null)).toBeNull();
  });

  it('reads user name and password from files, without blanks and line ends around them', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'username'), 'bot\n');
    await writeFile(join(folder, 'password'), ' with spaces \r\n');

    const source = gitCredentials({ usernameFile: join(folder, 'username'), passwordFile: join(folder, 'password') });

    expect(await source(null)).toEqual({ kind: 'basic', username: 'bot', password: 'with spaces' });
  });

  it('takes a token from the environment for any user, and a bearer token from a file', async () => {
    const file = join(await temporaryFolder(), 'token');
    await writeFile(file, 'abc');

    expect(await gitCredentials({ passwordEnv: 'GIT_TOKEN' }, { GIT_TOKEN: 'from-env' })(null)).toEqual({
      kind: 'basic',
      username: 'git',
      password: 'from-env',
    });
    expect(await gitCredentials({ bearerTokenFile: file })(null)).toEqual({ kind: 'bearer', token: 'abc' });
  });

  it('sees a new password at the next request, also in a mounted Secret that swaps its symlink', async () => {
    const folder = await temporaryFolder();
    await mount(folder, 'one', 'first');
    const source = gitCredentials({ passwordFile: join(folder, 'password') });
    const before = await source(null);

    await mount(folder, 'two', 'other');
    const after = await source(null);

    expect(before).toMatchObject({ password: 'first' });
    expect(after).toMatchObject({ password: 'other' });
  });

  it('reads anew what the server has refused, though nothing seems to have changed', async () => {
    const file = join(await temporaryFolder(), 'password');
    await writeFile(file, 'first');
    const source = gitCredentials({ passwordFile: file });
    const refused = await source(null);
    await rm(file);

    await expect(source(refused)).rejects.toThrow(`the password file ${file} cannot be used: there is no such file`);
  });

  it.each([
    ['', 'is empty'],
    ['\n', 'is empty'],
    ['one\ntwo\n', 'holds a control character or more than one line'],
    ['evil\r\nX-Header: 1', 'holds a control character or more than one line'],
  ])('refuses a file that holds %j', async (content, why) => {
    const file = join(await temporaryFolder(), 'token');
    await writeFile(file, content);

    await expect(gitCredentials({ bearerTokenFile: file })(null)).rejects.toMatchObject({
      failure: 'auth',
      message: `the bearer token file ${file} cannot be used: it ${why}`,
    });
  });

  it('names every contradiction at once', () => {
    const settings = {
      username: 'a:b',
      usernameFile: '/u',
      passwordFile: '/p',
      passwordEnv: 'P',
      bearerTokenFile: '/t',
    };

    expect(() => gitCredentials(settings)).toThrow(
      'Cannot use the git credentials: give either username or usernameFile; give either passwordFile or passwordEnv; give either bearerTokenFile or a password, not both; username may not hold ":"',
    );
    expect(() => gitCredentials({ username: 'bot' })).toThrow('a user name needs passwordFile or passwordEnv');
  });

  it('says so when the variable is not set', async () => {
    await expect(gitCredentials({ passwordEnv: 'GIT_TOKEN' }, {})(null)).rejects.toThrow(
      'the environment variable GIT_TOKEN cannot be used: it is not set',
    );
  });
});

describe('access by SSH', () => {
  it('needs a key and pinned hosts, and says both', () => {
    expect(() => sshAccess(undefined)).toThrow(/sshKeyFile is missing.*; credentials.sshKnownHostsFile is missing/);
  });

  it('names the file that is not there', async () => {
    const access = sshAccess({ sshKeyFile: '/nowhere/key', sshKnownHostsFile: '/nowhere/known_hosts' });

    await expect(access.privateKey()).rejects.toThrow(
      'the SSH key file /nowhere/key cannot be used: there is no such file',
    );
    await expect(access.knownHosts()).rejects.toMatchObject({ failure: 'auth' });
  });
});

/** As the kubelet does it: a folder a version, and one symlink that moves. */
async function mount(folder: string, version: string, password: string): Promise<void> {
  await mkdir(join(folder, version));
  await writeFile(join(folder, version, 'password'), password);
  await symlink(version, join(folder, `..data-${version}`));
  await rename(join(folder, `..data-${version}`), join(folder, '..data'));
  await symlink('..data/password', join(folder, 'password')).catch(() => {});
}
