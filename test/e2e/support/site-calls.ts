/** What a developer asks of the control plane: deployments of one namespace, and what became of them. */
import type { ControlPlaneProcess, Tenant } from '../../support/control-plane-process.ts';
import { creationBody, type NewDeployment } from '../../support/dev-process.ts';
import { eventually } from '../harness/eventually.ts';

export interface Revision {
  readonly id: string;
  readonly status: string;
  readonly status_message: string;
  readonly towpath: {
    readonly stage: string | null;
    readonly outcome: string | null;
    readonly reason: string | null;
    readonly message: string;
    readonly commit: string | null;
    readonly pull_request: string | null;
  };
}

export interface SiteCalls {
  /** Creates a deployment; answers its id. The tag of an image may begin with a fate of its pods. */
  create(name: string, tag: string, more?: Partial<NewDeployment>): Promise<string>;
  /** A new revision with another image. */
  update(id: string, tag: string): Promise<void>;
  remove(id: string): Promise<void>;
  deployment(id: string): Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
  latest(id: string): Promise<Revision>;
  /** Waits until the latest revision has this status, and answers it. */
  reaches(id: string, status: string, deadlineMs?: number): Promise<Revision>;
}

export const patienceMs = 120_000;

export function siteCalls(
  plane: ControlPlaneProcess,
  { workspaceKey, listenerId }: Tenant,
  namespace: string,
): SiteCalls {
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await plane.call(method, path, workspaceKey, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const latest = async (id: string): Promise<Revision> => {
    const { resources } = await ask('GET', `/v2/deployments/${id}/revisions?limit=1`);
    return resources[0];
  };
  return {
    create: async (name, tag, more = {}) => {
      const wanted = { name, image: `registry.example/agents/${name}:${tag}`, namespace, ...more };
      return (await ask('POST', '/v2/deployments', creationBody(listenerId, wanted))).id;
    },
    update: async (id, tag) => {
      const { name } = await ask('GET', `/v2/deployments/${id}`);
      const image_uri = `registry.example/agents/${name}:${tag}`;
      await ask('PATCH', `/v2/deployments/${id}`, { source_revision_config: { image_uri } });
    },
    remove: async (id) => {
      await ask('DELETE', `/v2/deployments/${id}`);
    },
    deployment: (id) => plane.call('GET', `/v2/deployments/${id}`, workspaceKey),
    latest,
    reaches: async (id, status, deadlineMs = patienceMs) => {
      let last: Revision | undefined;
      return eventually(
        `deployment ${id} to be ${status}`,
        async () => {
          last = await latest(id);
          if (last.status !== status) throw new Error(JSON.stringify(last));
          return last;
        },
        deadlineMs,
      );
    },
  };
}
