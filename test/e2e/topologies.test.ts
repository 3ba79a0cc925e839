/** The four topologies of the examples, with their own files, on the real cluster: both engines, two workspaces each. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { projectFolder } from '../support/command-line.ts';
import type { ControlPlaneProcess } from '../support/control-plane-process.ts';
import { administrator } from './harness/fixtures.ts';
import { type EngineName, openSite, type Site, startPlane } from './support/site.ts';

const client = administrator();
let plane: ControlPlaneProcess;

beforeAll(async () => {
  plane = await startPlane();
});

interface Example {
  /** Of the namespace and of the agents in the example's towpath.yaml, but its addresses and secrets. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly agentServer: Readonly<Record<string, unknown>> | undefined;
  readonly deployment: { readonly name: string; readonly resources: Readonly<Record<string, unknown>> };
}

describe.each<[string, EngineName]>([
  ['cluster-per-workspace', 'argo-cd'],
  ['shared-dev-cluster', 'flux'],
  ['namespace-per-workspace', 'argo-cd'],
  ['shared-namespace', 'flux'],
])('examples/%s with %s', (example, engine) => {
  it('takes each workspace’s deployment to healthy, each with its own listener', async () => {
    const [research, support] = [await read(`${example}/research`), await read(`${example}/support`)];
    const isShared = example === 'shared-namespace';
    const one = await open(engine, research);
    const other = await open(engine, support, isShared ? one : undefined);

    const [first, second] = await Promise.all([
      one.create(research.deployment.name, '1.0.0', { resources: research.deployment.resources }),
      other.create(support.deployment.name, '1.0.0', { resources: support.deployment.resources }),
    ]);
    await one.reaches(first, 'DEPLOYED');
    await other.reaches(second, 'DEPLOYED');

    expect(await listenersOf(one)).toEqual(isShared ? both(one, other) : [one.tenant.listenerId]);
    expect(await listenersOf(other)).toEqual(isShared ? both(one, other) : [other.tenant.listenerId]);
    await one.repository.fsck();
  });
});

function open(engine: EngineName, { settings, agentServer }: Example, beside?: Site): Promise<Site> {
  return openSite({ engine, plane, settings, ...(agentServer ? { agentServer } : {}), ...(beside ? { beside } : {}) });
}

async function read(folder: string): Promise<Example> {
  const text = (name: string) => readFile(join(projectFolder, 'examples', folder, name), 'utf8');
  const { namespaces, agentServer } = parse(await text('towpath.yaml'));
  const [settings] = Object.values<Record<string, unknown>>(namespaces);
  const { repository: _repository, credentials: _credentials, secrets: _secrets, ...rest } = settings ?? {};
  const { name, source_config } = parse(await text('deployment.yaml'));
  return { settings: rest, agentServer, deployment: { name, resources: source_config.resource_spec } };
}

/** Whose workloads run in the site's namespace. */
async function listenersOf({ namespace }: Site): Promise<readonly string[]> {
  const found = await client.list('apps/v1', 'Deployment', { namespace, labels: 'towpath.dev/listener-id' });
  return [...new Set(found.map(({ metadata }) => metadata.labels?.['towpath.dev/listener-id'] ?? ''))].sort();
}

function both(one: Site, other: Site): readonly string[] {
  return [one.tenant.listenerId, other.tenant.listenerId].sort();
}
