/** Who is calling: what an API key, together with the X-Tenant-Id header, amounts to. */
import type { ListenerId, WorkspaceId } from '../domain/identifiers.ts';

interface Key {
  readonly keyId: string;
  /** Name and e-mail of the key; they become the author of commits. */
  readonly name: string;
  readonly email: string;
}

export type Principal =
  /** Organisation-wide; `workspaceId` is what the header named, if anything. */
  | (Key & { readonly kind: 'admin'; readonly workspaceId: WorkspaceId | null })
  | (Key & { readonly kind: 'workspace'; readonly workspaceId: WorkspaceId })
  | (Key & { readonly kind: 'listener'; readonly workspaceId: WorkspaceId; readonly listenerId: ListenerId });

/** A caller of the public API, in one workspace. */
export type WorkspacePrincipal = Exclude<Principal, { kind: 'listener' }> & { readonly workspaceId: WorkspaceId };
