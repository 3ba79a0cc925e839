/**
 * Changes of one listener's deployments come one after the other, since its row is their lock. They queue here, without a
 * connection, so that the many of one listener leave the database to everybody else.
 */
import type { DeploymentId, ListenerId, WorkspaceId } from '../../domain/identifiers.ts';
import { Refusal } from '../refusal.ts';
import { deploymentNotFound, lives } from './deployments.ts';
import type { Database, Transaction } from './open-database.ts';
import { deployments } from './schema.ts';
import { type Waiting, waitForTurn } from './waiting.ts';

const patienceMs = 15_000;
const longestQueue = 2_000;

interface Turns {
  /** Who waits, by listener; no entry: nobody is at it. */
  readonly queues: Map<ListenerId, Waiting[]>;
  /** A deployment's listener is its listener for ever. */
  readonly listeners: Map<string, ListenerId>;
}

const turnsOf = new WeakMap<Database, Turns>();

/** A transaction that will lock this listener. */
export async function changeInTurn<Result>(
  database: Database,
  listenerId: ListenerId,
  body: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  const { queues } = ofDatabase(database);
  await enter(queues, listenerId);
  try {
    return await database.transaction(body);
  } finally {
    leave(queues, listenerId);
  }
}

/** The same for the listener of a deployment. */
export async function changeDeploymentInTurn<Result>(
  database: Database,
  workspaceId: WorkspaceId,
  id: DeploymentId,
  body: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  return changeInTurn(database, await listenerOf(database, workspaceId, id), body);
}

function ofDatabase(database: Database): Turns {
  const turns = turnsOf.get(database) ?? { queues: new Map(), listeners: new Map() };
  turnsOf.set(database, turns);
  return turns;
}

async function enter(queues: Turns['queues'], listenerId: ListenerId): Promise<void> {
  const queue = queues.get(listenerId);
  if (queue === undefined) {
    queues.set(listenerId, []);
    return;
  }
  if (queue.length >= longestQueue) throw tooMany();
  const waiting = waitForTurn(patienceMs, 'many other changes of the same listener come first');
  queue.push(waiting);
  await waiting.granted;
}

function leave(queues: Turns['queues'], listenerId: ListenerId): void {
  const queue = queues.get(listenerId) ?? [];
  while (queue.length > 0) if (queue.shift()?.grant()) return;
  queues.delete(listenerId);
}

async function listenerOf(database: Database, workspaceId: WorkspaceId, id: DeploymentId): Promise<ListenerId> {
  const { listeners } = ofDatabase(database);
  const key = `${workspaceId} ${id}`;
  const known = listeners.get(key);
  if (known !== undefined) return known;
  const [found] = await database
    .select({ listenerId: deployments.listenerId })
    .from(deployments)
    .where(lives(workspaceId, id));
  if (!found) return deploymentNotFound(id);
  if (listeners.size >= 10_000) listeners.clear();
  listeners.set(key, found.listenerId);
  return found.listenerId;
}

function tooMany(): Refusal {
  const message = 'Too many changes wait for this listener: send fewer at a time';
  return new Refusal(429, message, { retryAfterSeconds: 5 });
}
