/** The one deployment that the first start makes, so that there is a commit to look at within seconds. */
import { z } from 'zod';
import type { Api } from './api.ts';
import type { Identity } from './identity.ts';

const sampleName = 'sample-agent';
export const sampleNamespace = 'default';
/** The public base image of Agent Servers: a real reference, which a cluster could pull. */
const image = 'docker.io/langchain/langgraph-api:3.12';

const Names = z.object({ resources: z.array(z.object({ name: z.string() })) });

export async function deploySample(api: Api, { listenerId }: Pick<Identity, 'listenerId'>): Promise<void> {
  const { resources } = await api.get(`/v2/deployments?name=${sampleName}&limit=1`, Names);
  // A kill between the call and our note of it must not make a second one.
  if (resources.length > 0) return;
  const body = {
    name: sampleName,
    source: 'external_docker',
    source_config: {
      listener_id: listenerId,
      listener_config: { k8s_namespace: sampleNamespace },
      resource_spec: { min_scale: 1, max_scale: 1 },
    },
    source_revision_config: { image_uri: image },
    secrets: [],
  };
  await api.post('/v2/deployments', body, z.unknown());
}
