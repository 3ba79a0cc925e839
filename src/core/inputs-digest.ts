/** Inputs-Digest: whatever decides a folder's content but the clock; equal digests need no rendering. */

import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { AgentServer } from '../domain/configuration-agent-server.ts';
import type { Namespace } from '../domain/configuration-namespace.ts';
import type { RevisionId } from '../domain/identifiers.ts';
import type { EngineKind } from '../domain/live-object.ts';
import { decryptionSecretOf } from './flux/objects.ts';

interface NamespaceInputs {
  readonly namespace: Namespace;
  readonly agentServer: AgentServer;
  /** `<name>@sha256:<64 hex>`. */
  readonly template: string;
  readonly keyId: string | null;
  /** As it was found, where the configuration leaves it open; null without a cluster. */
  readonly engine: EngineKind | null;
}

/** One digest a namespace; with the revision it makes the Inputs-Digest of each folder. */
export function configurationDigest(inputs: NamespaceInputs): string {
  const { layout, secrets, route, kustomize, deletion, flux } = inputs.namespace;
  // Only what templates see: a new password file or push budget must not make every folder outdated.
  const seen = {
    layout,
    route,
    kustomize,
    // Only Flux needs an object of its own in the repository.
    flux: inputs.engine === 'flux' ? flux : null,
    secretsMode: secrets.mode,
    // Absent but for sops with Flux, so that nobody else's folders become outdated.
    decryption: (inputs.engine === 'flux' && decryptionSecretOf(secrets)) || undefined,
    data: deletion.data,
    agentServer: inputs.agentServer,
    template: inputs.template,
    keyId: inputs.keyId,
  };
  return createHash('sha256').update(canonicalJson(seen)).digest('hex');
}

/** The revision stands for the whole specification: it never changes once made. */
export function inputsDigest(configuration: string, revision: RevisionId): string {
  return `sha256:${createHash('sha256').update(`${configuration}\0${revision}`).digest('hex')}`;
}
