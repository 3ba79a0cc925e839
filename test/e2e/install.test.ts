/** The Helm chart and the Kustomize bases, judged by Helm, by kustomize and by a real API server that stores nothing. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { parse } from 'yaml';
import { checkConfiguration } from '../../src/cli/configuration/load.ts';
import { argoCdAccess, fluxAccess, servedAccessWith, servedNamespaceAccess } from '../../src/core/required-access.ts';
import { policyRules, read } from '../install/files.ts';
import { administrator, makeNamespace } from './harness/fixtures.ts';
import { type KubernetesObject, objectsIn } from './harness/kubernetes.ts';
import {
  bases,
  chart,
  dryRun,
  mayDo,
  overlay,
  podOf,
  type Role,
  rightsIn,
  sameForAll,
  type Workload,
} from './support/install.ts';

const client = administrator();
const examples = readdirSync(join(chart, 'examples'));

let namespace: string;
beforeAll(async () => {
  namespace = await makeNamespace('install');
  const strict = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await client.patch(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { metadata: { labels: strict } },
  );
});

describe('helm', () => {
  it('finds nothing to complain about in the defaults', () => {
    expect(helm('lint', chart, '--strict')).toContain('0 chart(s) failed');
  });

  it.each(examples)('renders what the API server accepts: %s', async (example) => {
    expect(helm('lint', chart, '--strict', '-f', join(chart, 'examples', example))).toContain('0 chart(s) failed');
    const objects = rendered(example);

    const accepted = await dryRun(client, objects, namespace);

    expect(accepted).toContain('apps/v1 Deployment');
  });

  it.each([
    ['more than one replica without an election', ['listener.config.listener.leaderElection=null'], /set it to \{\}/],
    ['no namespace', ['listener.config.namespaces=null'], /name at least one namespace/],
    ['metrics that nobody can reach', ['listener.config.monitoring.host=127.0.0.1'], /must be 0\.0\.0\.0/],
    ['an option that is not there', ['listener.replica=3'], /replica/],
  ])('refuses %s, and says what to do', (_, settings, message) => {
    const wrong = settings.flatMap((setting) => ['--set', setting]);

    expect(() => rendered('argo-cd.yaml', ...wrong)).toThrow(message);
  });

  it('says what is still needed where nothing was said yet', () => {
    const bare = (...settings: string[]) => helm('template', 'towpath', chart, ...settings);
    const url = ['--set', 'listener.config.controlPlane.url=https://control-plane.example'];

    expect(() => bare()).toThrow(/controlPlane\.url is missing: .*http:\/\/towpath-control-plane\.default:8700/);
    expect(() => bare(...url)).toThrow(/listener\.id is missing: POST \/v2\/listeners/);
    expect(bare('--set', 'listener.enabled=false')).toContain('kind: Deployment');
  });

  it('writes the configuration as a listener reads it, and rolls the pods when it changes', () => {
    const objects = rendered('everything.yaml');
    const text =
      find<{ data: Record<string, string> }>(objects, 'ConfigMap', 'towpath-listener').data['towpath.yaml'] ?? '';
    const changed = rendered('everything.yaml', '--set', 'listener.config.git.interval=30s');

    expect(checkConfiguration(text, 'towpath.yaml')).toMatchObject({ kind: 'valid' });
    expect(checksumIn(changed)).not.toBe(checksumIn(objects));
    expect(checksumIn(objects)).toBe(checksumIn(rendered('everything.yaml', '--set', 'listener.logLevel=warn')));
  });

  it('leaves out either part', () => {
    const names = (example: string) =>
      rendered(example)
        .map((object) => object.metadata.name)
        .join(' ');

    expect(names('control-plane.yaml')).not.toContain('listener');
    expect(names('argo-cd.yaml')).not.toContain('control-plane');
  });

  it('hands the alert rules and the dashboard on as they are', () => {
    const objects = rendered('argo-cd.yaml');
    const rule = find<{ spec: unknown }>(objects, 'PrometheusRule', 'towpath');
    const dashboard = find<{ data: Record<string, string> }>(objects, 'ConfigMap', 'towpath-dashboard');

    expect(rule.spec).toEqual(parse(read('templates/monitoring/alerts.yaml')));
    expect(JSON.parse(dashboard.data['towpath.json'] ?? '')).toEqual(
      JSON.parse(read('templates/monitoring/dashboard.json')),
    );
  });

  it('scrapes the very port that the listener serves, from one namespace only', () => {
    const objects = rendered('argo-cd.yaml', '--set', 'listener.config.monitoring.port=9999');
    const policy = find<{ spec: { ingress: unknown } }>(objects, 'NetworkPolicy', 'towpath-listener');
    const service = find<{ spec: { ports: unknown } }>(objects, 'Service', 'towpath-listener');

    expect(find(objects, 'ServiceMonitor', 'towpath-listener')).toMatchObject({
      spec: { endpoints: [{ port: 'metrics', path: '/metrics', honorLabels: true }] },
    });
    expect(service.spec.ports).toEqual([{ name: 'metrics', port: 9999, targetPort: 'metrics' }]);
    expect(policy.spec.ingress).toEqual([
      {
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
        ports: [{ protocol: 'TCP', port: 9999 }],
      },
    ]);
  });
});

describe('webhooks of the chart', () => {
  it('reach the listener by a Service and an Ingress, at the port that it serves and at /webhook only', () => {
    const objects = rendered('everything.yaml', '--set', 'listener.config.webhooks.port=9999');
    const policy = find<{ spec: { ingress: unknown[] } }>(objects, 'NetworkPolicy', 'towpath-listener');
    const ingress = find<{ spec: { rules: unknown } }>(objects, 'Ingress', 'towpath-listener-webhooks');

    expect(JSON.stringify(find(objects, 'Deployment', 'towpath-listener'))).toContain(
      '{"name":"webhooks","containerPort":9999}',
    );
    expect(find(objects, 'Service', 'towpath-listener-webhooks')).toMatchObject({
      spec: { ports: [{ name: 'webhooks', port: 8080, targetPort: 'webhooks' }] },
    });
    expect(policy.spec.ingress[1]).toMatchObject({ ports: [{ protocol: 'TCP', port: 9999 }] });
    expect(JSON.stringify(ingress.spec.rules)).toContain('"path":"/webhook","pathType":"Exact"');
  });

  it('are nowhere unless the configuration has them', () => {
    // Alert rules and the dashboard speak of them, too.
    const monitoring = ['PrometheusRule', 'ConfigMap'];
    const objects = rendered('argo-cd.yaml').filter(({ kind }) => !monitoring.includes(kind));

    expect(objects.filter((object) => JSON.stringify(object).includes('webhook'))).toEqual([]);
  });

  it.each([
    ['an address that no forge reaches', 'listener.config.webhooks.host=127.0.0.1', /must be 0\.0\.0\.0/],
    ['an Ingress without a host', 'listener.webhooks.ingress.host=', /webhooks\.ingress\.host is missing/],
    ['an Ingress without webhooks', 'listener.config.webhooks=null', /enabled without listener\.config\.webhooks/],
  ])('are refused with %s', (_, setting, message) => {
    expect(() => rendered('everything.yaml', '--set', setting)).toThrow(message);
  });
});

describe('the control plane of the chart', () => {
  it('serves metrics and health on a port of its own, which only Prometheus and the kubelet reach', () => {
    const objects = rendered('everything.yaml', '--set', 'controlPlane.monitoringPort=9999');
    const named = <T>(kind: string, suffix = '') => find<T>(objects, kind, `towpath-control-plane${suffix}`);
    const { ingress } = named<{ spec: { ingress: unknown[] } }>('NetworkPolicy').spec;

    expect(JSON.stringify(named('Deployment'))).toContain('--monitoring-port=9999');
    expect(named('ServiceMonitor')).toMatchObject({ spec: { endpoints: [{ port: 'metrics', path: '/metrics' }] } });
    expect(named('Service', '-metrics')).toMatchObject({ spec: { clusterIP: 'None', ports: [{ port: 9999 }] } });
    expect(named('Service')).toMatchObject({ spec: { type: 'LoadBalancer', ports: [{ name: 'api' }] } });
    expect(ingress[1]).toEqual({
      from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      ports: [{ protocol: 'TCP', port: 9999 }],
    });
  });
});

describe('the rights in the chart', () => {
  it('are what the listener needs, in each namespace that it serves and in the engine’s', () => {
    expect(rightsIn(rendered('argo-cd.yaml')).map(({ namespace: where, rules }) => [where, rules.length])).toEqual([
      ['argocd', argoCdAccess.length],
      ['team-a', servedNamespaceAccess.length],
      ['team-b', servedNamespaceAccess.length],
      ['towpath', 1],
    ]);
    expect(rendered('everything.yaml').filter((object) => object.kind.startsWith('Cluster'))).toEqual([]);
  });

  it('lack what was switched off, and Secrets where no Secret is made', () => {
    const role = find<Role>(rendered('flux.yaml'), 'Role', 'towpath-listener.towpath');
    const mode = 'listener.config.namespaces.team-a.secrets.mode=sealed-secrets';
    const sealed = find<Role>(rendered('argo-cd.yaml', '--set', mode), 'Role', 'towpath-listener.towpath');

    expect(role.rules).toEqual(policyRules(servedNamespaceAccess.filter((rule) => !rule.optional)));
    expect(sealed.rules).toEqual(policyRules(servedAccessWith('sealed-secrets')));
  });

  it('count an engine that is found by itself where the cluster has it', () => {
    const auto = ['--set', 'listener.config.namespaces.team-a.engine=auto'];
    const where = (...more: string[]) => rightsIn(rendered('flux.yaml', ...auto, ...more)).map((one) => one.namespace);

    expect(where()).toEqual(['team-a', 'towpath']);
    expect(where('--api-versions', 'kustomize.toolkit.fluxcd.io/v1')).toEqual(['flux-apps', 'team-a', 'towpath']);
    expect(where('--api-versions', 'argoproj.io/v1alpha1')).toEqual(['argocd', 'team-a', 'towpath']);
  });

  it('let the listener’s account do that, nothing more, and nothing elsewhere', async () => {
    const namespaces = { [namespace]: { repository: 'https://git.example/a.git' } };
    const setting = `listener.config.namespaces=${JSON.stringify(namespaces)}`;
    const objects = render(namespace, 'everything.yaml', '--set-json', setting);
    for (const object of objects.filter((one) => one.kind.startsWith('Role') && one.metadata.namespace === namespace)) {
      await client.apply(object);
    }
    const account = `system:serviceaccount:${namespace}:towpath`;

    for (const rule of servedNamespaceAccess) {
      expect(await mayDo(client, account, namespace, rule), rule.why).toEqual(rule.verbs.map(() => true));
    }
    const secrets = { group: '', resources: ['secrets'], verbs: ['get', 'watch', 'update'] } as const;
    expect(await mayDo(client, account, namespace, secrets)).toEqual([false, false, false]);
    expect(await mayDo(client, account, 'default', { ...secrets, verbs: ['list'] })).toEqual([false]);
  });
});

describe('kustomize', () => {
  it.each(['listener', 'control-plane', 'access/served-namespace', 'access/argo-cd', 'access/flux', 'example'])(
    'builds what the API server accepts: %s',
    async (base) => {
      const objects = built(base);

      const accepted = await dryRun(client, objects, namespace);

      expect(accepted).toHaveLength(objects.length);
    },
  );

  it('serves webhooks, and is kept from Secrets, by components', async () => {
    const objects = await composed({
      'kustomization.yaml': { resources: ['listener', 'team-a'], components: ['webhooks'] },
      'team-a/kustomization.yaml': {
        namespace: 'team-a',
        resources: ['../access/served-namespace'],
        components: ['../access/without-secrets'],
      },
    });
    const served = objects.find(({ kind, metadata }) => kind === 'Role' && metadata.namespace === 'team-a');

    expect(JSON.stringify(find(objects, 'Deployment', 'towpath-listener'))).toContain(
      '{"containerPort":8701,"name":"webhooks"}',
    );
    expect(find(objects, 'NetworkPolicy', 'towpath-listener')).toMatchObject({
      spec: { ingress: [{}, { ports: [{ port: 8701 }] }] },
    });
    expect(find(objects, 'Service', 'towpath-listener-webhooks')).toMatchObject({
      metadata: { namespace: 'towpath' },
      spec: { ports: [{ targetPort: 'webhooks' }] },
    });
    expect(served).toMatchObject({ rules: policyRules(servedAccessWith('sops')) });
    expect(await dryRun(client, objects, namespace)).toHaveLength(objects.length);
  });

  it('grants what the chart grants', () => {
    const ofChart = rightsIn(rendered('argo-cd.yaml')).filter((one) => one.namespace !== 'team-b');

    expect(rightsIn(built('example'))).toEqual(ofChart);
    expect(rightsIn(built('access/flux')).map((one) => one.rules)).toEqual([policyRules(fluxAccess)]);
  });

  it.each([
    ['listener', 'argo-cd.yaml', ['controlPlane.enabled=true']],
    ['control-plane', 'control-plane.yaml', ['controlPlane.replicas=2', ...plainControlPlane()]],
  ])('runs and guards the same pods as the chart: %s', (part, example, settings) => {
    const ofChart = rendered(example, ...settings.flatMap((setting) => ['--set-json', setting]));
    const ofBase = built(part);

    for (const kind of ['Deployment', 'Service', 'NetworkPolicy', 'PodDisruptionBudget', 'ServiceAccount']) {
      const [one, other] = [ofBase, ofChart].map((objects) => find<KubernetesObject>(objects, kind, `towpath-${part}`));
      expect(sameForAll(one), kind).toEqual(sameForAll(other));
    }
    const metrics = part === 'listener' ? 'towpath-listener' : 'towpath-control-plane-metrics';
    const [one, other] = [ofBase, ofChart].map((objects) => find<KubernetesObject>(objects, 'Service', metrics));
    expect(sameForAll(one)).toEqual(sameForAll(other));
  });
});

describe.each([
  ['the chart', () => [...rendered('argo-cd.yaml'), ...rendered('control-plane.yaml')]],
  ['kustomize', () => [...built('listener'), ...built('control-plane')]],
])('the pods of %s', (_, objects) => {
  it('pass the strictest level of pod security', async () => {
    const accounts = objects().filter((object) => object.kind === 'ServiceAccount');
    for (const account of accounts) await client.apply({ ...account, metadata: { ...account.metadata, namespace } });
    const pods = objects()
      .filter((object) => object.kind === 'Deployment')
      .map((one) => podOf(one as Workload));

    expect(await dryRun(client, pods, namespace)).toEqual(['v1 Pod', 'v1 Pod']);
    const rootly = { ...pods[0], spec: { ...(pods[0]?.spec as object), securityContext: { runAsUser: 0 } } };
    await expect(dryRun(client, [rootly as KubernetesObject], namespace)).rejects.toThrow(/restricted/);
  });
});

function helm(...args: readonly string[]): string {
  return execFileSync(inject('cluster').programs['helm'] ?? 'helm', args, { encoding: 'utf8', stdio: 'pipe' });
}

/** As a release `towpath` in the namespace `towpath`. */
function rendered(example: string, ...args: readonly string[]): readonly KubernetesObject[] {
  return render('towpath', example, ...args);
}

function render(into: string, example: string, ...args: readonly string[]): readonly KubernetesObject[] {
  return objectsIn(helm('template', 'towpath', chart, '-n', into, '-f', join(chart, 'examples', example), ...args));
}

function built(base: string): readonly KubernetesObject[] {
  return builtIn(join(bases, base));
}

function builtIn(folder: string): readonly KubernetesObject[] {
  const program = inject('cluster').programs['kustomize'] ?? 'kustomize';
  return objectsIn(execFileSync(program, ['build', folder], { encoding: 'utf8', stdio: 'pipe' }));
}

/** An overlay over a copy of all bases, by file. */
async function composed(files: Readonly<Record<string, object>>): Promise<readonly KubernetesObject[]> {
  return builtIn(await overlay(files));
}

/** What the example of the control plane adds to what the base has. */
function plainControlPlane(): readonly string[] {
  return [
    'controlPlane.oldEncryptionKeys=[]',
    'controlPlane.tls.secretName=""',
    'controlPlane.databaseUrl.secretName="towpath-control-plane"',
    'controlPlane.databaseUrl.key="database-url"',
    'networkPolicy.database.to=[]',
    'networkPolicy.controlPlane.from=[]',
  ];
}

function find<T>(objects: readonly KubernetesObject[], kind: string, name: string): T {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (!found) throw new Error(`Cannot find ${kind} ${name} among ${objects.map((one) => one.kind).join(', ')}`);
  return found as T;
}

function checksumIn(objects: readonly KubernetesObject[]): string | undefined {
  return find<Workload>(objects, 'Deployment', 'towpath-listener').spec.template.metadata.annotations?.[
    'checksum/config'
  ];
}
