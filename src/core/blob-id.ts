/** The id that git gives to a file's content, so that equal files are known without reading them. */
import { createHash } from 'node:crypto';

export function blobId(content: string | Buffer): string {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
