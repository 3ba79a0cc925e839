/** Reads something of each namespace by itself: one that cannot be read hides no other. */
import type { Configuration } from '../../domain/configuration.ts';
import { asTowpathError, TowpathError } from '../../domain/failure.ts';
import type { CommitId, NamespaceName } from '../../domain/identifiers.ts';
import { type Look, lookAround } from '../../listener/operate/operate.ts';
import { version } from '../version.ts';
import type { WiredListener } from '../wire.ts';
import { configurationOf, namespacesOf, type Selected, wired } from './configured.ts';

export interface Surveyed<T> {
  readonly namespace: NamespaceName;
  readonly repository: string;
  readonly branch: string;
  readonly head: CommitId | null;
  /** Null where `failure` says why nothing can be told. */
  readonly found: T | null;
  readonly failure: TowpathError | null;
}

export async function survey<T>(selected: Selected, read: (look: Look) => Promise<T>): Promise<readonly Surveyed<T>[]> {
  const configuration = await configurationOf(selected);
  return wired(configuration, 'preview', (ports) =>
    Promise.all(namespacesOf(configuration).map((namespace) => surveyOne(ports, configuration, namespace, read))),
  );
}

/** Nobody acts: a survey has no author. */
const operator = { name: 'nobody', email: 'nobody@towpath.invalid' };

async function surveyOne<T>(
  ports: WiredListener,
  configuration: Configuration,
  namespace: NamespaceName,
  read: (look: Look) => Promise<T>,
): Promise<Surveyed<T>> {
  const repository = ports.namespaces.get(namespace)?.repository;
  const where = { namespace, repository: repository?.url ?? '', branch: repository?.branch ?? '' };
  try {
    const look = await lookAround({ ports, configuration, namespace, operator, towpathVersion: version() });
    return { ...where, head: look.view.snapshot.head, found: await read(look), failure: null };
  } catch (error) {
    return { ...where, head: null, found: null, failure: asTowpathError(error) ?? unexpected(namespace, error) };
  }
}

function unexpected(namespace: NamespaceName, cause: unknown): TowpathError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TowpathError('transient', 'Unexpected', `Cannot read namespace ${namespace}: ${why}`, { cause });
}

export function failureJson(failure: TowpathError | null) {
  return failure && { kind: failure.kind, reason: failure.reason, message: failure.message };
}
