/** Whether the key is the listener's own: with another kind it would lay things down and never be able to tell. */
import { z } from 'zod';
import type { DesiredPage } from '../../domain/desired.ts';
import { asTowpathError, TowpathError } from '../../domain/failure.ts';
import type { ListenerId } from '../../domain/identifiers.ts';
import type { ControlPlaneClient } from './client.ts';

type Caller = DesiredPage['caller'];

const kinds: Readonly<Record<Exclude<Caller, undefined>, string>> = {
  listener: 'a listener key',
  workspace: 'a workspace key',
  admin: 'an admin key',
  other: 'a key of another kind',
};

export function wordsOfCaller(caller: Caller): string {
  return caller === undefined ? 'not the key of this listener' : kinds[caller];
}

/** What to do about it; the same for a listener that starts and for the doctor. */
export function listenerKeyMend(listenerId: ListenerId | string): string {
  return (
    `make a listener key with the admin key (POST /towpath/v1/keys, kind "listener", listener_id "${listenerId}"), ` +
    'and put it where controlPlane.apiKeyFile or apiKeyEnv says'
  );
}

/** An older control plane does not say whose key it is; but it takes reports of the listener alone, even of nothing. */
export async function mayReport(client: ControlPlaneClient, listenerId: ListenerId | string): Promise<boolean> {
  const path = `/towpath/v1/listeners/${listenerId}/reports`;
  const body = { term: 0, reports: [] };
  try {
    await client.call({ purpose: 'try whether the key may report', method: 'POST', path, body, answer: z.unknown() });
    return true;
  } catch (error) {
    const reason = asTowpathError(error)?.reason;
    if (reason === 'Forbidden') return false;
    // Another replica has led since: that is said to the listener's own key only.
    if (reason === 'StaleTerm') return true;
    throw error;
  }
}

export async function requireListenerKey(
  client: ControlPlaneClient,
  url: string,
  listenerId: ListenerId,
  caller: Caller,
): Promise<void> {
  if (caller === 'listener' || (caller === undefined && (await mayReport(client, listenerId)))) return;
  const message =
    `Cannot listen at ${url}: the API key is ${wordsOfCaller(caller)}, which may not report what becomes of a ` +
    `deployment; ${listenerKeyMend(listenerId)}`;
  throw new TowpathError('terminal', 'WrongKey', message);
}
