/** Who is calling: what an API key, together with the X-Tenant-Id header, amounts to. */
import type { ListenerId, WorkspaceId } from '../domain/identifiers.ts';
import type { IdentityProof, Requester, RequesterKey } from '../domain/requester.ts';

/** Where a request came from; for the audit table. */
export interface CallOrigin {
  /** The other end of the connection: a client, or the nearest proxy. */
  readonly address: string | null;
  /** What X-Forwarded-For says; whoever calls can write it. */
  readonly forwardedFor: string | null;
  readonly requestId: string | null;
}

interface Key {
  readonly keyId: string;
  /** Name and e-mail of the key; where they are proven they become the author of commits. */
  readonly name: string;
  readonly email: string;
  readonly proof: IdentityProof;
  /** The key that made this one; null: the control plane itself did. */
  readonly maker: RequesterKey['maker'];
  /** Null: never. */
  readonly expiresAt: Date | null;
  /** Null in the same process. */
  readonly origin: CallOrigin | null;
}

export type Principal =
  /** Organisation-wide; `workspaceId` is what the header named, if anything. */
  | (Key & { readonly kind: 'admin'; readonly workspaceId: WorkspaceId | null })
  | (Key & { readonly kind: 'workspace'; readonly workspaceId: WorkspaceId })
  | (Key & { readonly kind: 'listener'; readonly workspaceId: WorkspaceId; readonly listenerId: ListenerId });

/** A caller of the public API, in one workspace. */
export type WorkspacePrincipal = Exclude<Principal, { kind: 'listener' }> & { readonly workspaceId: WorkspaceId };

/** As it is kept with what he asked for. */
export function requesterOf({ name, email, proof, keyId, maker }: Key): Requester {
  return { name, email, proof, key: { id: keyId, maker } };
}
