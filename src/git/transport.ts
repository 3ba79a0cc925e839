/** How bytes reach a git server: one interface for stateless HTTP and for the channels of an SSH connection. */

export type GitService = 'git-upload-pack' | 'git-receive-pack';

/**
 * Requests are whole: everything that is asked goes out at once, and the answer is read to its end. That is all
 * that protocol version 2 and receive-pack need, and both kinds of connection can do it.
 *
 * Every method throws TransportError and nothing else.
 */
export interface Transport {
  /** Without credentials, for people. */
  readonly url: string;
  /**
   * The server's first words: pkt-lines up to the first flush and with it, without HTTP's `# service=` line.
   * git-upload-pack is always asked for protocol version 2. Over SSH the channel may be kept for the next request.
   */
  advertise(service: GitService, signal?: AbortSignal): Promise<Buffer>;
  /**
   * Sends `body` and yields the answer as it comes. Over SSH: a channel whose advertisement is read away first,
   * then the body, then the end of input. The iterator ends only where the server has ended the answer; when the
   * connection is cut before that it throws.
   */
  request(service: GitService, body: readonly Buffer[], signal?: AbortSignal): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/**
 * auth: who we are was not accepted. denied: we are known and may not. missing: no such repository.
 * unreachable: no whole answer came (connection, time-out, 5xx, 429), so what became of the request is unknown.
 * unusable: an answer came that is not git, or a certificate or host key that must not be trusted.
 */
export type TransportFailure = 'auth' | 'denied' | 'missing' | 'unreachable' | 'unusable';

/** In the server's own words, which nobody has judged yet: seconds or a date, and its clock. */
interface AskedWait {
  readonly retryAfter: string;
  readonly date: string | undefined;
}

export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly failure: TransportFailure;
  /** Where the server has said how long it wants to be left alone. */
  readonly askedWait: AskedWait | undefined;

  /** `message` says only why, as the end of a sentence ("Cannot push …: <message>"), and holds no secret. */
  constructor(failure: TransportFailure, message: string, options: ErrorOptions & { askedWait?: AskedWait } = {}) {
    super(message, options);
    this.failure = failure;
    this.askedWait = options.askedWait;
  }
}

/** The server speaks no version 2 of git's protocol, which is all that this engine reads. */
export class OldProtocolError extends TransportError {}

export type Credentials =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string };

/**
 * Asked before every request, so it should cache. `rejected` holds what the server has just refused (a token that
 * ran out): forget it and read anew. Null: go without.
 */
export type CredentialsSource = (rejected: Credentials | null) => Promise<Credentials | null>;
