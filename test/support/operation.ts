/** A command's operation in this process: the ports of a test's listener, run by a person. */
import { httpControlPlane } from '../../src/adapters/control-plane/http.ts';
import { namedSecretSealer } from '../../src/adapters/secret-sealer/named.ts';
import { noTelemetry } from '../../src/adapters/telemetry/none.ts';
import type { NamespaceParts } from '../../src/listener/context.ts';
import type { Operation } from '../../src/listener/operate/operate.ts';
import type { Repository } from '../../src/ports.ts';
import { configurationFor, hurried, secretKey, systemClock, teamA } from './listener-world.ts';
import { memoryLog } from './memory-log.ts';
import { plainRenderer } from './plain-renderer.ts';
import type { ScriptedControlPlane } from './scripted-control-plane.ts';

interface OperationSetup {
  readonly plane: Pick<ScriptedControlPlane, 'url' | 'listenerId'>;
  readonly apiKey?: string;
  readonly repository: Repository;
  readonly parts?: Partial<NamespaceParts>;
  readonly namespace?: Readonly<Record<string, unknown>>;
}

export function operationOf({
  plane,
  repository,
  parts,
  namespace,
  apiKey = 'listener-key',
}: OperationSetup): Operation {
  const own: NamespaceParts = {
    repository,
    sealer: namedSecretSealer(),
    renderer: plainRenderer(),
    secretKey,
    engine: null,
    cluster: null,
    review: null,
    ...parts,
  };
  const controlPlane = httpControlPlane({ url: plane.url, apiKey }, plane.listenerId);
  const surroundings = { clock: systemClock, log: memoryLog(), telemetry: noTelemetry };
  return {
    ports: { controlPlane, namespaces: new Map([[teamA, own]]), ...surroundings },
    configuration: configurationFor({ plane, ...(namespace ? { namespace } : {}) }),
    towpathVersion: '0.1.0',
    namespace: teamA,
    operator: { name: 'Grace', email: 'grace@example.com' },
    timings: hurried,
  };
}

export const agreed = async (): Promise<boolean> => true;
