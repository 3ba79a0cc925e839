/** Looks at the key that signs commits, and at what the engine of a namespace verifies; has each of them judged. */
import type { Configuration, Git } from '../../domain/configuration.ts';
import type { KeyIdentity } from '../../git/sign-key.ts';
import { openSigner } from '../wiring/signing.ts';
import { attempt, type Finding } from './check.ts';
import type { ClusterReader, Seen } from './cluster-reader.ts';
import type { EngineFacts } from './engine-judge.ts';
import type { NamespaceSubject } from './namespace-subject.ts';
import {
  type FluxKeys,
  fluxVerification,
  judgeArgoCdSignatures,
  judgeFluxSignatures,
  judgeSigningKey,
} from './signing-judge.ts';

/** Nothing where commits are not signed. */
export async function checkSigningKey({ signing, committer }: Git): Promise<readonly Finding[]> {
  if (signing === undefined) return [];
  return attempt('key', 'see git.signing in the configuration', async () => {
    const signer = await openSigner({ signing });
    return signer === null ? [] : judgeSigningKey(await signer.identity(), committer.email);
  });
}

export async function checkSignatures(
  { git }: Configuration,
  subject: NamespaceSubject,
  engine: 'argo-cd' | 'flux' | undefined,
  facts: EngineFacts,
  reader: ClusterReader,
): Promise<readonly Finding[]> {
  const signer = await identityOf(git);
  // A key that cannot be read is told of once, by itself.
  if (signer === 'unreadable' || engine === undefined) return [];
  const { namespace, settings } = subject;
  const judged = { namespace, settings, identity: signer };
  if (engine === 'argo-cd') {
    const keyring = await readKeyring(reader, settings.argoCd.namespace);
    return judgeArgoCdSignatures(judged, facts.argoCd.project, keyring);
  }
  const verification = fluxVerification(judged, facts.flux.gitRepositories);
  const keys = verification && (await readFluxKeys(reader, settings.flux.namespace, verification.secret));
  return judgeFluxSignatures(judged, verification, keys ?? { kind: 'missing' });
}

async function identityOf(git: Git): Promise<KeyIdentity | null | 'unreadable'> {
  try {
    const signer = await openSigner(git);
    return signer === null ? null : await signer.identity();
  } catch {
    return 'unreadable';
  }
}

/** Argo CD keeps each public key under the id of its primary key. */
async function readKeyring(reader: ClusterReader, namespace: string): Promise<Seen<readonly string[]>> {
  const seen = await reader.object(`/api/v1/namespaces/${namespace}/configmaps/argocd-gpg-keys-cm`);
  return seen.kind === 'found' ? { kind: 'found', value: Object.keys(seen.value.data ?? {}) } : seen;
}

/** As source-controller reads them: `.sshpub` are authorized keys, all else is OpenPGP. */
async function readFluxKeys(reader: ClusterReader, namespace: string, name: string): Promise<Seen<FluxKeys>> {
  const seen = await reader.object(`/api/v1/namespaces/${namespace}/secrets/${name}`);
  if (seen.kind !== 'found') return seen;
  const { gpgKeyIdsOf } = await import('../../git/sign-key-gpg.ts');
  const ssh: string[] = [];
  const gpg: string[] = [];
  for (const [file, value] of Object.entries(seen.value.data ?? {})) {
    const text = Buffer.from(value, 'base64').toString('utf8');
    if (file.endsWith('.sshpub')) ssh.push(...text.split('\n').map(withoutComment));
    else gpg.push(...(await gpgKeyIdsOf(text)));
  }
  return { kind: 'found', value: { ssh, gpg } };
}

function withoutComment(line: string): string {
  return line.trim().split(/\s+/).slice(0, 2).join(' ');
}
