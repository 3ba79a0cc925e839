/** What Kubernetes refuses to change never reaches the branch: it would hold up this and every later revision. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readSchemaCatalogue } from '../../src/adapters/schema-folder.ts';
import { readTemplateSet } from '../../src/adapters/template-folder.ts';
import { compileTemplateSet } from '../../src/core/template/compile.ts';
import { compileSchemas } from '../../src/core/validate/manifest-schemas.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import type { Renderer } from '../../src/listener/context.ts';
import { createRenderer } from '../../src/listener/renderer.ts';
import { listen } from '../support/listener-world.ts';
import { type MemoryRemote, memoryRemote, memoryRepository } from '../support/memory-repository.ts';
import { realRenderer } from '../support/real-renderer.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { temporaryFolder } from '../support/temp.ts';
import { until } from '../support/until.ts';

let shipped: Renderer;
let plane: ScriptedControlPlane;
let remote: MemoryRemote;
let running: ReturnType<typeof listen> | null = null;

beforeAll(async () => {
  shipped = await realRenderer();
});
beforeEach(async () => {
  plane = await startScriptedControlPlane();
  remote = memoryRemote();
});
afterEach(async () => {
  await running?.stop();
  running = null;
  await plane.stop();
});

interface Setting {
  readonly agentServer?: object;
  readonly namespace?: object;
  readonly renderer?: Renderer;
}

/** As after a restart with another configuration: what the listener knows it must find in git. */
async function serve({ agentServer, namespace, renderer = shipped }: Setting = {}): Promise<void> {
  await running?.stop();
  running = listen({
    plane,
    repository: memoryRepository(remote),
    renderer,
    namespace: { ...namespace },
    agentServer: { ...agentServer },
  });
}

async function settled(id: DeploymentId) {
  const revision = plane.wanted().get(id)?.revision;
  return until('an outcome', () => {
    const last = plane.lastReport(id);
    return last?.revisionId === revision && last?.outcome !== 'progressing' && last;
  });
}

const file = (name: string): string => [...remote.files()].find(([path]) => path.endsWith(`/${name}`))?.[1] ?? '';

describe('the volume of a database', () => {
  it.each([
    [10, 20],
    [20, 5],
    [20, null],
  ])('of %s Gi is not made %s Gi by a control plane that allows it', async (before, after) => {
    await serve();
    const id = plane.create('chat', { resourceSpec: { db_storage_gi: before } });
    await settled(id);
    const head = remote.head;

    plane.update(id, { resourceSpec: { db_storage_gi: after, cpu: 2 } });
    const refused = await settled(id);

    expect(refused).toMatchObject({ outcome: 'failed', reason: 'ImmutableField' });
    expect(refused.message).toMatch(/Cannot change deployment chat: .*\n.*postgres\.statefulset\.yaml/);
    expect(refused.message).toContain(`now ${after ?? 10}Gi): leave db_storage_gi at ${before}; to grow the volume`);
    expect(remote.head).toBe(head);

    plane.update(id, { resourceSpec: { db_storage_gi: before, cpu: 2 } });

    expect(await settled(id)).toMatchObject({ outcome: 'succeeded' });
  });

  it('keeps its StorageClass where the configuration names another one, for volumes to come', async () => {
    await serve({ agentServer: { database: { kind: 'in-cluster', storageClassName: 'slow' } } });
    const old = plane.create('old');
    await settled(old);
    const before = file('postgres.statefulset.yaml');
    expect(before).toContain('storageClassName: slow');

    await serve({
      agentServer: { database: { kind: 'in-cluster', storageClassName: 'fast' } },
      namespace: { rerender: 'now' },
    });
    plane.update(old, { image: 'registry.example/agents/chat:2.0.0' });
    expect(await settled(old)).toMatchObject({ outcome: 'succeeded' });
    expect(file('postgres.statefulset.yaml')).toBe(before);

    await settled(plane.create('young'));
    expect([...remote.files().values()].filter((text) => text.includes('storageClassName: fast'))).toHaveLength(1);
  });

  it('may have any size before anything is laid down, and beside a database of the client’s own', async () => {
    await serve();
    const id = plane.create('chat', { resourceSpec: { min_scale: 0, db_storage_gi: 5 } });
    expect(await settled(id)).toMatchObject({ outcome: 'failed' });
    plane.update(id, { resourceSpec: { db_storage_gi: 50 } });
    expect(await settled(id)).toMatchObject({ outcome: 'succeeded' });

    const secrets = { POSTGRES_URI_CUSTOM: 'postgres://planted-0123456789@db.example/agents' };
    plane.update(id, { secrets, resourceSpec: { db_storage_gi: 80 } });

    expect(await settled(id)).toMatchObject({ outcome: 'succeeded' });
  });

  it('does not stand in the way of taking back what a person made of it in git', async () => {
    await serve();
    const id = plane.create('chat');
    await settled(id);
    const laidDown = file('postgres.statefulset.yaml');
    const [path = ''] = [...remote.files()].find(([one]) => one.endsWith('/postgres.statefulset.yaml')) ?? [];
    const edited = laidDown.replace('storage: 10Gi', 'storage: 30Gi');
    remote.commit('More room', [{ kind: 'write', path: path as never, content: edited }]);

    await serve({ namespace: { drift: 'restore' } });

    await until('the file as it was', () => file('postgres.statefulset.yaml') === laidDown);
  });
});

it('refuses a template set of one’s own that selects otherwise than the one before', async () => {
  await serve({ agentServer: { database: { kind: 'external' }, redis: { kind: 'external' } } });
  const secrets = {
    POSTGRES_URI_CUSTOM: 'postgres://planted-0123456789@db.example/agents',
    REDIS_URI_CUSTOM: 'redis://planted-0123456789@redis.example/0',
  };
  const id = plane.create('chat', { secrets });
  await settled(id);
  const own = await temporaryFolder('own-set');
  await mkdir(join(own, 'templates'));
  await writeFile(join(own, 'templates', 'api.deployment.yaml.hbs'), ownDeployment);
  const set = compileTemplateSet(await readTemplateSet('./templates', own));

  await serve({
    renderer: createRenderer(set, compileSchemas(readSchemaCatalogue())),
    namespace: { templates: './templates' },
    agentServer: { database: { kind: 'external' }, redis: { kind: 'external' } },
  });
  plane.update(id, { secrets, image: 'registry.example/agents/chat:2.0.0' });

  const refused = await settled(id);
  expect(refused).toMatchObject({ outcome: 'failed', reason: 'ImmutableField' });
  expect(refused.message).toContain('Kubernetes changes no spec.selector of a Deployment that is there');
});

const ownDeployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{api.name}}
  namespace: {{namespace}}
  labels:
    {{structure api.workloadLabels}}
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: {{name}}
  template:
    metadata:
      labels:
        {{structure api.workloadLabels}}
    spec:
      containers:
        - name: api
          image: {{image}}
          env:
            {{structure api.environment}}
`;
