/** Who may clone and push in `towpath dev`: the keys of its workspace, and the admin's; the key is the password. */
import type { GitHttpOptions, GitVerdict } from '../../adapters/git-http/backend.ts';
import type { OpenControlPlane } from '../../control-plane/control-plane.ts';
import type { Principal } from '../../control-plane/principal.ts';
import { Refusal } from '../../control-plane/refusal.ts';
import type { WorkspaceId } from '../../domain/identifiers.ts';

/** `owner` is the workspace of all its repositories; who asks before it is known waits. */
export function gitAuthorizer(
  { authenticate, services }: Pick<OpenControlPlane, 'authenticate' | 'services'>,
  owner: Promise<WorkspaceId>,
): GitHttpOptions['authorize'] {
  return async (credentials, repository, service) => {
    if (!credentials) return 'unauthenticated';
    // A password is no header: what could not be sent as a key cannot be one.
    if (!/^[\x21-\x7e]+$/.test(credentials.password)) return 'unauthenticated';
    try {
      const principal = await authenticate(new Headers({ 'x-api-key': credentials.password }));
      if (principal === null) return 'unauthenticated';
      const verdict = verdictOn(principal, await owner);
      if (verdict === 'deny') services.trail.refused(refusedCall(principal, `${service} ${repository}`));
      return verdict;
    } catch (error) {
      if (error instanceof Refusal) return 'deny';
      throw error;
    }
  };
}

/** History is the record of what was deployed: only the admin may rewrite it. */
function verdictOn(principal: Principal, owner: WorkspaceId): GitVerdict {
  if (principal.kind === 'admin') return 'allow';
  return principal.workspaceId === owner ? 'forward' : 'deny';
}

function refusedCall(principal: Principal, call: string) {
  const origin = { address: null, forwardedFor: null, requestId: null };
  return { principal, origin, call, status: 403, why: 'The repository belongs to another workspace', prefix: null };
}
