/** What the rules of the control plane need of the world, made once by `openControlPlane`. */
import type { Database } from './store/database.ts';

/** Encrypts secret values; `purpose` is bound to the text, so that one row's cannot be put into another. */
export interface SecretBox {
  seal(plain: string, purpose: string): { readonly keyId: string; readonly sealed: string };
  /** Null, or why nothing can be opened that this key closed; looks at no secret. */
  whyUnreadable(keyId: string): string | null;
  open(box: { readonly keyId: string; readonly sealed: string }, purpose: string): string;
}

/** Structured log; a constant sentence plus fields, never a secret. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface Services {
  readonly database: Database;
  readonly secretBox: SecretBox;
  readonly now: () => Date;
  readonly log: Log;
}
