/** How many of what stays open for long (event streams, long polls) one owner may have, so that others find room. */
import { Refusal } from '../../refusal.ts';

interface Seats {
  /** To be disposed of at its end; throws where the owner has too many. */
  take(owner: string): Disposable;
}

export function seats(most: number): Seats {
  const taken = new Map<string, number>();
  return {
    take(owner) {
      const own = taken.get(owner) ?? 0;
      if (own >= most) {
        const message = `Cannot keep more than ${most} of these open at once: close some first`;
        throw new Refusal(429, message, { retryAfterSeconds: 5 });
      }
      taken.set(owner, own + 1);
      return {
        [Symbol.dispose]() {
          const left = (taken.get(owner) ?? 1) - 1;
          if (left > 0) taken.set(owner, left);
          else taken.delete(owner);
        },
      };
    },
  };
}
