/** A real SSH server that runs real git, on 127.0.0.1: what sshd with git-shell is to a client. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import ssh2, { type Connection, type ServerChannel } from 'ssh2';
import { nativeGitEnvironment } from './native-git.ts';

export interface SshServerOptions {
  /** Folder of `<name>.git`. */
  readonly root: string;
  /** Public keys (`ssh-ed25519 AAAA…`) that may come in. */
  readonly authorizedKeys: readonly string[];
  /** Private host keys in OpenSSH format. */
  readonly hostKeys: readonly string[];
  readonly port?: number;
  /** How this sshd treats GIT_PROTOCOL: `accept` it, `ignore` it, or ignore it with `no-shell` behind it. */
  readonly gitProtocol?: 'accept' | 'ignore' | 'no-shell';
  /** Answers a command by itself instead of running git. */
  readonly intercept?: (command: string, channel: ServerChannel) => boolean;
}

export interface SshServer {
  readonly port: number;
  /** Connections that came in, and commands that were run. */
  readonly connections: Connection[];
  readonly commands: string[];
  /** Cuts every connection, as a restart of the server does. */
  cut(): void;
  close(): Promise<void>;
}

export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const connections: Connection[] = [];
  const commands: string[] = [];
  const children = new Set<ChildProcess>();
  const server = new ssh2.Server({ hostKeys: [...options.hostKeys] }, (connection) => {
    connections.push(connection);
    connection.on('error', () => {});
    authenticate(connection, options.authorizedKeys);
    connection.on('ready', () => {
      (connection as Connection & { setNoDelay(on: boolean): void }).setNoDelay(true);
      connection.on('session', (accept) => {
        const session = accept();
        const environment: Record<string, string> = {};
        session.on('env', (acceptEnv, _reject, info) => {
          if ((options.gitProtocol ?? 'accept') === 'accept') environment[info.key] = info.val;
          acceptEnv?.();
        });
        session.on('exec', (acceptExec, _reject, info) => {
          commands.push(info.command);
          const channel = acceptExec();
          if (!options.intercept?.(info.command, channel)) run(info.command, channel, environment, options, children);
        });
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const connection of connections.splice(0)) connection.end();
  };
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    commands,
    cut,
    close: async () => {
      cut();
      for (const child of children) child.kill();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function authenticate(connection: Connection, authorizedKeys: readonly string[]): void {
  connection.on('authentication', (context) => {
    if (context.method !== 'publickey') return context.reject(['publickey']);
    const key = authorizedKeys
      .map((text) => ssh2.utils.parseKey(text))
      .find((one) => !(one instanceof Error) && one.getPublicSSH().equals(context.key.data));
    if (!key || key instanceof Error) return context.reject(['publickey']);
    if (!context.signature || !context.blob) return context.accept();
    if (key.verify(context.blob, context.signature, context.hashAlgo)) context.accept();
    else context.reject(['publickey']);
  });
}

/** By a real shell in the folder of the repositories, so that quoting is put to the test. */
function run(
  command: string,
  channel: ServerChannel,
  environment: Readonly<Record<string, string>>,
  options: SshServerOptions,
  children: Set<ChildProcess>,
): void {
  const noShell = options.gitProtocol === 'no-shell' && !command.startsWith('git-');
  const child = spawn('/bin/sh', ['-c', noShell ? 'echo "unknown command" >&2; exit 128' : command], {
    cwd: options.root,
    env: { ...nativeGitEnvironment, ...environment },
  });
  children.add(child);
  channel.on('error', () => {});
  child.stdin.on('error', () => {});
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.on('close', (code) => {
    children.delete(child);
    channel.exit(code ?? 1);
    channel.end();
  });
}
