/** Inputs for rendering, as small as a test needs: a valid deployment, changed where the test says so. */
import type { RenderInput } from '../../../src/core/template/set.ts';
import { hasExternalDatabase } from '../../../src/core/values/server.ts';
import { AgentServer } from '../../../src/domain/configuration-agent-server.ts';
import { Namespace } from '../../../src/domain/configuration-namespace.ts';
import { resourceName } from '../../../src/domain/resource-name.ts';
import { Specification } from '../../../src/domain/specification.ts';

export interface InputChanges {
  readonly id?: string;
  readonly name?: string;
  readonly image?: string;
  readonly resourceSpec?: unknown;
  readonly secretNames?: readonly string[];
  readonly secretReferences?: readonly unknown[];
  readonly namespace?: object;
  readonly agentServer?: object;
}

/** Everything goes through the schemas that the real edges use. */
export function renderInput(changes: InputChanges = {}): RenderInput {
  const specification = Specification.parse({
    deployment: {
      id: changes.id ?? '0b6c2f6e-6b0e-4b8e-9a53-5f0f3d1b2c3d',
      name: changes.name ?? 'research-agent',
      workspaceId: '7d1f0c52-9a43-4f0c-8a55-2c7d3b1e9f00',
      listenerId: 'c2a90b7e-35cf-4b3a-9b61-f5a0d4e8b211',
      namespace: 'team-a',
      customUrl: null,
    },
    revision: {
      id: 'e91d7c34-58a2-4d6f-b0c9-1a2b3c4d5e6f',
      createdAt: '2026-11-23T08:00:00Z',
      requester: { name: 'Ada', email: 'ada@example.com' },
      number: 1,
      rollbackTo: null,
    },
    image: changes.image ?? 'ghcr.io/acme/research-agent:1.4.2',
    resourceSpec: changes.resourceSpec ?? {},
    secretNames: changes.secretNames ?? [],
    secretsVersion: changes.secretNames ? 'v1' : null,
    secretReferences: changes.secretReferences ?? [],
  });
  const agentServer = AgentServer.parse(changes.agentServer ?? {});
  const name = resourceName(specification.deployment.name, specification.deployment.id);
  return {
    resourceName: name,
    specification,
    namespace: Namespace.parse({ repository: 'https://git.example/deployments/team-a.git', ...changes.namespace }),
    agentServer,
    secrets: {
      environment: specification.secretNames.length > 0 ? `${name}-env-5e884898da` : null,
      database: hasExternalDatabase({ specification, agentServer }) ? null : `${name}-database-0a1b2c3d4e`,
    },
  };
}
