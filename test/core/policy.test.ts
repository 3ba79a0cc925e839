/** DESIGN's policy line by line: what a hostile client tries, and the field that the refusal names. */
import { describe, expect, it } from 'vitest';
import { checkPolicy } from '../../src/core/policy/policy.ts';
import { type SampleChanges, sampleInput, sampleName } from '../support/hand-written-deployment.ts';

const foreign = 'billing-bot-0123456789';
const sidecar = (more: object) => ({ sidecars: [{ name: 'proxy', image: 'envoy:1.30', ...more }] });
const init = (more: object) => ({ init_containers: [{ name: 'setup', image: 'busybox:1', ...more }] });
const volume = (more: object) => ({ volumes: [{ name: 'data', ...more }] });
const mounted = (more: object) => ({
  ...volume({ emptyDir: {} }),
  volume_mounts: [{ name: 'data', mountPath: '/data', ...more }],
});
const claim = (claimName: unknown) => volume({ persistentVolumeClaim: { claimName } });

/** What is asked for, and the fields that must be named. */
type Case = readonly [title: string, resourceSpec: Readonly<Record<string, unknown>>, paths: readonly string[]];

function pathsOf(changes: SampleChanges): string[] {
  return checkPolicy(sampleInput(changes)).map((finding) => finding.path);
}

function refuses(cases: readonly Case[]): void {
  it.each(cases)('refuses %s', (_, resourceSpec, paths) => {
    expect(pathsOf({ resourceSpec })).toEqual(paths.map((path) => `resource_spec.${path}`));
  });
}

describe('what may be asked for', () => {
  it('lets everything harmless through', () => {
    const resourceSpec = {
      min_scale: 1,
      max_scale: 4,
      cpu: 1,
      cpu_limit: 2,
      labels: { team: 'research', 'example.com/cost-centre': '42', empty: '' },
      annotations: { 'prometheus.io/scrape': 'true', note: 'a: b {{x}} \u{1f600}\n---\n' },
      service_account_name: 'research',
      image_pull_secrets: [{ name: 'registry' }],
      volumes: [
        { name: 'cache', emptyDir: { sizeLimit: '1Gi' } },
        { name: 'files', persistentVolumeClaim: { claimName: 'shared-files' } },
        { name: 'all', projected: { sources: [{ secret: { name: 'mine' } }, { configMap: { name: 'settings' } }] } },
        { name: 'vault', csi: { driver: 'secrets-store.csi.k8s.io', nodePublishSecretRef: { name: 'vault' } } },
      ],
      volume_mounts: [
        { name: 'cache', mountPath: '/var/cache/agent', subPath: 'a/b' },
        { name: 'files', mountPath: '/dev/shm', readOnly: true },
      ],
      init_containers: [
        {
          name: 'setup',
          image: 'busybox:1',
          restartPolicy: 'Always',
          env: [
            { name: 'A', value: '1' },
            { name: 'B', valueFrom: { secretKeyRef: { name: 'mine', key: 'b' } } },
            { name: 'C', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          ],
          envFrom: [{ prefix: 'X_', secretRef: { name: 'mine' } }, { configMapRef: { name: 'settings' } }],
          resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1', memory: '1Gi' } },
          securityContext: {
            runAsUser: 1000,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
            seccompProfile: { type: 'RuntimeDefault' },
          },
          volumeMounts: [{ name: 'cache', mountPath: '/work' }],
        },
      ],
    };

    const changes = { secretReferences: [{ name: 'TOKEN', secret_name: 'mine', secret_key: 'token' }] };
    expect(checkPolicy(sampleInput({ resourceSpec, specification: changes }))).toEqual([]);
  });

  it('lets null stand for absent', () => {
    const resourceSpec = {
      labels: null,
      volumes: null,
      sidecars: [{ name: 'a', image: 'b', env: null, envFrom: null, securityContext: null, resources: null }],
    };

    expect(pathsOf({ resourceSpec })).toEqual([]);
  });

  it('names everything at once', () => {
    const resourceSpec = { labels: { 'towpath.dev/x': 'y' }, ...sidecar({ image: 'UPPER CASE' }) };

    expect(pathsOf({ resourceSpec })).toEqual([
      'resource_spec.labels["towpath.dev/x"]',
      'resource_spec.sidecars[0].image',
    ]);
  });
});

describe('labels and annotations', () => {
  const reserved = [
    'towpath.dev/revision-id',
    'towpath.dev/anything',
    'sub.towpath.dev/x',
    'argocd.argoproj.io/sync-options',
    'argocd.argoproj.io/tracking-id',
    'rollouts.argoproj.io/x',
    'kustomize.toolkit.fluxcd.io/prune',
    'reconcile.fluxcd.io/requestedAt',
    'fluxcd.io/x',
    'app.kubernetes.io/name',
    'app.kubernetes.io/component',
    'app.kubernetes.io/instance',
    'app.kubernetes.io/managed-by',
    'app.kubernetes.io/part-of',
    'app.kubernetes.io/version',
    'helm.sh/hook',
    'config.kubernetes.io/local-config',
    'internal.config.kubernetes.io/path',
    'nginx.ingress.kubernetes.io/configuration-snippet',
    'pod-template-hash',
    'sidecar.istio.io/userVolume',
    'proxy.istio.io/overrides',
    'k8s.v1.cni.cncf.io/networks',
    'statefulset.kubernetes.io/pod-name',
    'kubectl.kubernetes.io/last-applied-configuration',
    'container.apparmor.security.beta.kubernetes.io/api',
  ];
  it.each(reserved)('refuses the reserved key %s in both', (key) => {
    const path = JSON.stringify(key);

    expect(pathsOf({ resourceSpec: { labels: { [key]: 'x' }, annotations: { [key]: 'x' } } })).toEqual([
      `resource_spec.labels[${path}]`,
      `resource_spec.annotations[${path}]`,
    ]);
  });

  it.each(['', ' ', 'a b', 'a/b/c', '-a', 'a/', '/a', 'a\nb: c', 'é', 'a: b', '{{x}}', 'x'.repeat(64)])(
    'refuses %j as a key',
    (key) => {
      const labels = Object.fromEntries([[key, 'x']]);

      expect(pathsOf({ resourceSpec: { labels } })).toEqual([`resource_spec.labels[${JSON.stringify(key)}]`]);
    },
  );

  it.each(['a b', '-a', 'a\n', 'a: b', '{{x}}', 'x'.repeat(64), '"', 'ü'])(
    'refuses %j as the value of a label',
    (value) => {
      expect(pathsOf({ resourceSpec: { labels: { key: value } } })).toEqual(['resource_spec.labels["key"]']);
      expect(pathsOf({ resourceSpec: { annotations: { key: value } } })).toEqual([]);
    },
  );

  it('refuses what the configuration keeps for others', () => {
    const namespace = { policy: { reservedKeys: ['app', 'mesh.example/'] } };
    const labels = { app: 'x', 'mesh.example/inject': 'no', 'app.example/x': 'y', application: 'z' };

    expect(pathsOf({ namespace, resourceSpec: { labels } })).toEqual([
      'resource_spec.labels["app"]',
      'resource_spec.labels["mesh.example/inject"]',
    ]);
  });

  it('knows reserved prefixes whatever their case', () => {
    expect(pathsOf({ resourceSpec: { annotations: { 'Argocd.Argoproj.IO/x': 'y' } } })).toHaveLength(1);
  });

  it('refuses more annotations than Kubernetes stores', () => {
    const annotations = { note: 'x'.repeat(262_144) };

    expect(pathsOf({ resourceSpec: { annotations } })).toEqual(['resource_spec.annotations']);
  });
});

describe('Secrets that are not the client’s', () => {
  const own = `${sampleName}-env-00ff00ff00`;
  const made = [`${foreign}-env-abcdef0123`, `${foreign}-database`, own, `${sampleName}-database`];
  const places: readonly (readonly [string, (name: string) => object])[] = [
    ['image_pull_secrets[0].name', (name) => ({ image_pull_secrets: [{ name }] })],
    ['volumes[0].secret.secretName', (secretName) => volume({ secret: { secretName } })],
    [
      'volumes[0].projected.sources[0].secret.name',
      (name) => volume({ projected: { sources: [{ secret: { name } }] } }),
    ],
    [
      'volumes[0].csi.nodePublishSecretRef.name',
      (name) => volume({ csi: { driver: 'd', nodePublishSecretRef: { name } } }),
    ],
    [
      'sidecars[0].env[0].valueFrom.secretKeyRef.name',
      (name) => sidecar({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name, key: 'k' } } }] }),
    ],
    [
      'init_containers[0].env[0].valueFrom.secretKeyRef.name',
      (name) => init({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name, key: 'k' } } }] }),
    ],
    ['sidecars[0].envFrom[0].secretRef.name', (name) => sidecar({ envFrom: [{ secretRef: { name } }] })],
    [
      'init_containers[0].envFrom[1].secretRef.name',
      (name) => init({ envFrom: [{ configMapRef: { name: 'a' } }, { secretRef: { name } }] }),
    ],
  ];
  describe.each(places)('at %s', (path, place) => {
    it.each(made)('refuses %s, which Towpath made', (name) => {
      expect(pathsOf({ resourceSpec: { ...place(name) } })).toEqual([`resource_spec.${path}`]);
    });

    it('refuses those that the configuration names', () => {
      const changes = {
        namespace: {
          policy: { reservedSecrets: ['payroll'] },
          route: { kind: 'ingress', host: 'a.example', tls: { secretName: 'certificate' } },
        },
        agentServer: {
          langsmith: { endpoint: 'https://api.example', apiKey: { secretName: 'langsmith', key: 'k' } },
          licenseKey: { secretName: 'licence', key: 'k' },
          auth: { kind: 'none' },
        },
      };

      for (const name of ['payroll', 'certificate', 'langsmith', 'licence']) {
        expect(pathsOf({ ...changes, resourceSpec: { ...place(name) } })).toEqual([`resource_spec.${path}`]);
      }
    });

    it.each(['../other', 'a\nb', 'UPPER', '', 'team-b/secret', '{{x}}'])('refuses %j, which is no name', (name) => {
      if (path.startsWith('image_pull_secrets')) return;
      expect(pathsOf({ resourceSpec: { ...place(name) } })).toEqual([`resource_spec.${path}`]);
    });
  });

  it('refuses them in secret_references too', () => {
    const secretReferences = [
      { name: 'A', secret_name: `${foreign}-database`, secret_key: 'POSTGRES_PASSWORD' },
      { name: 'A', secret_name: 'mine', secret_key: 'a b' },
      { name: '1-B', secret_name: 'mine', secret_key: 'k' },
      { name: 'C', secret_name: 'x: y\n', secret_key: '../k' },
    ];

    expect(pathsOf({ specification: { secretReferences } })).toEqual([
      'secret_references[0].secret_name',
      'secret_references[1].name',
      'secret_references[1].secret_key',
      'secret_references[2].name',
      'secret_references[3].secret_key',
      'secret_references[3].secret_name',
    ]);
  });
});

describe('rights', () => {
  const contexts: readonly (readonly [string, object, string])[] = [
    ['privileged', { privileged: true }, 'privileged'],
    ['privileged written as text', { privileged: 'true' }, 'privileged'],
    ['privilege escalation', { allowPrivilegeEscalation: true }, 'allowPrivilegeEscalation'],
    ['root', { runAsUser: 0 }, 'runAsUser'],
    ['an added capability', { capabilities: { add: ['NET_BIND_SERVICE', 'SYS_ADMIN'] } }, 'capabilities.add[1]'],
    ['all capabilities', { capabilities: { add: 'ALL' } }, 'capabilities.add[0]'],
    ['a bare /proc', { procMount: 'Unmasked' }, 'procMount'],
    ['no seccomp', { seccompProfile: { type: 'Unconfined' } }, 'seccompProfile.type'],
    ['no AppArmor', { appArmorProfile: { type: 'Unconfined' } }, 'appArmorProfile.type'],
    ['another SELinux type', { seLinuxOptions: { type: 'spc_t' } }, 'seLinuxOptions'],
    ['an unsafe sysctl', { sysctls: [{ name: 'kernel.msgmax', value: '1' }] }, 'sysctls[0]'],
    ['a Windows host process', { windowsOptions: { hostProcess: true } }, 'windowsOptions.hostProcess'],
  ];
  it.each(contexts)('refuses %s in init containers and sidecars', (_, securityContext, path) => {
    expect(pathsOf({ resourceSpec: sidecar({ securityContext }) })).toEqual([
      `resource_spec.sidecars[0].securityContext.${path}`,
    ]);
    expect(pathsOf({ resourceSpec: init({ securityContext }) })).toEqual([
      `resource_spec.init_containers[0].securityContext.${path}`,
    ]);
  });

  it.each(contexts)('lets %s through where the configuration says so', (_, securityContext) => {
    const namespace = { policy: { allowPrivileged: true, allowHostAccess: true } };

    expect(pathsOf({ namespace, resourceSpec: sidecar({ securityContext }) })).toEqual([]);
  });

  it('opens one door without the other', () => {
    const resourceSpec = {
      ...sidecar({ securityContext: { privileged: true } }),
      ...volume({ nfs: { server: 's', path: '/' } }),
    };

    expect(pathsOf({ namespace: { policy: { allowPrivileged: true } }, resourceSpec })).toEqual([
      'resource_spec.volumes[0].nfs',
    ]);
    expect(pathsOf({ namespace: { policy: { allowHostAccess: true } }, resourceSpec })).toEqual([
      'resource_spec.sidecars[0].securityContext.privileged',
    ]);
  });
});

describe('volumes', () => {
  refuses([
    ['nfs, a door to the network of the nodes', volume({ nfs: { server: 'nas', path: '/' } }), ['volumes[0].nfs']],
    [
      'a driver that hands out folders of the node',
      volume({ csi: { driver: 'hostpath.csi.k8s.io' } }),
      ['volumes[0].csi.driver'],
    ],
    ['a driver without a name', volume({ csi: {} }), ['volumes[0].csi.driver']],
    [
      'another deployment’s database',
      claim(`data-${foreign}-postgres-0`),
      ['volumes[0].persistentVolumeClaim.claimName'],
    ],
    ['its own database', claim(`data-${sampleName}-postgres-0`), ['volumes[0].persistentVolumeClaim.claimName']],
    ['a claim that is no name', claim('../x'), ['volumes[0].persistentVolumeClaim.claimName']],
    ['a claim without a name', volume({ persistentVolumeClaim: {} }), ['volumes[0].persistentVolumeClaim.claimName']],
    [
      'a token of the service account',
      volume({ projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }),
      ['volumes[0].projected.sources[0].serviceAccountToken'],
    ],
    [
      'a projection that nobody knows',
      volume({ projected: { sources: [{ hostPath: {} }] } }),
      ['volumes[0].projected.sources[0].hostPath'],
    ],
    ['a projection without sources', volume({ projected: {} }), ['volumes[0].projected.sources']],
    ['two sources', volume({ emptyDir: {}, configMap: { name: 'a' } }), ['volumes[0]']],
    ['no source', volume({ emptyDir: null }), ['volumes[0]']],
    [
      'two of one name',
      {
        volumes: [
          { name: 'a', emptyDir: {} },
          { name: 'a', emptyDir: {} },
        ],
      },
      ['volumes[1].name'],
    ],
    ['a name that is none', { volumes: [{ name: 'A/b', emptyDir: {} }] }, ['volumes[0].name']],
    ['a Secret without a name', volume({ secret: {} }), ['volumes[0].secret.secretName']],
  ]);

  refuses([
    ...['../x', '/x', 'a/../b', 'a\nb', '', 5].map(
      (path): Case => [
        `a file at ${JSON.stringify(path)}`,
        volume({ configMap: { name: 'a', items: [{ key: 'k', path }] } }),
        ['volumes[0].configMap.items[0].path'],
      ],
    ),
    [
      'a file outside of a projection',
      volume({ projected: { sources: [{ secret: { name: 'a', items: [{ key: 'k', path: '../x' }] } }] } }),
      ['volumes[0].projected.sources[0].secret.items[0].path'],
    ],
  ]);

  it('keeps to the drivers that the configuration allows', () => {
    const used = (driver: string) =>
      pathsOf({ namespace: { policy: { csiDrivers: ['a.example'] } }, resourceSpec: volume({ csi: { driver } }) });

    expect(used('a.example')).toEqual([]);
    expect(used('b.example')).toEqual(['resource_spec.volumes[0].csi.driver']);
  });

  it('lets tokens through where the configuration says so', () => {
    const resourceSpec = volume({ projected: { sources: [{ serviceAccountToken: { path: 't' } }] } });

    expect(pathsOf({ resourceSpec, namespace: { policy: { allowServiceAccountTokens: true } } })).toEqual([]);
  });
});

describe('mounts', () => {
  refuses([
    ...[
      '/',
      '/etc',
      '/usr',
      '/usr/',
      '/bin',
      '/api',
      '/storage',
      '/proc',
      '/proc/1',
      '/sys/fs',
      '/dev',
      '/var/run/secrets/kubernetes.io/serviceaccount',
    ].map((mountPath): Case => [`a mount over ${mountPath}`, mounted({ mountPath }), ['volume_mounts[0].mountPath']]),
    ...['data', './data', '/a/../etc', '/a//b', '/a/.', '/a:b', '/a\nb', ''].map(
      (mountPath): Case => [
        `the path ${JSON.stringify(mountPath)}`,
        mounted({ mountPath }),
        ['volume_mounts[0].mountPath'],
      ],
    ),
    ['a way out by subPath', mounted({ subPath: '../../etc' }), ['volume_mounts[0].subPath']],
    ['an absolute subPath', mounted({ subPath: '/etc' }), ['volume_mounts[0].subPath']],
    ['a way out by subPathExpr', mounted({ subPathExpr: '$(POD)/..' }), ['volume_mounts[0].subPathExpr']],
    ['both subPaths', mounted({ subPath: 'a', subPathExpr: 'b' }), ['volume_mounts[0]']],
    [
      'mounts that reach the node',
      mounted({ mountPropagation: 'Bidirectional' }),
      ['volume_mounts[0].mountPropagation'],
    ],
    ['a volume that is not there', { volume_mounts: [{ name: 'x', mountPath: '/x' }] }, ['volume_mounts[0].name']],
    [
      'two mounts at one path',
      {
        ...volume({ emptyDir: {} }),
        volume_mounts: [
          { name: 'data', mountPath: '/x' },
          { name: 'data', mountPath: '/x/' },
        ],
      },
      ['volume_mounts[1].mountPath'],
    ],
    [
      'the same in a sidecar',
      sidecar({ volumeMounts: [{ name: 'x', mountPath: '/etc' }] }),
      ['sidecars[0].volumeMounts[0].name', 'sidecars[0].volumeMounts[0].mountPath'],
    ],
  ]);
});

describe('containers', () => {
  const resources = (requests: object, limits: object) => sidecar({ resources: { requests, limits } });
  refuses([
    ...['api-server', 'queue', 'postgres'].map(
      (name): Case => [`the name ${name}, which is ours`, { sidecars: [{ name, image: 'a' }] }, ['sidecars[0].name']],
    ),
    ['a name that is none', { sidecars: [{ name: 'A b', image: 'a' }] }, ['sidecars[0].name']],
    ['one name twice across both lists', { ...init({ name: 'x' }), ...sidecar({ name: 'x' }) }, ['sidecars[0].name']],
    ...['a b', 'a\nb', 'http://x/y', '-x', 'a:b:c', 'x@sha256:12', '{{x}}', '"', ''].map(
      (image): Case => [`the image ${JSON.stringify(image)}`, sidecar({ image }), ['sidecars[0].image']],
    ),
    ['an unknown pull policy', sidecar({ imagePullPolicy: 'Sometimes' }), ['sidecars[0].imagePullPolicy']],
    ['an unknown restart policy', init({ restartPolicy: 'Never' }), ['init_containers[0].restartPolicy']],
    ['a relative working folder', sidecar({ workingDir: 'x' }), ['sidecars[0].workingDir']],
    ['one variable twice', sidecar({ env: [{ name: 'A' }, { name: 'A' }] }), ['sidecars[0].env[1].name']],
    ['a variable that no shell can set', sidecar({ env: [{ name: 'a=b' }] }), ['sidecars[0].env[0].name']],
    ['a NUL character', sidecar({ env: [{ name: 'A', value: '\0' }] }), ['sidecars[0].env[0].value']],
    [
      'value and valueFrom',
      sidecar({ env: [{ name: 'A', value: '', valueFrom: { fieldRef: {} } }] }),
      ['sidecars[0].env[0]'],
    ],
    [
      'an unknown source',
      sidecar({ env: [{ name: 'A', valueFrom: { fileKeyRef: {} } }] }),
      ['sidecars[0].env[0].valueFrom'],
    ],
    ['no source', sidecar({ env: [{ name: 'A', valueFrom: {} }] }), ['sidecars[0].env[0].valueFrom']],
    [
      'two sources',
      sidecar({ env: [{ name: 'A', valueFrom: { fieldRef: {}, configMapKeyRef: { name: 'a' } } }] }),
      ['sidecars[0].env[0].valueFrom'],
    ],
    [
      'a prefix that no name begins with',
      sidecar({ envFrom: [{ prefix: 'a b', configMapRef: { name: 'a' } }] }),
      ['sidecars[0].envFrom[0].prefix'],
    ],
    ['an empty envFrom', sidecar({ envFrom: [{ prefix: 'A' }] }), ['sidecars[0].envFrom[0]']],
    [
      'a key that is none',
      sidecar({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'a', key: 'x y' } } }] }),
      ['sidecars[0].env[0].valueFrom.secretKeyRef.key'],
    ],
    ['a quantity that is none', resources({ cpu: '1 core' }, {}), ['sidecars[0].resources.requests.cpu']],
    ['a negative quantity', resources({}, { memory: '-1Gi' }), ['sidecars[0].resources.limits.memory']],
    ['a request above its limit', resources({ cpu: '1500m' }, { cpu: '1' }), ['sidecars[0].resources.requests.cpu']],
    [
      'a request above its limit in other units',
      resources({ memory: '1Gi' }, { memory: '1G' }),
      ['sidecars[0].resources.requests.memory'],
    ],
  ]);
});

describe('a request that is wrong all over', () => {
  it('says how much more there is than anybody reads', () => {
    const labels = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`towpath.dev/l${index}`, 'x']));

    const findings = checkPolicy(sampleInput({ resourceSpec: { labels } }));

    expect(findings).toHaveLength(101);
    expect(findings.at(-1)).toMatchObject({ path: 'resource_spec', message: 'and 50 more findings in this request' });
  });
});

describe('the deployment itself', () => {
  it.each(['', 'a b', 'x:y:z', 'repo/x\nimage: evil', 'repo/x # comment', '$(id)', '../x'])(
    'refuses the image %j',
    (image) => {
      expect(pathsOf({ specification: { image } })).toEqual(['image']);
    },
  );

  refuses([
    ['another deployment’s ServiceAccount', { service_account_name: foreign }, ['service_account_name']],
    ['fewer replicas at most than at least', { min_scale: 5, max_scale: 2 }, ['min_scale']],
    ['the same of the queue', { queue_min_scale: 5, queue_max_scale: 2 }, ['queue_min_scale']],
    ['more CPU than its limit', { cpu: 2, cpu_limit: 1 }, ['cpu']],
    ['more memory than its limit', { queue_memory_mb: 2, queue_memory_limit_mb: 1 }, ['queue_memory_mb']],
    [
      'the same of Redis and Postgres',
      { redis_cpu: 2, redis_cpu_limit: 1, db_memory_mb: 2, db_memory_limit_mb: 1 },
      ['redis_cpu', 'db_memory_mb'],
    ],
  ]);

  it('keeps to the ServiceAccounts that the configuration allows', () => {
    const named = (serviceAccounts: readonly string[] | undefined, service_account_name: string) =>
      pathsOf({ namespace: { policy: { serviceAccounts } }, resourceSpec: { service_account_name } });

    expect(named(['agents'], 'agents')).toEqual([]);
    expect(named(['agents'], 'deployer')).toEqual(['resource_spec.service_account_name']);
    expect(named([], 'agents')).toEqual(['resource_spec.service_account_name']);
    expect(named(undefined, 'deployer')).toEqual([]);
  });

  it('lets its own ServiceAccount through', () => {
    expect(pathsOf({ resourceSpec: { service_account_name: sampleName } })).toEqual([]);
  });
});
