/** What the rules of the control plane need of the world, made once by `openControlPlane`. */

import type { Log } from './log.ts';
import type { Database } from './store/open-database.ts';

/** Encrypts secret values; `purpose` is bound to the text, so that one row's cannot be put into another. */
export interface SecretBox {
  seal(plain: string, purpose: string): { readonly keyId: string; readonly sealed: string };
  /** Null, or why nothing can be opened that this key closed; looks at no secret. */
  whyUnreadable(keyId: string): string | null;
  open(box: { readonly keyId: string; readonly sealed: string }, purpose: string): string;
}

export interface Services {
  readonly database: Database;
  readonly secretBox: SecretBox;
  readonly now: () => Date;
  readonly log: Log;
}
