import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Check } from '../../src/cli/doctor/check.ts';
import { type Finished, runTowpath } from '../support/command-line.ts';
import type { Tenant } from '../support/control-plane.ts';
import { type GitServer, startGitServer } from '../support/git-server.ts';
import { type ServedControlPlane, serveControlPlane } from '../support/served-control-plane.ts';
import { temporaryFolder } from '../support/temp.ts';
import { type ScriptedCluster, scriptedCluster } from './doctor-cluster.ts';

const passwords = { writer: 'the-password-of-the-writer', reader: 'the-password-of-the-reader' };
let folder: string;
let plane: ServedControlPlane;
let git: GitServer;
let tenant: Tenant;
let listenerKey: string;
let cluster: ScriptedCluster;

beforeAll(async () => {
  folder = await temporaryFolder('doctor');
  plane = await serveControlPlane({ towpathCalls: true });
  git = await startGitServer({
    authorize: async (credentials, _repository, service) => {
      if (credentials?.password === passwords.writer) return 'allow';
      if (credentials?.password !== passwords.reader) return 'unauthenticated';
      return service === 'git-receive-pack' ? 'deny' : 'allow';
    },
  });
  await (await git.repository('team-a')).seed({ 'README.md': 'hello\n' });
  tenant = await plane.tenant('team-a');
  listenerKey = await plane.listenerKey(tenant);
  await writeFile(join(folder, 'key'), 'ab'.repeat(32));
});

afterAll(async () => {
  await plane.stop();
  await git.close();
});

beforeEach(async () => {
  cluster = await scriptedCluster();
  for (const [groupVersion, resources] of served) cluster.served.set(groupVersion, resources);
  cluster.objects.set('/api/v1/namespaces/team-a', { metadata: { name: 'team-a' } });
  return () => cluster.close();
});

const served = [
  ['apps/v1', ['deployments', 'statefulsets', 'replicasets', 'daemonsets']],
  ['argoproj.io/v1alpha1', ['applications', 'applicationsets', 'appprojects']],
  ['source.toolkit.fluxcd.io/v1', ['gitrepositories']],
  ['kustomize.toolkit.fluxcd.io/v1', ['kustomizations']],
] as const;

describe('a set-up that bootstrap has made', () => {
  it.each(['argo-cd', 'flux'])('is found well: %s', async (engine) => {
    const config = await configured();
    await runTowpath(['bootstrap', engine, '-c', config, '--apply', '--kubeconfig', cluster.kubeconfig]);

    const { code, checks } = await examined(config);

    expect(checks.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    expect(code).toBe(0);
    expect(found(checks, 'namespaces')?.message).toBe('team-a, as registered');
  });

  it('is told to people in lines, with a summary', async () => {
    const config = await configured();

    const { stdout } = await doctor(config);

    expect(stdout).toMatch(/^namespace team-a$/m);
    expect(stdout).toMatch(/^ {2}✓ push: /m);
    expect(stdout).toMatch(/^ {2}✗ engine: neither Argo CD nor Flux has an object for .*\n {6}run "towpath bootstrap/m);
    expect(stdout).toMatch(/^[0-9]+ ok, 0 warnings, 1 failed$/m);
  });

  it('leaves the listener as silent as it was', async () => {
    const before = await tenant.call('GET', `/v2/listeners/${tenant.listenerId}`);

    await doctor(await configured());

    expect(await tenant.call('GET', `/v2/listeners/${tenant.listenerId}`)).toEqual(before);
    expect(plane.requests.filter((one) => one.includes('/desired'))).toEqual([]);
  });
});

describe('what is wrong', () => {
  it('is a configuration that does not parse, and nothing else is looked at', async () => {
    const config = join(folder, 'broken.yaml');
    await writeFile(config, 'listener: {}\n');

    const { code, checks } = await examined(config);

    expect(code).toBe(1);
    expect(checks).toHaveLength(1);
    expect(checks[0]).toMatchObject({ subject: 'configuration', verdict: 'failed' });
  });

  it('is a key that the control plane does not know, and it is not printed', async () => {
    const key = 'tp_lst_not-a-key-of-this-control-plane';

    const { code, checks, stdout } = await examined(await configured({ apiKey: key }));

    expect(code).toBe(1);
    expect(found(checks, 'key')).toMatchObject({ subject: 'control plane', verdict: 'failed' });
    expect(stdout).not.toContain(key);
  });

  it('is a control plane that nobody answers at, and the rest is looked at all the same', async () => {
    const { checks } = await examined(await configured({ url: 'http://127.0.0.1:1' }));

    expect(found(checks, 'answers')).toMatchObject({ subject: 'control plane', verdict: 'failed' });
    expect(found(checks, 'push')).toMatchObject({ verdict: 'ok' });
  });

  it('is a namespace that the control plane has not registered, as the key of the listener shows', async () => {
    const { code, checks } = await examined(await configured({ namespace: 'team-b' }));

    expect(code).toBe(1);
    expect(found(checks, 'namespaces')).toMatchObject({
      verdict: 'failed',
      message: 'the control plane lets nobody deploy to team-b',
    });
  });

  it('is a key of the workspace, with which nobody may report', async () => {
    const { code, checks } = await examined(await configured({ apiKey: tenant.key }));

    expect(code).toBe(1);
    expect(found(checks, 'key')).toMatchObject({
      verdict: 'failed',
      message: expect.stringContaining('a workspace key'),
    });
  });

  it('is a listener that the control plane does not know', async () => {
    const { checks } = await examined(await configured({ apiKey: tenant.key, listenerId: randomUUID() }));

    expect(found(checks, 'listener')).toMatchObject({ subject: 'control plane', verdict: 'failed' });
  });

  it('is a password that may read but not push', async () => {
    const { code, checks, stdout } = await examined(await configured({ password: passwords.reader }));

    expect(code).toBe(1);
    expect(found(checks, 'read')).toMatchObject({ verdict: 'ok' });
    expect(found(checks, 'push')).toMatchObject({ verdict: 'failed' });
    expect(stdout).not.toContain(passwords.reader);
  });

  it.each([
    [{ password: 'wrong' }, 'Authentication|credentials'],
    [{ branch: 'live' }, 'other branches .* but not this one'],
  ])('is a repository that cannot be read: %j', async (change, message) => {
    const { checks } = await examined(await configured(change));

    expect(found(checks, 'read')).toMatchObject({ verdict: 'failed', message: expect.stringMatching(message) });
    expect(found(checks, 'push')).toBeUndefined();
  });

  it('is a missing key of secrets, a missing namespace and missing rights, all at once', async () => {
    cluster.objects.delete('/api/v1/namespaces/team-a');
    cluster.denied.add('watch pods');
    const config = await configured({ secrets: {} });
    const user = 'system:serviceaccount:towpath:listener';

    const { checks } = await examined(config, '--as', user);

    expect(found(checks, 'secret key')).toMatchObject({ verdict: 'failed' });
    expect(found(checks, 'namespace')).toMatchObject({
      verdict: 'failed',
      mend: 'run "kubectl create namespace team-a"',
    });
    expect(found(checks, 'rights')?.message).toBe('may not watch pods in team-a (why a revision does not run yet)');
    expect([...cluster.impersonated]).toEqual([user]);
  });

  it('is two engines on one repository', async () => {
    const config = await configured();
    for (const engine of ['argo-cd', 'flux']) {
      await runTowpath(['bootstrap', engine, '-c', config, '--apply', '--kubeconfig', cluster.kubeconfig]);
    }

    const { checks } = await examined(config);

    expect(found(checks, 'engine')).toMatchObject({
      verdict: 'warning',
      message: 'Flux follows the same repository as Argo CD',
    });
  });

  it('is no cluster where one is needed; with engine none none is', async () => {
    const [needed, unneeded] = await Promise.all([
      examined(await configured({ name: 'needed' }), '--kubeconfig', '/nowhere'),
      examined(await configured({ name: 'unneeded', engine: 'none' }), '--kubeconfig', '/nowhere'),
    ]);

    const ofCluster = (checks: readonly Check[]) => checks.filter(({ subject }) => subject === 'cluster');
    expect(ofCluster(needed.checks)).toMatchObject([{ verdict: 'failed' }]);
    expect(ofCluster(unneeded.checks)).toMatchObject([{ verdict: 'skipped' }]);
    expect(found(unneeded.checks, 'secrets')).toMatchObject({ verdict: 'warning' });
  });
});

interface Changes {
  readonly name?: string;
  readonly url?: string;
  readonly apiKey?: string;
  readonly password?: string;
  readonly branch?: string;
  readonly engine?: string;
  readonly namespace?: string;
  readonly listenerId?: string;
  readonly secrets?: object;
}

async function configured(changes: Changes = {}): Promise<string> {
  const { name = 'towpath', url = plane.url, apiKey = listenerKey, password = passwords.writer } = changes;
  const { namespace = 'team-a', listenerId = tenant.listenerId } = changes;
  const { branch = 'main', engine = 'auto', secrets = { keyFile: 'key' } } = changes;
  await writeFile(join(folder, `${name}-api-key`), apiKey);
  await writeFile(join(folder, `${name}-password`), password);
  const credentials = { passwordFile: `${name}-password` };
  const configuration = {
    controlPlane: { url, apiKeyFile: `${name}-api-key` },
    listener: { id: listenerId },
    namespaces: { [namespace]: { repository: `${git.url}/team-a.git`, branch, engine, credentials, secrets } },
    agentServer: { licenseKey: { secretName: 'langsmith', key: 'license' } },
  };
  const path = join(folder, `${name}.yaml`);
  await writeFile(path, stringify(configuration));
  return path;
}

function doctor(config: string, ...words: readonly string[]): Promise<Finished> {
  return runTowpath(['doctor', '--config', config, '--kubeconfig', cluster.kubeconfig, ...words]);
}

async function examined(config: string, ...words: readonly string[]) {
  const finished = await doctor(config, '--json', ...words);
  const { checks } = JSON.parse(finished.stdout) as { readonly checks: readonly Check[] };
  return { ...finished, checks };
}

function found(checks: readonly Check[], title: string): Check | undefined {
  return checks.find((check) => check.title === title);
}
