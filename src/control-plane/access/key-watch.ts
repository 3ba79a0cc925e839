/** Tells what stays open for long (event streams, long polls) that its key is worth nothing any more. */
import { Refusal } from '../refusal.ts';
import type { Changes } from '../store/changes.ts';
import type { Authenticate } from './authenticate.ts';

interface WatchedKey extends Disposable {
  /** Aborted as soon as the key is revoked, by whichever process. */
  readonly revoked: AbortSignal;
  /** Asks once more, for what no notification tells: a key that has expired. */
  check(): Promise<void>;
}

export async function watchKey(
  { changes, authenticate }: { readonly changes: Changes; readonly authenticate: Authenticate },
  keyId: string,
  headers: Headers,
): Promise<WatchedKey> {
  const ending = new AbortController();
  const check = async (): Promise<void> => {
    // Everybody else hears of a gap first, so that the answer comes from no stale cache.
    await null;
    // A database that is away takes no key away.
    const isRefused = (error: unknown): boolean => error instanceof Refusal;
    const isValid = await authenticate(headers).then(
      (principal) => principal !== null,
      (error) => !isRefused(error),
    );
    if (!isValid) ending.abort();
  };
  const unsubscribe = changes.subscribe('towpath_key', keyId, (detail) => {
    if (detail === null) void check();
    else ending.abort();
  });
  // It may have been revoked after the request was let in, and before anybody listened for that.
  await check();
  return { revoked: ending.signal, check, [Symbol.dispose]: unsubscribe };
}
