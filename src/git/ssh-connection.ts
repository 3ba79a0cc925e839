/** One SSH connection, kept open between requests: a push on it costs a tenth of one that connects first. */
import ssh2, { type Client, type ClientChannel } from 'ssh2';
import { findKnownHosts, fingerprint, hostName, judgeHostKey, type KnownHost, keyType } from './known-hosts.ts';
import type { SshAddress } from './ssh-address.ts';
import { TransportError } from './transport.ts';

/** A file's text with its name, for messages. */
export interface NamedText {
  readonly origin: string;
  readonly text: string;
}

export interface SshAccess {
  /** Asked at every connect, so that a new key counts without a restart. */
  privateKey(): Promise<NamedText>;
  knownHosts(): Promise<NamedText>;
  readonly connectTimeoutMs?: number;
  /** How long a silent server is waited for, in mid-answer too. */
  readonly idleTimeoutMs?: number;
}

const connectTimeoutMs = 20_000;
const keepalive = { keepaliveInterval: 15_000, keepaliveCountMax: 3 };

/** What a server may sign with, for each type of key that the file pins. */
const signatures: Readonly<Record<string, readonly ssh2.ServerHostKeyAlgorithm[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
};

export class SshConnection {
  readonly #address: SshAddress;
  readonly #access: SshAccess;
  #client: Promise<Client> | null = null;
  /** What `#client` came to. */
  #open: Client | null = null;

  constructor(address: SshAddress, access: SshAccess) {
    this.#address = address;
    this.#access = access;
  }

  /** A channel that runs one command. Connects first where that is needed, and again where the old one has died. */
  async run(command: string, environment: Readonly<Record<string, string>>): Promise<ClientChannel> {
    const kept = this.#client;
    if (kept) {
      try {
        return await openChannel(await kept, command, environment);
      } catch {
        // Nothing was sent on it, so it costs nothing to begin again.
        this.#forget(kept);
      }
    }
    const connecting = this.#connect();
    this.#client = connecting;
    try {
      return await openChannel(await connecting, command, environment);
    } catch (error) {
      this.#forget(connecting);
      throw error instanceof TransportError ? error : this.#translate(error, null);
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => null);
    this.#client = null;
    client?.end();
  }

  #forget(connecting: Promise<Client>): void {
    if (this.#client === connecting) this.#client = null;
    connecting.then(
      (client) => client.end(),
      () => {},
    );
  }

  async #connect(): Promise<Client> {
    const [key, hosts] = await Promise.all([this.#access.privateKey(), this.#access.knownHosts()]);
    const privateKey = checkedKey(key);
    const { host, port, username } = this.#address;
    const known = findKnownHosts(hosts.text, host, port);
    let refusal: TransportError | null = null;
    const client = new ssh2.Client();
    return await new Promise<Client>((resolve, reject) => {
      client.once('ready', () => {
        this.#open = client;
        resolve(client);
      });
      client.on('error', (error) => reject(this.#translate(error, refusal)));
      client.on('close', () => {
        reject(this.#translate(new Error('the server closed the connection'), refusal));
        if (this.#open === client) this.#client = this.#open = null;
      });
      const algorithms = pinnedAlgorithms(known);
      client.connect({
        host,
        port,
        username,
        privateKey,
        readyTimeout: this.#access.connectTimeoutMs ?? connectTimeoutMs,
        ...keepalive,
        ...(algorithms.length > 0 ? { algorithms: { serverHostKey: [...algorithms] } } : {}),
        hostVerifier: (shown: Buffer) => {
          refusal = refuseHostKey(known, shown, hostName(host, port), hosts.origin);
          return refusal === null;
        },
      });
      // Without it Nagle's algorithm holds back small packets: 273 ms a push instead of 11 ms.
      client.setNoDelay(true);
    });
  }

  #translate(error: unknown, refusal: TransportError | null): TransportError {
    if (refusal) return refusal;
    const { host, port, username } = this.#address;
    const server = hostName(host, port);
    const level = error instanceof Error && 'level' in error ? error.level : '';
    const text = error instanceof Error ? error.message : String(error);
    if (level === 'client-authentication') {
      return new TransportError(
        'auth',
        `${server} refused the SSH key for the user "${username}"; add its public half there, with write access`,
      );
    }
    if (level === 'handshake' && /no matching/i.test(text)) {
      return new TransportError('unusable', `${server} and we have no algorithm in common: ${text}`, { cause: error });
    }
    return new TransportError('unreachable', `there is no SSH connection to ${server}: ${text}`, { cause: error });
  }
}

function openChannel(
  client: Client,
  command: string,
  environment: Readonly<Record<string, string>>,
): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const lost = (): void => reject(new Error('the connection was lost'));
    client.once('close', lost);
    client.exec(command, { env: { ...environment } }, (error, channel) => {
      client.off('close', lost);
      if (error) reject(error);
      else resolve(channel);
    });
  });
}

function checkedKey({ origin, text }: NamedText): string {
  const parsed = ssh2.utils.parseKey(text);
  if (!(parsed instanceof Error)) return text;
  const why = /encrypted|passphrase/i.test(parsed.message)
    ? `is protected by a passphrase; give one without (ssh-keygen -p -f ${origin})`
    : 'is no private key in OpenSSH or PEM format';
  throw new TransportError('auth', `the SSH key ${origin} ${why}`);
}

/** As OpenSSH does: a server with several keys is asked for one that we know. */
function pinnedAlgorithms(known: readonly KnownHost[]): readonly ssh2.ServerHostKeyAlgorithm[] {
  return [...new Set(known.filter((one) => one.marker === 'none').flatMap((one) => signatures[one.type] ?? []))];
}

function refuseHostKey(
  known: readonly KnownHost[],
  shown: Buffer,
  name: string,
  origin: string,
): TransportError | null {
  const verdict = judgeHostKey(known, shown);
  const key = `${keyType(shown)} ${fingerprint(shown)}`;
  const line = `${name} ${keyType(shown)} ${shown.toString('base64')}`;
  switch (verdict.kind) {
    case 'trusted':
      return null;
    case 'revoked':
      return new TransportError('unusable', `${name} shows a key that ${origin}:${verdict.line} revokes (${key})`);
    case 'changed': {
      const before = verdict.known.map((one) => `${fingerprint(one.key)} in line ${one.line}`).join(', ');
      return new TransportError(
        'unusable',
        `the host key of ${name} is not the one that ${origin} pins: it shows ${key}, known is ${before}. Somebody may be in between; when the server's operator confirms the new key, replace the line by: ${line}`,
      );
    }
    case 'unknown':
      return new TransportError(
        'unusable',
        `the host ${name} is unknown${verdict.authority ? ` (a certificate authority alone is not enough)` : ''}: it shows ${key}. Compare that with what its operator publishes, then add this line to ${origin}: ${line}`,
      );
    default:
      return verdict satisfies never;
  }
}
