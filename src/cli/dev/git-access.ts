/** Who may clone and push in `towpath dev`: whoever holds an API key of it; the key is the password. */
import type { GitHttpOptions } from '../../adapters/git-http/backend.ts';
import type { OpenControlPlane } from '../../control-plane/control-plane.ts';
import { Refusal } from '../../control-plane/refusal.ts';

export function gitAuthorizer(authenticate: OpenControlPlane['authenticate']): GitHttpOptions['authorize'] {
  return async (credentials) => {
    if (!credentials) return 'unauthenticated';
    // A password is no header: what could not be sent as a key cannot be one.
    if (!/^[\x21-\x7e]+$/.test(credentials.password)) return 'unauthenticated';
    try {
      const principal = await authenticate(new Headers({ 'x-api-key': credentials.password }));
      return principal ? 'allow' : 'unauthenticated';
    } catch (error) {
      if (error instanceof Refusal) return 'deny';
      throw error;
    }
  };
}
