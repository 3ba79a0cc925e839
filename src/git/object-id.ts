/** Names of git objects: SHA-1 over type, length and content. */
import { createHash, hash } from 'node:crypto';

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

/** Stands for "no object" in ref updates. */
export const noObject = '0'.repeat(40);
/** Git knows the empty tree without being told. */
export const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

// Header and content must be hashed as one piece; one-shot hashing of a copy is faster for what is small.
const scratch = Buffer.allocUnsafeSlow(32 * 1024);

/** The 40 hex digits that name an object. */
export function objectId(type: ObjectType, body: Buffer): string {
  const header = `${type} ${body.length}\0`;
  if (header.length + body.length > scratch.length) {
    return createHash('sha1').update(header, 'latin1').update(body).digest('hex');
  }
  const start = scratch.write(header, 0, 'latin1');
  body.copy(scratch, start);
  return hash('sha1', scratch.subarray(0, start + body.length), 'hex');
}
