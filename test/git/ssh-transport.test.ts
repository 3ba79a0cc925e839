import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprint } from '../../src/git/known-hosts.ts';
import type { SshAccess } from '../../src/git/ssh-connection.ts';
import { sshTransport } from '../../src/git/ssh-transport.ts';
import type { Transport } from '../../src/git/transport.ts';
import { nativeGit, nativeGitBytes } from '../support/native-git.ts';
import { type SshServer, type SshServerOptions, startSshServer } from '../support/ssh-server.ts';
import { temporaryFolder } from '../support/temp.ts';
import { type TestRepository, testRepository } from '../support/test-repository.ts';

const user = ssh2.utils.generateKeyPairSync('ed25519');
const host = ssh2.utils.generateKeyPairSync('ed25519');
const stranger = ssh2.utils.generateKeyPairSync('ed25519');
const open: { close(): Promise<void> }[] = [];

let root: string;
let server: SshServer;
let repository: TestRepository;

beforeAll(async () => {
  root = await temporaryFolder('ssh');
  repository = await bare("team a/it's.git");
  await repository.seed({ 'README.md': 'hello\n' });
  server = await serve();
});

afterAll(async () => {
  for (const one of open.reverse()) await one.close();
});

describe('git over SSH', () => {
  it('reads refs over protocol 2 and pushes, all on one connection', async () => {
    const transport = connect();
    const before = server.connections.length;

    const capabilities = await transport.advertise('git-upload-pack');
    const refs = await text(transport.request('git-upload-pack', lsRefs));
    const pushed = await push(transport, 'over ssh');

    expect(capabilities.toString()).toMatch(/^000eversion 2\n/);
    expect(refs).toContain('refs/heads/main');
    expect(pushed.answer).toContain('unpack ok');
    expect(await repository.head()).toBe(pushed.commit);
    expect(server.connections.length - before).toBe(1);
    await repository.fsck();
  });

  it('asks nothing twice: what was advertised is the channel of the next request', async () => {
    const transport = connect();
    const before = server.commands.length;

    await transport.advertise('git-upload-pack');
    await text(transport.request('git-upload-pack', lsRefs));
    await text(transport.request('git-upload-pack', lsRefs));

    expect(server.commands.length - before).toBe(2);
  });

  it('sends a pack of many megabytes without taking a busy line for a silent one', async () => {
    const own = await serve({
      intercept: (command, channel) => {
        if (!command.includes('receive-pack')) return false;
        let received = 0;
        channel.write('0000');
        // A slow reader: the answer comes long after the idle time-out, but the line is never idle for that long.
        channel.on('data', (chunk: Buffer) => {
          received += chunk.length;
          channel.pause();
          setTimeout(() => channel.resume(), 10);
        });
        channel.on('end', () => {
          channel.write(`${received}`);
          channel.exit(0);
          channel.end();
        });
        return true;
      },
    });
    const transport = connect({ port: own.port, idleTimeoutMs: 3_000 });

    const answer = await text(transport.request('git-receive-pack', [Buffer.alloc(12_000_000)]));

    expect(answer).toBe('12000000');
  });

  it('connects again when the server has cut the connection', async () => {
    const own = await serve();
    const transport = connect({ port: own.port });
    await text(transport.request('git-upload-pack', lsRefs));
    own.cut();

    await expect.poll(() => text(transport.request('git-upload-pack', lsRefs))).toContain('refs/heads/main');
  });

  it.each(['ignore', 'no-shell'] as const)('copes with a server that does not take the protocol: %s', async (how) => {
    const own = await serve({ gitProtocol: how });
    const transport = connect({ port: own.port });

    const refs = text(transport.request('git-upload-pack', lsRefs));

    if (how === 'ignore') expect(await refs).toContain('refs/heads/main');
    else
      await expect(refs).rejects.toMatchObject({
        failure: 'unusable',
        message: expect.stringContaining('AcceptEnv GIT_PROTOCOL'),
      });
  });

  it.each([
    ['ecdsa', { bits: 256 as const }],
    ['rsa', { bits: 2048 }],
  ] as const)('works with %s keys on both sides', async (type, options) => {
    const key = ssh2.utils.generateKeyPairSync(type, options as never);
    const own = await serve({ hostKeys: [key.private], authorizedKeys: [key.public] });
    const transport = connect({ port: own.port, hostKey: key.public, key: key.private });

    expect(await text(transport.request('git-upload-pack', lsRefs))).toContain('refs/heads/main');
  });

  it('asks a server with several host keys for the one that is pinned', async () => {
    const other = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
    const own = await serve({ hostKeys: [host.private, other.private] });
    const transport = connect({ port: own.port, hostKey: other.public });

    expect(await text(transport.request('git-upload-pack', lsRefs))).toContain('refs/heads/main');
  });
});

describe('what is refused, and with which words', () => {
  it('does not talk to an unknown host, and says how to make it known', async () => {
    const transport = connect({ hostKey: null });
    const key = Buffer.from(host.public.split(' ')[1] ?? '', 'base64');

    const attempt = transport.advertise('git-upload-pack');

    await expect(attempt).rejects.toMatchObject({ failure: 'unusable' });
    await expect(attempt).rejects.toThrow(fingerprint(key));
    await expect(attempt).rejects.toThrow(`[127.0.0.1]:${server.port} ssh-ed25519 ${key.toString('base64')}`);
    await expect(attempt).rejects.toThrow('/etc/towpath/known_hosts');
  });

  it('does not talk to a host whose key has changed, or is revoked', async () => {
    const changed = connect({ hostKey: stranger.public });
    const name = `[127.0.0.1]:${server.port}`;
    const revoked = connect({ knownHosts: `${name} ${host.public}\n@revoked * ${host.public}` });

    await expect(changed.advertise('git-upload-pack')).rejects.toMatchObject({
      failure: 'unusable',
      message: expect.stringContaining('Somebody may be in between'),
    });
    await expect(revoked.advertise('git-upload-pack')).rejects.toMatchObject({
      failure: 'unusable',
      message: expect.stringContaining('known_hosts:2 revokes'),
    });
  });

  it('names the user when the key is not known there', async () => {
    await expect(connect({ key: stranger.private }).advertise('git-upload-pack')).rejects.toMatchObject({
      failure: 'auth',
      message: expect.stringContaining('refused the SSH key for the user "git"'),
    });
  });

  it('says what to do about a key with a passphrase, and about a file that is no key', async () => {
    const locked = ssh2.utils.generateKeyPairSync('ed25519', { passphrase: 'x', cipher: 'aes256-ctr', rounds: 4 });

    await expect(connect({ key: locked.private }).advertise('git-upload-pack')).rejects.toMatchObject({
      failure: 'auth',
      message: expect.stringContaining('ssh-keygen -p -f /etc/towpath/key'),
    });
    await expect(connect({ key: 'planted-nonsense' }).advertise('git-upload-pack')).rejects.toMatchObject({
      failure: 'auth',
      message: 'the SSH key /etc/towpath/key is no private key in OpenSSH or PEM format',
    });
  });

  it('tells a missing repository from one that may not be written', async () => {
    const missing = connect({ path: 'nothing.git' });
    const own = await serve({
      intercept: (command, channel) => {
        if (!command.includes('receive-pack')) return false;
        channel.stderr.write('ERROR: Permission to team/a.git denied to bot.\n');
        channel.exit(1);
        channel.end();
        return true;
      },
    });

    await expect(missing.advertise('git-upload-pack')).rejects.toMatchObject({ failure: 'missing' });
    await expect(connect({ port: own.port }).advertise('git-receive-pack')).rejects.toMatchObject({
      failure: 'denied',
      message: expect.stringContaining('Permission to team/a.git denied to bot.'),
    });
  });
});

describe('when the line is bad', () => {
  it('gives up on a server that says nothing, or in mid-answer nothing more', async () => {
    const silent = await serve({ intercept: () => true });
    const halting = await serve({ intercept: (_command, channel) => channel.write(capabilitiesOnly) || true });
    const quick = { idleTimeoutMs: 1_000 };

    await expect(connect({ port: silent.port, ...quick }).advertise('git-upload-pack')).rejects.toMatchObject({
      failure: 'unreachable',
      message: 'git-upload-pack said nothing for 1 s',
    });
    await expect(
      text(connect({ port: halting.port, ...quick }).request('git-upload-pack', lsRefs)),
    ).rejects.toMatchObject({ failure: 'unreachable' });
  });

  it('never takes half an answer for a whole one', async () => {
    const own = await serve({
      intercept: (_command, channel) => {
        channel.write(capabilitiesOnly);
        channel.on('data', () => {
          channel.write('0032');
          setTimeout(() => own.cut(), 20);
        });
        return true;
      },
    });

    await expect(text(connect({ port: own.port }).request('git-upload-pack', lsRefs))).rejects.toMatchObject({
      failure: 'unreachable',
      message: 'the connection was cut during git-upload-pack',
    });
  });

  it('stops at once when it is cancelled', async () => {
    const silent = await serve({ intercept: () => true });
    const transport = connect({ port: silent.port });

    await expect(transport.advertise('git-upload-pack', AbortSignal.timeout(150))).rejects.toMatchObject({
      failure: 'unreachable',
      message: 'the request was cancelled',
    });
  });

  it('says that nobody answers at an address', async () => {
    const own = await serve();
    await own.close();

    await expect(connect({ port: own.port }).advertise('git-upload-pack')).rejects.toMatchObject({
      failure: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

const packet = (line: string): string => (line.length + 4).toString(16).padStart(4, '0') + line;
const lsRefs = [Buffer.from(`${packet('command=ls-refs\n')}0001${packet('ref-prefix refs/heads/\n')}0000`)];
const capabilitiesOnly = `${packet('version 2\n')}${packet('ls-refs\n')}0000`;

async function bare(name: string): Promise<TestRepository> {
  const path = join(root, name);
  await mkdir(path, { recursive: true });
  await nativeGit(['init', '--quiet', '--bare', '-b', 'main', path]);
  return testRepository(name, path, '');
}

async function serve(options: Partial<SshServerOptions> = {}): Promise<SshServer> {
  const started = await startSshServer({ root, authorizedKeys: [user.public], hostKeys: [host.private], ...options });
  open.push(started);
  return started;
}

interface Wanted {
  readonly port?: number;
  readonly path?: string;
  readonly key?: string;
  /** Null: the file is empty. */
  readonly hostKey?: string | null;
  readonly knownHosts?: string;
  readonly idleTimeoutMs?: number;
}

function connect(wanted: Wanted = {}): Transport {
  const port = wanted.port ?? server.port;
  const hostKey = wanted.hostKey === undefined ? host.public : wanted.hostKey;
  const knownHosts = wanted.knownHosts ?? (hostKey ? `[127.0.0.1]:${port} ${hostKey}\n` : '');
  const access: SshAccess = {
    privateKey: async () => ({ origin: '/etc/towpath/key', text: wanted.key ?? user.private }),
    knownHosts: async () => ({ origin: '/etc/towpath/known_hosts', text: knownHosts }),
    ...(wanted.idleTimeoutMs ? { idleTimeoutMs: wanted.idleTimeoutMs } : {}),
  };
  const path = join(root, wanted.path ?? repository.name);
  const transport = sshTransport(`ssh://git@127.0.0.1:${port}${encodeURI(path).replaceAll("'", '%27')}`, access);
  open.push(transport);
  return transport;
}

async function text(answer: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part);
  return Buffer.concat(parts).toString('latin1');
}

/** A commit made and packed by native git, pushed by hand. */
async function push(transport: Transport, subject: string): Promise<{ commit: string; answer: string }> {
  const advertised = (await transport.advertise('git-receive-pack')).toString('latin1');
  const old = /([0-9a-f]{40}) refs\/heads\/main/.exec(advertised)?.[1] ?? '';
  const work = join(await temporaryFolder(), 'work');
  await nativeGit(['clone', '--quiet', repository.path, work]);
  await writeFile(join(work, 'new.yaml'), `${subject}\n`);
  await nativeGit(['-C', work, 'add', '.']);
  await nativeGit(['-C', work, 'commit', '--quiet', '-m', subject]);
  const commit = (await nativeGit(['-C', work, 'rev-parse', 'HEAD'])).trim();
  const pack = await nativeGitBytes(['-C', work, 'pack-objects', '--revs', '--stdout', '-q'], {
    input: `${commit}\n^${old}\n`,
  });
  const command = packet(`${old} ${commit} refs/heads/main\0report-status\n`);
  const answer = await text(transport.request('git-receive-pack', [Buffer.from(`${command}0000`, 'latin1'), pack]));
  return { commit, answer };
}
