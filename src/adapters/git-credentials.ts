/** Who we are to a git server: the configuration's files and variables as credentials, read again when they change. */
import { stat } from 'node:fs/promises';
import type { Namespace } from '../domain/configuration-namespace.ts';
import { TowpathError } from '../domain/failure.ts';
import type { NamedText, SshAccess } from '../git/ssh-connection.ts';
import { type Credentials, type CredentialsSource, TransportError } from '../git/transport.ts';
import { FileFailure, readConfiguredFile, secretLineOf, textOf, whyUnreadable } from './files/configured-file.ts';

type CredentialSettings = NonNullable<Namespace['credentials']>;
type Environment = Readonly<Record<string, string | undefined>>;

/** Forges that take a token as the password want a user name, and do not care which. */
const anyUser = 'git';

/**
 * Credentials for HTTP and HTTPS. Throws every contradiction in the settings at once; a file that cannot be read is
 * told at the request that needs it, since it may be there a moment later.
 */
export function gitCredentials(
  settings: CredentialSettings | undefined,
  environment: Environment = process.env,
): CredentialsSource {
  refuseContradictions(settings ?? {});
  const { usernameFile, passwordFile, passwordEnv, bearerTokenFile } = settings ?? {};
  const files = new FileCache();
  const password = (): Promise<string> =>
    passwordFile ? files.secret('password', passwordFile) : variable(passwordEnv ?? '', environment);
  return async (rejected): Promise<Credentials | null> => {
    if (rejected) files.forget();
    if (bearerTokenFile) return { kind: 'bearer', token: await files.secret('bearer token', bearerTokenFile) };
    if (!passwordFile && !passwordEnv) return null;
    const username = usernameFile ? await files.secret('user name', usernameFile) : settings?.username;
    return { kind: 'basic', username: username ?? anyUser, password: await password() };
  };
}

/** Key and pinned hosts for SSH. */
export function sshAccess(settings: CredentialSettings | undefined): SshAccess {
  const { sshKeyFile, sshKnownHostsFile } = settings ?? {};
  const problems = [
    ...(sshKeyFile ? [] : ['credentials.sshKeyFile is missing: the private key to log in with']),
    ...(sshKnownHostsFile ? [] : ['credentials.sshKnownHostsFile is missing: the host keys that may be trusted']),
  ];
  if (!sshKeyFile || !sshKnownHostsFile) throw invalid('an SSH repository', problems);
  return {
    privateKey: () => named('SSH key', sshKeyFile),
    knownHosts: () => named('known_hosts', sshKnownHostsFile),
  };
}

function refuseContradictions(settings: CredentialSettings): void {
  const { username, usernameFile, passwordFile, passwordEnv, bearerTokenFile } = settings;
  const problems: string[] = [];
  if (username !== undefined && usernameFile) problems.push('give either username or usernameFile');
  if (passwordFile && passwordEnv) problems.push('give either passwordFile or passwordEnv');
  if (bearerTokenFile && (passwordFile || passwordEnv)) {
    problems.push('give either bearerTokenFile or a password, not both');
  }
  if ((username !== undefined || usernameFile) && !passwordFile && !passwordEnv) {
    problems.push('a user name needs passwordFile or passwordEnv beside it');
  }
  if (username?.includes(':')) problems.push('username may not hold ":"');
  if (problems.length > 0) throw invalid('the git credentials', problems);
}

function invalid(what: string, problems: readonly string[]): TowpathError {
  return new TowpathError('terminal', 'InvalidCredentials', `Cannot use ${what}: ${problems.join('; ')}`);
}

/** Rereads a file when its inode, size or time has changed: mounted Secrets change by a new symlink. */
class FileCache {
  readonly #known = new Map<string, { readonly mark: string; readonly text: string }>();

  forget(): void {
    this.#known.clear();
  }

  async secret(role: string, path: string): Promise<string> {
    try {
      const { ino, size, mtimeMs } = await stat(path);
      const mark = `${ino}/${size}/${mtimeMs}`;
      const known = this.#known.get(path);
      if (known?.mark === mark) return known.text;
      const text = secretLineOf(await readConfiguredFile(path));
      this.#known.set(path, { mark, text });
      return text;
    } catch (cause) {
      throw unusable(`the ${role} file ${path}`, cause);
    }
  }
}

async function variable(name: string, environment: Environment): Promise<string> {
  const text = environment[name] ?? '';
  try {
    if (text === '') throw new FileFailure('it is not set');
    return secretLineOf(Buffer.from(text));
  } catch (cause) {
    throw unusable(`the environment variable ${name}`, cause);
  }
}

async function named(role: string, path: string): Promise<NamedText> {
  try {
    return { origin: path, text: textOf(await readConfiguredFile(path)) };
  } catch (cause) {
    throw unusable(`the ${role} file ${path}`, cause);
  }
}

function unusable(origin: string, cause: unknown): TransportError {
  return new TransportError('auth', `${origin} cannot be used: ${whyUnreadable(cause)}`, { cause });
}
