/** Runs `towpath signing-key`: reads the configured key, and prints its public part. */
import type { Configuration } from '../../domain/configuration.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { KeyIdentity } from '../../git/sign-key.ts';
import { loadConfiguration } from '../configuration/load.ts';
import { openSigner } from '../wiring/signing.ts';

export async function printSigningKey(options: SigningKeyOptions): Promise<void> {
  const identity = await configuredIdentity(await loadConfiguration(options.config));
  if (options.json) {
    process.stdout.write(`${JSON.stringify(identity, null, 2)}\n`);
    return;
  }
  process.stderr.write(`${described(identity)}\n`);
  process.stdout.write(`${identity.publicKey.trimEnd()}\n`);
}

/** Of the key that signs; rejects where there is none, or it cannot sign. */
export async function configuredIdentity({ git }: Pick<Configuration, 'git'>): Promise<KeyIdentity> {
  const signer = await openSigner(git);
  if (signer !== null) return signer.identity();
  const message =
    'Cannot tell the key that signs commits: git.signing is not configured; name the key there by kind and keyFile';
  throw new TowpathError('terminal', 'NoSigningKey', message);
}

function described(identity: KeyIdentity): string {
  if (identity.kind === 'ssh') return `SSH key ${identity.fingerprint}`;
  const { keyId, signingKeyId, addresses } = identity;
  const subkey = keyId === signingKeyId ? '' : `, signs by its subkey ${signingKeyId}`;
  return `GPG key ${keyId} of ${addresses.join(', ') || 'nobody'}${subkey}`;
}

export interface SigningKeyOptions {
  readonly config: string;
  readonly json?: true;
}
