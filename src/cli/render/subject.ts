/** What is rendered: a deployment in the shape in which a lane would meet it. */
import { systemClock } from '../../adapters/system-clock.ts';
import { noTelemetry } from '../../adapters/telemetry/none.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Present } from '../../domain/desired.ts';
import { TowpathError } from '../../domain/failure.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import type { Specification } from '../../domain/specification.ts';
import type { LaneContext, NamespaceParts } from '../../listener/context.ts';
import { createDesiredState } from '../../listener/desired-state.ts';
import { soleLeadership } from '../../listener/leader/leadership.ts';
import { laneContext } from '../../listener/listener.ts';
import { defaultTimings } from '../../listener/timings.ts';
import type { ControlPlane } from '../../ports.ts';
import { openLog } from '../log.ts';
import { version } from '../version.ts';

export interface Subject {
  readonly context: LaneContext;
  readonly desired: Present;
  close(): Promise<void>;
}

interface SubjectParts {
  readonly configuration: Configuration;
  readonly namespace: NamespaceName;
  readonly parts: NamespaceParts;
  readonly controlPlane: Pick<ControlPlane, 'specification' | 'secrets'>;
}

export function contextOf({ configuration, namespace, parts, controlPlane }: SubjectParts): LaneContext {
  const shared = {
    controlPlane,
    desired: createDesiredState(),
    clock: systemClock(),
    log: openLog({ json: false, level: 'error' }),
    telemetry: noTelemetry,
    leadership: soleLeadership,
    timings: defaultTimings,
    towpathVersion: version(),
  };
  return laneContext(shared, configuration, namespace, parts);
}

export function presentOf({ deployment, revision, secretsVersion }: Specification): Present {
  return {
    kind: 'present',
    deploymentId: deployment.id,
    name: deployment.name,
    namespace: deployment.namespace,
    revisionId: revision.id,
    revisionNumber: revision.number,
    secretsVersion,
    interrupted: false,
    lastReport: null,
  };
}

export function unknownNamespace(namespace: string, configuration: Configuration): TowpathError {
  const known = Object.keys(configuration.namespaces).join(', ');
  const message = `Cannot render for namespace "${namespace}": the configuration has no such namespace, only ${known}`;
  return new TowpathError('terminal', 'UnknownNamespace', message);
}
