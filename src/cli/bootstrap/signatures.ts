/** What bootstrap sets up so that an engine verifies signatures: by keys that are named, or by the one that Towpath signs with. */
import type { ArgoCdSignatures } from '../../core/bootstrap/argo-cd.ts';
import { fluxSigners } from '../../core/bootstrap/flux.ts';
import type { BootstrapObject } from '../../core/bootstrap/object.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import { configuredIdentity } from '../signing-key/run.ts';
import type { BootstrapArgoCdOptions, BootstrapFluxOptions } from './bootstrap-options.ts';

interface Subject {
  readonly namespace: NamespaceName;
  readonly settings: Namespace;
}

interface WantedSignatures {
  readonly signatures: ArgoCdSignatures;
  readonly notes: readonly string[];
}

export async function argoCdSignatures(
  configuration: Configuration,
  { gpgKey = [], signatureKeys, verifySignatures }: BootstrapArgoCdOptions,
): Promise<WantedSignatures> {
  const notes = gpgKey.flatMap((id) => [
    `Argo CD must know the public key ${id}:`,
    '$ argocd gpg add --from public-key.asc',
  ]);
  const own = verifySignatures ? await configuredIdentity(configuration) : null;
  if (own?.kind === 'ssh') {
    const message =
      'Cannot let Argo CD verify signatures: it verifies GPG only, but git.signing.kind is ssh; set it to gpg';
    throw new TowpathError('terminal', 'SshSignatures', message);
  }
  const ownNotes = ['Argo CD must know the key that Towpath signs with:', ...ownCommands];
  const keyIds = [...new Set([...(own ? [own.signingKeyId] : []), ...gpgKey])];
  if (keyIds.length === 0) return { signatures: { kind: 'none' }, notes: [] };
  return {
    signatures: { kind: signatureKeys ? 'signature-keys' : 'source-integrity', keyIds },
    notes: [...(own ? ownNotes : []), ...notes, ...mergeNotes(configuration)],
  };
}

const ownCommands = ['$ towpath signing-key > signing-key.asc', '$ argocd gpg add --from signing-key.asc'];

interface WantedVerification {
  /** Name of the Secret with the keys for a namespace; null: nothing is verified. */
  readonly secretOf: (subject: Subject) => string | null;
  /** The Secret itself, where it holds the key that Towpath signs with. */
  readonly objectsOf: (subject: Subject) => readonly BootstrapObject[];
  readonly notes: readonly string[];
}

export async function fluxVerification(
  configuration: Configuration,
  { verifySecret, verifySignatures }: BootstrapFluxOptions,
): Promise<WantedVerification> {
  if (!verifySignatures) return { secretOf: () => verifySecret ?? null, objectsOf: () => [], notes: [] };
  if (verifySecret !== undefined) {
    const message =
      'Cannot use --verify-secret beside --verify-signatures: the first takes a Secret of yours, the second makes one; say one of them';
    throw new TowpathError('terminal', 'TwoSecrets', message);
  }
  const { kind, publicKey } = await configuredIdentity(configuration);
  const file = kind === 'ssh' ? 'towpath.sshpub' : 'towpath.asc';
  const secretFor = ({ namespace, settings }: Subject): BootstrapObject =>
    fluxSigners(namespace, settings, { [file]: `${publicKey.trimEnd()}\n` });
  const needsFlux = kind === 'ssh' ? ['SSH signatures need Flux 2.9 or later.'] : [];
  return {
    secretOf: (subject) => secretFor(subject).metadata.name,
    objectsOf: (subject) => [secretFor(subject)],
    notes: [...needsFlux, ...mergeNotes(configuration)],
  };
}

/** What lies on the branch after a merge by the forge is the forge's commit. */
function mergeNotes({ namespaces }: Configuration): readonly string[] {
  const merged = Object.entries(namespaces).filter(
    ([, { publication }]) => publication.mode === 'proposed' && publication.merge === 'forge',
  );
  if (merged.length === 0) return [];
  const names = merged.map(([name]) => name).join(', ');
  return [
    `What the forge merges for ${names} is signed by the forge or by nobody: let the engine trust the forge’s own key, ` +
      'too, or set publication.merge to fast-forward.',
  ];
}
