/**
 * Hears of changes by LISTEN, and notices where nothing is heard: LISTEN ends with its connection, the driver gives up
 * when listening again fails once, and a pooler in transaction mode passes no notification on. So a pulse goes through
 * the server again and again. Where it does not come back everything is set up anew, and where that does not help
 * either, whoever waits looks for himself every second.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type postgres from 'postgres';
import type { Log } from '../log.ts';
import { type ChangeHub, channels } from './changes.ts';

const pulseIntervalMs = 10_000;
const answerMs = 2_000;
const lookMs = 1_000;

const deafness =
  'Cannot hear of changes at once: the database does not pass notifications on, as behind a pooler in transaction mode. ' +
  'Listeners hear of changes within a second, event streams within ten; give the control plane a direct connection, or a ' +
  'pooler in session mode';

interface Needs {
  /** A client of its own for each attempt. */
  readonly open: () => postgres.Sql;
  /** Sends the pulse. */
  readonly sender: postgres.Sql;
  readonly hub: ChangeHub;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

export async function keepListening(needs: Needs): Promise<{ stop(): Promise<void> }> {
  const { hub, log, sender } = needs;
  let ear = await listen(needs);
  let isDeaf = false;
  const judge = (hears: boolean): void => {
    if (hears === !isDeaf) return;
    isDeaf = !hears;
    if (isDeaf) log.warn(deafness);
    else log.info('Notifications of the database are heard again');
  };
  const beat = async (): Promise<void> => {
    if (await ear.hearsPulse(sender)) return judge(true);
    await ear.end();
    ear = await listen(needs);
    hub.wakeAll();
    judge(await ear.hearsPulse(sender));
  };
  judge(await ear.hearsPulse(sender));
  let isBeating = false;
  const pulse = setInterval(() => {
    if (isBeating) return;
    isBeating = true;
    // A database that is away is somebody else's complaint.
    const beaten = beat().catch(() => undefined);
    void beaten.then(() => {
      isBeating = false;
    });
  }, pulseIntervalMs);
  const look = setInterval(() => {
    if (isDeaf) hub.wakeAll('towpath_listener');
  }, lookMs);
  return {
    async stop() {
      clearInterval(pulse);
      clearInterval(look);
      await ear.end();
    },
  };
}

interface Ear {
  hearsPulse(sender: postgres.Sql): Promise<boolean>;
  end(): Promise<void>;
}

let ears = 0;

async function listen({ open, hub }: Needs): Promise<Ear> {
  const client = open();
  const waiting = new Map<string, () => void>();
  ears += 1;
  const channel = `towpath_pulse_${process.pid}_${Math.trunc(performance.timeOrigin)}_${ears}`;
  const end = () => client.end({ timeout: 1 });
  try {
    // The driver calls the third argument each time it listens again after a lost connection.
    for (const each of channels) {
      await client.listen(
        each,
        (payload) => hub.publish(each, payload),
        () => hub.wakeAll(),
      );
    }
    await client.listen(channel, (payload) => waiting.get(payload)?.());
  } catch (error) {
    await end();
    throw error;
  }
  let pulses = 0;
  return {
    end,
    async hearsPulse(sender) {
      const pulse = String(++pulses);
      const heard = Promise.withResolvers<boolean>();
      waiting.set(pulse, () => heard.resolve(true));
      const late = new AbortController();
      try {
        await sender`select pg_notify(${channel}, ${pulse})`;
        return await Promise.race([heard.promise, delay(answerMs, false, { signal: late.signal })]);
      } finally {
        late.abort();
        waiting.delete(pulse);
      }
    },
  };
}
