/** Git over SSH on a kept connection: host keys pinned, protocol version 2 for reading. */
import type { ClientChannel } from 'ssh2';
import { parseSshAddress, type SshAddress, sshCommand } from './ssh-address.ts';
import { type SshAccess, SshConnection } from './ssh-connection.ts';
import { beginSession, type SshSession } from './ssh-session.ts';
import { type GitService, type Transport, TransportError } from './transport.ts';

const defaultIdleTimeoutMs = 120_000;
/** An advertised channel is a process on the server: it is not kept for longer than a pass needs. */
const keepSessionMs = 15_000;

interface Kept {
  readonly session: SshSession;
  readonly timer: NodeJS.Timeout;
}

/** Throws TransportError (`unusable`) at once where the URL is no SSH address. */
export function sshTransport(url: string, access: SshAccess): Transport {
  return new SshTransport(url, parseSshAddress(url), access);
}

class SshTransport implements Transport {
  readonly url: string;
  readonly #address: SshAddress;
  readonly #connection: SshConnection;
  readonly #idleTimeoutMs: number;
  readonly #kept = new Map<GitService, Kept>();
  /** Debian's sshd takes no GIT_PROTOCOL unless it is told to; a shell behind it takes it in the command. */
  #inCommand = false;

  constructor(url: string, address: SshAddress, access: SshAccess) {
    this.url = url;
    this.#address = address;
    this.#connection = new SshConnection(address, access);
    this.#idleTimeoutMs = access.idleTimeoutMs ?? defaultIdleTimeoutMs;
  }

  async advertise(service: GitService, signal?: AbortSignal): Promise<Buffer> {
    this.#takeKept(service)?.close();
    const session = await this.#begin(service, signal);
    const timer = setTimeout(() => this.#takeKept(service)?.close(), keepSessionMs);
    timer.unref();
    this.#kept.set(service, { session, timer });
    return session.advertisement;
  }

  async *request(service: GitService, body: readonly Buffer[], signal?: AbortSignal): AsyncIterable<Buffer> {
    const kept = this.#takeKept(service);
    const session = kept?.usable() ? kept : await this.#begin(service, signal);
    yield* session.exchange(body, signal);
  }

  async close(): Promise<void> {
    for (const service of [...this.#kept.keys()]) this.#takeKept(service)?.close();
    await this.#connection.close();
  }

  #takeKept(service: GitService): SshSession | undefined {
    const kept = this.#kept.get(service);
    clearTimeout(kept?.timer);
    this.#kept.delete(service);
    return kept?.session;
  }

  async #begin(service: GitService, signal?: AbortSignal): Promise<SshSession> {
    const session = await this.#open(service, signal);
    if (service === 'git-receive-pack' || speaksVersion2(session.advertisement)) return session;
    session.close();
    if (!this.#inCommand) {
      this.#inCommand = true;
      const second = await this.#open(service, signal).catch(() => null);
      if (second && speaksVersion2(second.advertisement)) return second;
      second?.close();
      this.#inCommand = false;
    }
    throw new TransportError(
      'unusable',
      'the server does not speak git protocol version 2 over SSH; let its sshd take it ("AcceptEnv GIT_PROTOCOL")',
    );
  }

  async #open(service: GitService, signal?: AbortSignal): Promise<SshSession> {
    const command = sshCommand(service, this.#address.path);
    const version2 = service === 'git-upload-pack';
    const opening = this.#connection.run(
      version2 && this.#inCommand ? `GIT_PROTOCOL=version=2 ${command}` : command,
      version2 ? { GIT_PROTOCOL: 'version=2' } : {},
    );
    const channel = await unlessCancelled(opening, signal);
    return await beginSession(channel, service, this.#idleTimeoutMs, signal);
  }
}

/** A channel that opens after nobody wants it any more is closed again. */
function unlessCancelled(opening: Promise<ClientChannel>, signal: AbortSignal | undefined): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      reject(new TransportError('unreachable', 'the request was cancelled', { cause: signal?.reason }));
      opening.then(
        (channel) => channel.close(),
        () => {},
      );
    };
    if (signal?.aborted) return cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    opening.then(resolve, reject).finally(() => signal?.removeEventListener('abort', cancel));
  });
}

function speaksVersion2(advertisement: Buffer): boolean {
  return advertisement.toString('latin1', 4, 13) === 'version 2';
}
