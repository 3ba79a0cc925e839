/** Who asked for a change, and what shows that he is who he says. */
import { z } from 'zod';

/**
 * `admin`: an admin gave name and e-mail. `sign-in`: a sign-in proved them. `self-declared`: whoever made the key wrote
 * them, and nobody checked. `unknown`: the control plane does not tell, or tells it in a word of a later version.
 */
export const IdentityProof = z.enum(['admin', 'sign-in', 'self-declared', 'unknown']);
export type IdentityProof = z.infer<typeof IdentityProof>;

/** The API key that asked, and the key that made it; `maker` is null where the control plane itself made it. */
export const RequesterKey = z.object({
  id: z.string(),
  maker: z.object({ id: z.string(), name: z.string() }).nullable().catch(null),
});
export type RequesterKey = z.infer<typeof RequesterKey>;

/** A person or an API key, as the control plane knows them. Becomes the author of a commit (`authorOf` in `src/core`). */
export const Requester = z.object({
  name: z.string(),
  email: z.string(),
  // What an older control plane does not say must not pass as proven.
  proof: IdentityProof.catch('unknown').default('unknown'),
  key: RequesterKey.nullable().catch(null).default(null),
});
export type Requester = z.output<typeof Requester>;
/** As rows of earlier versions hold it. */
export type StoredRequester = Pick<Requester, 'name' | 'email'> & Partial<Requester>;

/** Only then does the e-mail stand for a person. */
export function isProven({ proof }: Pick<Requester, 'proof'>): boolean {
  return proof === 'admin' || proof === 'sign-in';
}

/** What stands behind a name that nobody proved. */
export function markOf({ proof }: Pick<Requester, 'proof'>): string {
  return proof === 'self-declared' ? 'self-declared' : 'not verified';
}

/** `self-declared by API key <id>, which "CI" made with API key <id>`; null where it is proven. */
export function doubtOf(requester: Requester): string | null {
  if (isProven(requester)) return null;
  const { key } = requester;
  if (requester.proof === 'unknown' || key === null) return `${markOf(requester)}: nothing shows who it is`;
  const maker = key.maker ? `"${key.maker.name}" made with API key ${key.maker.id}` : 'the control plane made';
  return `${markOf(requester)} by API key ${key.id}, which ${maker}`;
}

/** The name, with the doubt where there is one. */
export function shownName(requester: Requester): string {
  const doubt = doubtOf(requester);
  return doubt === null ? requester.name : `${requester.name} (${doubt})`;
}
