/** Who signs commits, as `git.signing` says: one signer for all namespaces, tried before anything depends on it. */
import { type CommitSigner, commitSigner } from '../../adapters/commit-signer.ts';
import type { Git } from '../../domain/configuration.ts';
import type { Signing } from '../../domain/configuration-publication.ts';

// Opening an encrypted key takes a fifth of a second, so that namespaces share it.
const opened = new WeakMap<Signing, Promise<CommitSigner>>();

/** Null where commits are not signed. Rejects where the key cannot sign, with the option to correct. */
export async function openSigner({ signing }: Pick<Git, 'signing'>): Promise<CommitSigner | null> {
  if (signing === undefined) return null;
  const known = opened.get(signing);
  if (known) return known;
  const opening = tried(commitSigner(signing));
  opened.set(signing, opening);
  opening.catch(() => opened.delete(signing));
  return opening;
}

async function tried(signer: CommitSigner): Promise<CommitSigner> {
  await signer.sign(Buffer.from('towpath\n'));
  return signer;
}
