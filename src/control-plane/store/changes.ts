/** Wakes whoever waits in this process for a change, made in this process or another on the same database. */

/** The channels that the triggers in the migrations notify; the payload begins with the id of what changed. */
export const channels = ['towpath_listener', 'towpath_workspace', 'towpath_key'] as const;
type Channel = (typeof channels)[number];

export interface Changes {
  /**
   * Calls back, after its commit, on every change of the subject; with null where notifications may have been lost, so
   * that the subscriber looks for itself. Answers how to unsubscribe.
   */
  subscribe(channel: Channel, subject: string, wake: (detail: string | null) => void): () => void;
}

export interface ChangeHub extends Changes {
  publish(channel: Channel, payload: string): void;
  /** After a gap in the notifications: everybody looks for himself, or everybody of one channel. */
  wakeAll(channel?: Channel): void;
}

/** Subscribers by channel and subject; the subject `*` hears of everything. */
export function changeHub(): ChangeHub {
  const subscribers = new Map<string, Set<(detail: string | null) => void>>();
  return {
    subscribe(channel, subject, wake) {
      const key = `${channel} ${subject}`;
      const known = subscribers.get(key) ?? new Set();
      subscribers.set(key, known.add(wake));
      return () => {
        known.delete(wake);
        if (known.size === 0 && subscribers.get(key) === known) subscribers.delete(key);
      };
    },
    publish(channel, payload) {
      const subject = payload.split(' ', 1)[0] ?? '';
      const detail = payload.slice(subject.length + 1);
      for (const key of [`${channel} ${subject}`, `${channel} *`]) {
        for (const wake of [...(subscribers.get(key) ?? [])]) wake(detail);
      }
    },
    wakeAll(channel) {
      for (const [key, wakes] of [...subscribers]) {
        if (channel === undefined || key.startsWith(`${channel} `)) for (const wake of [...wakes]) wake(null);
      }
    },
  };
}
