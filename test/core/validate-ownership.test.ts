/** A folder touches its own objects and nobody else's: names, namespaces, labels, selectors, routes, kustomize. */
import { describe, expect, it } from 'vitest';
import type { RepoPath } from '../../src/domain/file-tree.ts';
import { sampleFiles, sampleInput, sampleName } from '../support/hand-written-deployment.ts';
import { complain, type Edit, edited, refuses, withFile } from '../support/validation.ts';

const api = 'api.deployment.yaml';
const service = 'api.service.yaml';
const foreign = 'billing-bot-0123456789';
const head = (kind: string, apiVersion = 'v1', name = `${sampleName}-more`) =>
  sampleFiles()
    .get('serviceaccount.yaml' as RepoPath)
    ?.replace('apiVersion: v1', `apiVersion: ${apiVersion}`)
    .replace('kind: ServiceAccount', `kind: ${kind}`)
    .replace(`name: ${sampleName}\n`, `name: ${name}\n`)
    .replace(/automount.*\n/, '') ?? '';

describe('names', () => {
  const named = (name: string, said: readonly string[]): Edit => [
    `the name ${name}`,
    'serviceaccount.yaml',
    `\n  name: ${sampleName}\n`,
    `\n  name: ${name}\n`,
    said,
  ];
  refuses([
    named(foreign, ['/metadata/name: expected "']),
    named(sampleName.slice(0, -1), ['/metadata/name: expected "']),
    named(`${sampleName}x`, ['/metadata/name: expected "']),
    named(`x-${sampleName}`, ['/metadata/name: expected "']),
    named(`"${sampleName}-A"`, ['is no Kubernetes name']),
    named(`"${sampleName}-../x"`, ['is no Kubernetes name']),
    named(`"${sampleName}-\\n"`, ['is no Kubernetes name']),
    named('""', ['misses the name']),
    named('5', ['expected a string', 'misses the name']),
    ['no name', 'serviceaccount.yaml', `  name: ${sampleName}\n`, '', ['misses the name of the object']],
    [
      'a name that the cluster makes up',
      'serviceaccount.yaml',
      `  name: ${sampleName}\n`,
      `  name: ${sampleName}\n  generateName: x-\n`,
      ['"generateName" belongs to the cluster'],
    ],
    [
      'the same object twice',
      'redis.service.yaml',
      `name: ${sampleName}-redis\n`,
      `name: ${sampleName}-postgres\n`,
      ['is the same object as in postgres.service.yaml'],
    ],
  ]);
});

describe('namespaces', () => {
  refuses([
    [
      'another namespace',
      service,
      'namespace: team-a',
      'namespace: team-b',
      [`expected the deployment's namespace "team-a", found "team-b"`],
    ],
    ['no namespace', service, '  namespace: team-a\n', '', [`expected the deployment's namespace "team-a"`]],
    ['a namespace of another type', service, 'namespace: team-a', 'namespace: 5', ['/metadata', '/metadata']],
  ]);
});

describe('labels', () => {
  refuses([
    [
      'a missing label',
      service,
      '    app.kubernetes.io/part-of: research-agent\n',
      '',
      ['misses the label app.kubernetes.io/part-of'],
    ],
    [
      'another owner',
      service,
      'managed-by: towpath',
      'managed-by: Helm',
      ['/metadata/labels/app.kubernetes.io~1managed-by: expected "towpath"'],
    ],
    ['another deployment', service, 'deployment-id: 6f', 'deployment-id: 7f', ['expected "6f9619ff']],
    [
      'a revision where it does not belong',
      service,
      '    towpath.dev/listener-id',
      '    towpath.dev/revision-id: x\n    towpath.dev/listener-id',
      ['belongs on workloads only'],
    ],
    ['another revision', api, 'revision-id: 7f3c', 'revision-id: 8f3c', ['expected the revision "7f3c']],
    [
      'a revision on the workload only',
      api,
      '\n        towpath.dev/revision-id: 7f3c2b1a-1111-4222-8333-444455556666',
      '',
      ['expected the same towpath.dev/revision-id'],
    ],
    ['a value that is none', service, 'part-of: research-agent', 'part-of: "a b"', ['is no valid label value']],
    [
      'a key that is none',
      service,
      '    app.kubernetes.io/part-of',
      '    "a b": x\n    app.kubernetes.io/part-of',
      ['"a b" is no valid key'],
    ],
    [
      'pods that look like a neighbour’s',
      api,
      `        app.kubernetes.io/name: ${sampleName}\n`,
      `        app.kubernetes.io/name: ${foreign}\n`,
      [
        '/spec/selector/matchLabels/app.kubernetes.io~1name: does not match',
        `expected "${sampleName}"`,
        'selects none',
        'selects none',
      ],
    ],
    ['no labels', 'kustomization.yaml', 'resources:', 'labels: []\nresources:', ['unknown field "labels"']],
  ]);

  it('wants at least one workload that proves the revision', () => {
    const line = /\n *towpath.dev\/revision-id: .*/g;
    const files = sampleFiles((_, text) => text.replaceAll(line, ''));

    expect(complain(files)).toEqual([expect.stringContaining('no workload bears towpath.dev/revision-id')]);
  });
});

describe('what belongs to the engine or the cluster', () => {
  const annotated = (key: string, value = 'x'): Edit => [
    `the annotation ${key}: ${value}`,
    service,
    '  labels:',
    `  annotations:\n    ${key}: "${value}"\n  labels:`,
    [`${key} belongs to the GitOps engine or the cluster`],
  ];
  refuses([
    [
      'the label that Argo CD tracks by',
      service,
      '    towpath.dev/listener-id',
      '    app.kubernetes.io/instance: x\n    towpath.dev/listener-id',
      ['app.kubernetes.io/instance belongs to the GitOps engine'],
    ],
    [
      'it on pods',
      api,
      '        towpath.dev/listener-id',
      '        app.kubernetes.io/instance: x\n        towpath.dev/listener-id',
      ['/spec/template/metadata/labels/app.kubernetes.io~1instance'],
    ],
    annotated('argocd.argoproj.io/tracking-id'),
    annotated('argocd.argoproj.io/hook', 'PreSync'),
    annotated('argocd.argoproj.io/sync-options', 'Prune=confirm'),
    annotated('argocd.argoproj.io/sync-options', 'Delete=confirm'),
    annotated('argocd.argoproj.io/sync-options', 'Prune=false'),
    annotated('kustomize.toolkit.fluxcd.io/prune', 'disabled'),
    annotated('kustomize.toolkit.fluxcd.io/name'),
    annotated('helm.sh/hook', 'pre-install'),
    annotated('kubectl.kubernetes.io/last-applied-configuration'),
    annotated('config.kubernetes.io/local-config', 'true'),
    [
      'a status',
      service,
      'spec:\n',
      'status: {}\nspec:\n',
      ['unknown field "status"', 'the status belongs to the cluster'],
    ],
    [
      'a finalizer',
      service,
      '  labels:',
      '  finalizers:\n    - a/b\n  labels:',
      ['"finalizers" belongs to the cluster'],
    ],
    [
      'an owner',
      service,
      '  labels:',
      '  ownerReferences: []\n  labels:',
      ['"ownerReferences" belongs to the cluster'],
    ],
    [
      'a resource version',
      service,
      '  labels:',
      '  resourceVersion: "1"\n  labels:',
      ['"resourceVersion" belongs to the cluster'],
    ],
  ]);

  it('lets a sync wave through', () => {
    const wave = edited(service, '  labels:', '  annotations:\n    argocd.argoproj.io/sync-wave: "1"\n  labels:');

    expect(complain(wave)).toEqual([]);
  });
});

describe('selectors', () => {
  const own = `      app.kubernetes.io/name: ${sampleName}\n`;
  refuses([
    ['a workload that would take others’ pods', api, own, '', ['must select by a label whose value is']],
    [
      'a workload that does not select its own pods',
      api,
      own,
      `${own}      app: x\n`,
      ['/spec/selector/matchLabels/app: does not match the labels of the pod template'],
    ],
    [
      'a selector by revision',
      api,
      own,
      `${own}      towpath.dev/revision-id: 7f3c2b1a-1111-4222-8333-444455556666\n`,
      ['selects by towpath.dev/revision-id, which changes with every revision'],
    ],
    [
      'a Service of all pods',
      service,
      `  selector:\n    app.kubernetes.io/name: ${sampleName}\n    app.kubernetes.io/component: api\n`,
      '',
      ['/spec/selector: must select by a label'],
    ],
    [
      'a Service of another deployment’s pods',
      service,
      `selector:\n    app.kubernetes.io/name: ${sampleName}\n`,
      `selector:\n    app.kubernetes.io/name: ${foreign}\n`,
      ['must select by a label'],
    ],
    [
      'a Service of no pods',
      service,
      '    app.kubernetes.io/component: api\n  ports',
      '    app.kubernetes.io/component: web\n  ports',
      ['selects none of the pods'],
    ],
    [
      'a network policy over the namespace',
      'network.networkpolicy.yaml',
      `  podSelector:\n    matchLabels:\n      app.kubernetes.io/name: ${sampleName}\n`,
      '  podSelector:\n',
      ['/spec/podSelector: must select by a label'],
    ],
    [
      'a network policy of no pods',
      'network.networkpolicy.yaml',
      '          - postgres\n          - redis\n',
      '          - mysql\n',
      ['/spec/podSelector: selects none of the pods', 'protects postgres', 'protects redis'],
    ],
    [
      'a disruption budget of others’ pods',
      'api.poddisruptionbudget.yaml',
      sampleName === foreign ? '' : `      app.kubernetes.io/name: ${sampleName}\n`,
      '',
      ['must select by a label'],
    ],
  ]);
});

describe('the network policy of Postgres and Redis', () => {
  const policy = 'network.networkpolicy.yaml';
  const own = `    - from:
        - podSelector:
            matchLabels:
              app.kubernetes.io/name: ${sampleName}
`;
  refuses([
    [
      'one that leaves Redis out',
      policy,
      '          - redis\n',
      '',
      ['no NetworkPolicy of this folder protects redis'],
    ],
    ['one for what goes out only', policy, '    - Ingress', '    - Egress', ['protects postgres', 'protects redis']],
    ['a rule for everybody', policy, own, '    - ports: []\n', ['/spec/ingress/0: lets everybody in']],
    [
      'a rule for all pods',
      policy,
      own,
      '    - from:\n        - podSelector: {}\n',
      ['/spec/ingress/0/from/0: must name pods'],
    ],
    ['a rule for a whole namespace', policy, own, '    - from:\n        - namespaceSelector: {}\n', ['must name pods']],
    [
      'a rule for addresses',
      policy,
      own,
      '    - from:\n        - ipBlock:\n            cidr: 0.0.0.0/0\n',
      ['must name pods'],
    ],
  ]);

  it('must be there', () => {
    const files = sampleFiles((path, text) => (path === policy ? null : text.replace(`  - ${policy}\n`, '')));

    expect(complain(files)).toHaveLength(2);
  });
});

describe('autoscalers', () => {
  const autoscaler = 'autoscaler.horizontalpodautoscaler.yaml';
  refuses([
    [
      'a target that is not here',
      autoscaler,
      `    name: ${sampleName}-api`,
      `    name: ${foreign}-api`,
      ['there is no Deployment "billing-bot-0123456789-api" in this folder'],
    ],
    [
      'replicas that it owns',
      api,
      'spec:\n',
      'spec:\n  replicas: 3\n',
      [`${api}:16 /spec/replicas: leave replicas out: ${autoscaler} owns them`],
    ],
    ['no room to scale', autoscaler, 'maxReplicas: 5', 'maxReplicas: 2', ['must be above the minimum']],
  ]);
});

describe('routes', () => {
  const backend = `                name: ${sampleName}-api`;
  const httpRoute = (backendRefs: string) => `${head('HTTPRoute', 'gateway.networking.k8s.io/v1')}spec:
  parentRefs:
    - name: gateway
      namespace: gateways
  rules:
    - backendRefs:
${backendRefs}`;
  const mesh = (host: string) => `${head('VirtualService', 'networking.istio.io/v1')}spec:
  hosts:
    - a.example
  http:
    - route:
        - destination:
            host: ${host}
`;
  refuses([
    [
      'an Ingress to a neighbour’s Service',
      'route.ingress.yaml',
      backend,
      `                name: ${foreign}-api`,
      ['there is no Service "billing-bot-0123456789-api" in this folder'],
    ],
    [
      'a default backend',
      'route.ingress.yaml',
      'spec:\n',
      `spec:\n  defaultBackend:\n    service:\n      name: ${foreign}-api\n`,
      ['/spec/defaultBackend/service/name: there is no Service'],
    ],
    [
      'a StatefulSet without its Service',
      'postgres.statefulset.yaml',
      `serviceName: ${sampleName}-postgres`,
      `serviceName: ${foreign}`,
      ['/spec/serviceName: there is no Service'],
    ],
  ]);

  it.each([
    ['a Service of ours', httpRoute(`        - name: ${sampleName}-api\n          port: 8000\n`)],
    ['a host of ours', mesh(`${sampleName}-api`)],
    ['the long host of ours', mesh(`${sampleName}-api.team-a.svc.cluster.local`)],
  ])('lets a route to %s through', (_, text) => {
    expect(complain(withFile('more.route.yaml', text))).toEqual([]);
  });

  it.each([
    ['a neighbour’s Service', httpRoute(`        - name: ${foreign}-api\n          port: 8000\n`)],
    [
      'another namespace',
      httpRoute(`        - name: ${sampleName}-api\n          namespace: team-b\n          port: 8000\n`),
    ],
    [
      'another kind',
      httpRoute(`        - name: ${sampleName}-api\n          kind: ServiceImport\n          port: 8000\n`),
    ],
    ['a neighbour’s host', mesh(`${foreign}-api`)],
    ['a host of another namespace', mesh(`${sampleName}-api.team-b.svc.cluster.local`)],
    ['a host of the internet', mesh('evil.example')],
    ['a host that only begins like ours', mesh(`${sampleName}-api.evil.example`)],
  ])('refuses a route to %s', (_, text) => {
    expect(complain(withFile('more.route.yaml', text))).toHaveLength(1);
  });
});

describe('kinds', () => {
  it('refuses a plain Secret, whatever the configuration says', () => {
    const namespace = { policy: { extraKinds: ['v1/Secret'] } };
    const secret = withFile('env.secret.yaml', `${head('Secret')}stringData:\n  A: b\n`);

    expect(complain(secret, sampleInput({ namespace }))).toEqual([expect.stringContaining('is a plain Secret')]);
  });

  it.each([
    ['v1', 'List'],
    ['v1', 'Namespace'],
    ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
    ['rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'],
    ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'],
    ['argoproj.io/v1alpha1', 'Application'],
    ['v1', 'Pod'],
    ['v1', '__proto__'],
    ['v1', 'constructor'],
  ])('refuses %s %s', (apiVersion, kind) => {
    const said = complain(withFile('more.yaml', head(kind, apiVersion)));

    expect(said).toEqual([expect.stringMatching(/Towpath has no schema of|there is no kind/)]);
  });

  it('lets a kind through that the configuration names, and still checks whose it is', () => {
    const input = sampleInput({ namespace: { policy: { extraKinds: ['example.com/v1/Widget'] } } });

    expect(complain(withFile('more.yaml', head('Widget', 'example.com/v1')), input)).toEqual([]);
    expect(complain(withFile('more.yaml', head('Widget', 'example.com/v1', foreign)), input)).toHaveLength(1);
  });
});

describe('the kustomization', () => {
  const file = 'kustomization.yaml';
  const listed = (entry: string, said: string): Edit => [
    `the resource ${entry}`,
    file,
    '  - serviceaccount.yaml',
    `  - serviceaccount.yaml\n  - ${entry}`,
    [said],
  ];
  refuses([
    listed('https://evil.example/x.yaml', 'is not a file of this folder'),
    listed('github.com/evil/base?ref=main', 'is not a file of this folder'),
    listed('../billing-bot-0123456789', 'is not a file of this folder'),
    listed('../../deployments/x/api.service.yaml', 'is not a file of this folder'),
    listed('./api.service.yaml', 'is not a file of this folder'),
    listed('missing.yaml', 'is not a file of this folder'),
    listed('kustomization.yaml', 'is not a file of this folder'),
    listed('api.service.yaml', 'is listed twice'),
    [
      'a file that is not listed',
      file,
      '  - serviceaccount.yaml\n',
      '',
      ['does not list serviceaccount.yaml, so nobody would apply it'],
    ],
    ['a patch', file, 'resources:', 'patches: []\nresources:', ['unknown field "patches"']],
    ['a generator', file, 'resources:', 'secretGenerator: []\nresources:', ['unknown field "secretGenerator"']],
    [
      'a remote component',
      file,
      'resources:',
      'components:\n  - https://evil.example/c\nresources:',
      ['expected the components of kustomize.components, in order: none'],
    ],
    [
      'another kind',
      file,
      'kind: Kustomization',
      'kind: Component',
      ['Towpath has no schema of', 'expected a Kustomization'],
    ],
  ]);

  it('wants one', () => {
    expect(complain(sampleFiles((path, text) => (path === file ? null : text)))).toEqual([
      'kustomization.yaml: is missing; without it the engine applies nothing',
    ]);
  });

  it('wants the components of the configuration, in their order, from its own depth', () => {
    const components = ['components/defaults', 'components/extra'];
    const lists = (up: string) => `components:\n${components.map((path) => `  - ${up}${path}\n`).join('')}resources:`;
    const flat = sampleInput({ namespace: { kustomize: { components } } });
    const sharded = sampleInput({ namespace: { kustomize: { components }, layout: 'sharded' } });

    expect(complain(edited(file, 'resources:', lists('../../')), flat)).toEqual([]);
    expect(complain(edited(file, 'resources:', lists('../../../')), sharded)).toEqual([]);
    expect(complain(edited(file, 'resources:', lists('../../')), sharded)).toHaveLength(1);
    expect(complain(sampleFiles(), flat)).toHaveLength(1);
  });

  it.each(['../x.yaml', 'sub/x.yaml', 'X.yaml', 'x.json', '.hidden.yaml', 'a b.yaml', 'x.yml', 'README.md', '-x.yaml'])(
    'refuses the file %j',
    (path) => {
      const said = complain(new Map([...sampleFiles(), [path as RepoPath, head('ServiceAccount')]]));

      expect(said.some((sentence) => sentence.includes('is not a plain name'))).toBe(true);
    },
  );
});
