/** A private key that signs commits, and what its public part is called; OpenSSH and OpenPGP each have a file of their own. */

export interface SigningKey {
  /** An armoured signature over the commit's bytes. */
  sign(payload: Buffer): Promise<string>;
  /** By the public part alone. */
  verify(payload: Buffer, signature: string): Promise<boolean>;
  readonly identity: KeyIdentity;
}

export type KeyIdentity =
  | {
      readonly kind: 'ssh';
      /** One line of OpenSSH, without comment. */
      readonly publicKey: string;
      /** `SHA256:…`, as ssh-keygen prints it. */
      readonly fingerprint: string;
    }
  | {
      readonly kind: 'gpg';
      /** Armoured OpenPGP block. */
      readonly publicKey: string;
      /** 16 hex digits in capitals: of the primary key, by which keyrings know it. */
      readonly keyId: string;
      /** Of the key or subkey that signs, by which verifiers name a signature. */
      readonly signingKeyId: string;
      /** Addresses in the user ids that are not revoked. */
      readonly addresses: readonly string[];
    };

/**
 * encrypted: it needs a passphrase and has none. passphrase: that one does not open it. foreign: a key for the other
 * kind of signature. unusable: anything else; the message says what to do.
 */
type SigningKeyProblem = 'encrypted' | 'passphrase' | 'foreign' | 'unusable';

/** `message` goes on after "Cannot sign with this key: ". */
export class SigningKeyError extends Error {
  readonly problem: SigningKeyProblem;

  constructor(problem: SigningKeyProblem, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.problem = problem;
  }
}
