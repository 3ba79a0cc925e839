/** The Lease by which replicas elect a leader: read and compare-and-swap by its resourceVersion. */
import { z } from 'zod';
import { asTowpathError } from '../../domain/failure.ts';
import type { LeaseRecord } from '../../domain/live-object.ts';
import type { LeaseStore } from '../../ports.ts';
import type { KubernetesHttp } from './http.ts';

const Lease = z.object({
  metadata: z.object({ resourceVersion: z.string(), uid: z.string() }),
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      renewTime: z.string().nullish(),
    })
    .nullish(),
});

export function kubernetesLease(
  http: KubernetesHttp,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): LeaseStore {
  const all = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const what = `Lease ${name} in namespace ${namespace}`;
  // A PUT would make a Lease that was deleted anew, unless it says which one it means.
  let last: Seen = { version: '', uid: '' };
  const recordOf = (answer: unknown): LeaseRecord => {
    const { metadata, spec } = Lease.parse(answer);
    last = { version: metadata.resourceVersion, uid: metadata.uid };
    return recordFrom(metadata.resourceVersion, spec ?? {});
  };
  const read = async (): Promise<LeaseRecord | null> => {
    try {
      return recordOf(await http.json({ method: 'GET', path: `${all}/${name}`, purpose: `read ${what}` }));
    } catch (error) {
      if (asTowpathError(error)?.reason === 'ClusterNotFound') return null;
      throw error;
    }
  };
  return {
    read,
    write: async (record, previous) => {
      const uid = previous?.version === last.version ? last.uid : undefined;
      const body = leaseOf(record, { namespace, name, uid, resourceVersion: previous?.version });
      const call =
        previous === null
          ? ({ method: 'POST', path: all, body, purpose: `create ${what}` } as const)
          : ({ method: 'PUT', path: `${all}/${name}`, body, purpose: `update ${what}` } as const);
      try {
        return recordOf(await http.json(call));
      } catch (error) {
        const reason = asTowpathError(error)?.reason;
        // Somebody wrote it, made it or took it away in between.
        if (reason === 'ClusterConflict' || (previous !== null && reason === 'ClusterNotFound')) return null;
        throw error;
      }
    },
  };
}

interface Seen {
  readonly version: string;
  readonly uid: string;
}

interface LeaseMetadata {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

function leaseOf({ holder, term, renewedAt, durationSeconds }: Omit<LeaseRecord, 'version'>, metadata: LeaseMetadata) {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata,
    spec: {
      holderIdentity: holder ?? '',
      leaseTransitions: term,
      leaseDurationSeconds: durationSeconds,
      // Microseconds, as the API has them.
      renewTime: renewedAt.toISOString().replace('Z', '000Z'),
    },
  };
}

function recordFrom(version: string, spec: NonNullable<z.infer<typeof Lease>['spec']>): LeaseRecord {
  return {
    holder: spec.holderIdentity || null,
    term: spec.leaseTransitions ?? 0,
    renewedAt: new Date(spec.renewTime ?? 0),
    durationSeconds: spec.leaseDurationSeconds ?? 1,
    version,
  };
}
