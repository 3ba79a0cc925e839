import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { pullRequestContent, type ReviewedChange } from '../../src/core/pull-request/pull-request.ts';
import { isOlder } from '../../src/core/risk/image-name.ts';
import { edit, firstDeployment, removal, update } from './support/review-cases.ts';

function risksOf(change: ReviewedChange): readonly string[] {
  return contentOf(change).risks.map(({ label, text }) => `${label ?? '-'}: ${text}`);
}

function contentOf(change: ReviewedChange) {
  return pullRequestContent(change, { labels: [], templates: { title: null, body: null }, limit: 65_536 });
}

const name = 'x';

function workload(kind: string, pod: object, more: object = {}): string {
  return stringify({ apiVersion: 'apps/v1', kind, metadata: { name }, spec: { ...more, template: { spec: pod } } });
}

function pod(container: object, more: object = {}): string {
  return workload('Deployment', {
    automountServiceAccountToken: false,
    containers: [{ name: 'c', image: 'a/b:1.0.0', ...container }],
    ...more,
  });
}

function changed(before: string | null, after: string | null): ReviewedChange {
  return edit(
    { 'kept.yaml': other, ...(before && { 'a.yaml': before }) },
    { 'kept.yaml': other, ...(after && { 'a.yaml': after }) },
  );
}

const other = stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept' } });
const claim = (size: string, className = 'slow') => ({
  volumeClaimTemplates: [
    { metadata: { name: 'data' }, spec: { storageClassName: className, resources: { requests: { storage: size } } } },
  ],
});
const database = (spec: object, more: object = {}): string =>
  workload(
    'StatefulSet',
    { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'a/b:1.0.0', ...more }] },
    spec,
  );
const policy = (spec: object): string =>
  stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name }, spec });
const ingress = (spec: object): string =>
  stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name }, spec });
const rule = { host: 'a.example', http: { paths: [{ path: '/x' }] } };
const inside = { from: [{ podSelector: {} }] };

describe('a reviewer is told of', () => {
  it.each<readonly [string, ReviewedChange, string]>([
    [
      'an image that goes back',
      changed(pod({}), pod({ image: 'a/b:0.9.0' })),
      'downgrade: The image of `Deployment/x` goes back from `1.0.0` to `0.9.0`.',
    ],
    [
      'another repository',
      changed(pod({}), pod({ image: 'c/d:1.0.0' })),
      '-: The image of `Deployment/x` comes from another repository: `a/b` → `c/d`.',
    ],
    [
      'the tag latest',
      changed(pod({}), pod({ image: 'a/b:latest' })),
      'latest-tag: The image of `Deployment/x` has the tag `latest` and no digest: what runs can change without a commit.',
    ],
    [
      'no tag',
      changed(pod({}), pod({ image: 'a/b' })),
      'latest-tag: The image of `Deployment/x` has no tag and no digest: what runs can change without a commit.',
    ],
    [
      'a digest that is gone',
      changed(pod({ image: `a/b:1.0.0@sha256:${'1'.repeat(64)}` }), pod({})),
      '-: The image of `Deployment/x` is no longer pinned to a digest.',
    ],
    [
      'a tag that moved',
      changed(
        pod({ image: `a/b:1.0.0@sha256:${'1'.repeat(64)}` }),
        pod({ image: `a/b:1.0.0@sha256:${'2'.repeat(64)}` }),
      ),
      '-: The tag `1.0.0` of `Deployment/x` stands for another image than before.',
    ],
    [
      'a privileged container',
      changed(pod({}), pod({ securityContext: { privileged: true } })),
      'privileged: `Deployment/x` asks for `privileged=true`.',
    ],
    [
      'one that always was',
      changed(
        pod({ securityContext: { privileged: true } }),
        pod({ image: 'a/b:1.0.1', securityContext: { privileged: true } }),
      ),
      'privileged: `Deployment/x` asks for `privileged=true`, as before.',
    ],
    [
      'escalation',
      changed(pod({}), pod({ securityContext: { allowPrivilegeEscalation: true } })),
      'privileged: `Deployment/x` asks for `allowPrivilegeEscalation=true`.',
    ],
    [
      'an added capability',
      changed(pod({}), pod({ securityContext: { capabilities: { add: ['SYS_ADMIN'] } } })),
      'privileged: `Deployment/x` asks for `capabilities.add=SYS_ADMIN`.',
    ],
    [
      'a protection that is gone',
      changed(pod({ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }), pod({})),
      'privileged: `Deployment/x` loses `allowPrivilegeEscalation=false` and `capabilities.drop=ALL`.',
    ],
    [
      'the node’s network',
      changed(pod({}), pod({}, { hostNetwork: true })),
      'privileged: `Deployment/x` asks for `hostNetwork`.',
    ],
    [
      'the node’s folders',
      changed(pod({}), pod({}, { volumes: [{ name: 'v', hostPath: { path: '/etc' } }] })),
      'privileged: `Deployment/x` asks for the node’s folder `/etc`.',
    ],
    [
      'a port of the node',
      changed(pod({}), pod({ ports: [{ containerPort: 80, hostPort: 80 }] })),
      'privileged: `Deployment/x` asks for <code>hostPort&#58; 80</code>.',
    ],
    [
      'a token',
      changed(pod({}), pod({}, { automountServiceAccountToken: true })),
      '-: `Deployment/x` gets a token of the service account `default` for the cluster’s API.',
    ],
    [
      'another service account',
      changed(pod({}), pod({}, { serviceAccountName: 'admin' })),
      '-: `Deployment/x` runs as another service account: `default` → `admin`.',
    ],
    [
      'Secrets that are new to a pod',
      changed(pod({}), pod({ envFrom: [{ secretRef: { name: 'bank' } }] })),
      '-: `Deployment/x` reads Secrets that it did not before: `bank`.',
    ],
    [
      'rights',
      changed(null, stringify({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name } })),
      'privileged: Grants rights in the cluster: `RoleBinding/x`.',
    ],
    [
      'probes that are gone',
      changed(pod({ livenessProbe: { exec: {} } }), pod({})),
      '-: `Deployment/x` is no longer probed: `livenessProbe` removed.',
    ],
    [
      'no replicas',
      changed(
        pod({}),
        workload(
          'Deployment',
          { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'a/b:1.0.0' }] },
          { replicas: 0 },
        ),
      ),
      '-: No pod is left of `Deployment/x`: replicas go to 0.',
    ],
    ['a workload that goes', changed(pod({}), null), 'deletes: `Deployment/x` will be deleted from the cluster.'],
    [
      'a changed database',
      changed(database(claim('1Gi')), database(claim('1Gi'), { image: 'a/b:1.0.1' })),
      'stateful: `StatefulSet/x` holds data and is changed; its pods restart.',
    ],
    [
      'a database that goes',
      changed(database(claim('1Gi')), null),
      'stateful: `StatefulSet/x` goes; its volume claims stay in the cluster.',
    ],
    [
      'data that goes',
      changed(database({ ...claim('1Gi'), persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' } }), null),
      'stateful: `StatefulSet/x` goes; **its data is deleted with it**.',
    ],
    [
      'storage that shrinks',
      changed(database(claim('2Gi')), database(claim('1Gi'))),
      'stateful: Storage of `StatefulSet/x` shrinks from `2Gi` to `1Gi`, which Kubernetes refuses.',
    ],
    [
      'storage of another class',
      changed(database(claim('1Gi')), database(claim('1Gi', 'fast'))),
      'stateful: Storage of `StatefulSet/x` gets another class or mode, which Kubernetes refuses for a claim that exists.',
    ],
    [
      'data no longer retained',
      changed(
        database(claim('1Gi')),
        database({ ...claim('1Gi'), persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' } }),
      ),
      'stateful: Data of `StatefulSet/x` is no longer retained: from now on its claims go with the workload.',
    ],
    [
      'a route',
      changed(null, ingress({ rules: [rule] })),
      'public: Opens `a.example/x` (no TLS) to callers outside. Nothing in the manifests says that callers are checked.',
    ],
    [
      'a route without its TLS',
      changed(ingress({ rules: [rule], tls: [{ hosts: ['a.example'] }] }), ingress({ rules: [rule] })),
      'public: `a.example/x` (no TLS) loses its TLS.',
    ],
    [
      'a Service that is opened',
      changed(
        null,
        stringify({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { type: 'LoadBalancer' } }),
      ),
      'public: Opens `x` (Service of type LoadBalancer, no TLS) to callers outside. Nothing in the manifests says that callers are checked.',
    ],
    [
      'a policy that is gone',
      changed(policy({ ingress: [] }), null),
      '-: `NetworkPolicy/x` goes: what it shut out may come in.',
    ],
    [
      'a policy that lets in anyone',
      changed(policy({ ingress: [inside] }), policy({ ingress: [{}] })),
      '-: `NetworkPolicy/x` lets in anyone.',
    ],
    [
      'a policy that lets in more',
      changed(policy({ ingress: [inside] }), policy({ ingress: [inside, { from: [{ namespaceSelector: {} }] }] })),
      '-: `NetworkPolicy/x` lets in others than before.',
    ],
    [
      'a policy of other pods',
      changed(policy({ podSelector: {} }), policy({ podSelector: { matchLabels: { a: 'b' } } })),
      '-: `NetworkPolicy/x` protects other pods than before.',
    ],
    [
      'a policy that limits less',
      changed(policy({ policyTypes: ['Ingress', 'Egress'] }), policy({ policyTypes: ['Ingress'] })),
      '-: `NetworkPolicy/x` no longer limits egress.',
    ],
    [
      'a file that nobody can read',
      changed(null, 'a: [\n'),
      '-: `a.yaml` cannot be read, so nothing here speaks of it; look at it yourself. Line 2 is not valid YAML: ',
    ],
    [
      'files that people wrote',
      edit(
        { 'a.yaml': other },
        { 'a.yaml': pod({}) },
        { kind: 'adopt', provenance: { before: null, after: firstDeployment().provenance.after } },
      ),
      '-: Takes over a folder that Towpath did not write: 1 file changed.',
    ],
    [
      'edits that are overwritten',
      edit({ 'a.yaml': other }, { 'a.yaml': pod({}) }, { kind: 'restore' }),
      'overwrites: Overwrites what people changed in git: 1 file changed.',
    ],
    [
      'a removal without data',
      removal({ agentServer: { database: { kind: 'external' } }, secretNames: ['POSTGRES_URI_CUSTOM'] }),
      '-: It has no volume claims of its own, so no data goes with it.',
    ],
  ])('%s', (_, change, expected) => {
    const found = risksOf(change);

    expect(
      found.some((risk) => risk.startsWith(expected)),
      found.join('\n'),
    ).toBe(true);
  });

  it('callers who are no longer checked', () => {
    const route = { kind: 'ingress', host: 'agents.example.com', tls: {} };
    const checked = {
      namespace: { route },
      agentServer: { auth: { kind: 'langsmith', endpoint: 'https://a.example' } },
    };

    const risks = risksOf(update(checked, { namespace: { route }, agentServer: { auth: { kind: 'none' } } }));

    expect(risks).toContain('public: Callers are no longer checked: `LANGGRAPH_AUTH_TYPE` is gone or off.');
  });
});

describe('a reviewer is not told of risks', () => {
  it.each<readonly [string, ReviewedChange]>([
    ['in a first deployment that nobody can reach', firstDeployment()],
    ['in a newer image', update({}, { image: 'ghcr.io/acme/research-agent:1.4.3' })],
    ['in more memory', update({}, { resourceSpec: { memory_mb: 8192, memory_limit_mb: 8192 } })],
    [
      'in an operator’s newer image',
      update(
        { namespace: { templates: 'lgp', deletion: { data: 'delete' } } },
        { namespace: { templates: 'lgp', deletion: { data: 'delete' } }, image: 'ghcr.io/acme/research-agent:2.0.0' },
      ),
    ],
  ])('%s', (_, change) => {
    expect(contentOf(change)).toMatchObject({ risks: [], labels: [] });
  });
});

describe('an older tag', () => {
  it.each([
    ['1.9.0', '1.10.0', true],
    ['1.10.0', '1.9.0', false],
    ['v2', 'v10', true],
    ['1.0.0-rc.1', '1.0.0', true],
    ['1.0.0', '1.0.0-rc.1', false],
    ['1.0.0-rc.2', '1.0.0-rc.10', true],
    ['1.0.0-alpha', '1.0.0-beta', true],
    ['1.0.0-alpine', '1.0.0', false],
    ['1.0.0-5-g1a2b3c4', '1.0.0', false],
    ['1.0.0-alpine', '1.1.0', true],
    ['pg15', 'pg16', false],
    ['1.0.0', '1.0.0', false],
  ])('%s against %s: %s', (one, than, expected) => {
    expect(isOlder(one, than)).toBe(expected);
  });
});
