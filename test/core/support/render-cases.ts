/** Representative deployments: between them every template, every option of the set and every field of resource_spec. */
import type { RenderInput } from '../../../src/core/template/set.ts';
import { renderInput } from './render-input.ts';

const langsmith = {
  langsmith: { endpoint: 'https://api.smith.langchain.com', apiKey: { secretName: 'langsmith', key: 'api-key' } },
  licenseKey: { secretName: 'langsmith', key: 'license-key' },
};

const everyField = {
  min_scale: 2,
  max_scale: 6,
  cpu: 0.5,
  cpu_limit: 1.5,
  memory_mb: 1024,
  memory_limit_mb: 1536,
  queue_min_scale: 0,
  queue_max_scale: 4,
  queue_cpu: 2,
  queue_cpu_limit: 4,
  queue_memory_mb: 4096,
  queue_memory_limit_mb: 6144,
  redis_cpu: 0.2,
  redis_cpu_limit: 0.4,
  redis_memory_mb: 512,
  redis_memory_limit_mb: 768,
  db_cpu: 2,
  db_cpu_limit: 3,
  db_memory_mb: 3072,
  db_memory_limit_mb: 4096,
  db_storage_gi: 50,
  db_max_connections: 250,
  labels: { team: 'research', 'acme.example/cost-centre': '4711' },
  annotations: { 'acme.example/owner': 'Ada <ada@example.com>', note: 'yes' },
  service_account_name: 'agents',
  image_pull_secrets: [{ name: 'registry' }],
  volumes: [
    { name: 'settings', configMap: { name: 'agent-settings', items: null } },
    { name: 'scratch', emptyDir: {} },
  ],
  volume_mounts: [
    { name: 'settings', mountPath: '/etc/agent', readOnly: true },
    { name: 'scratch', mountPath: '/scratch', subPath: null },
  ],
  init_containers: [{ name: 'fetch', image: 'busybox:1.37', command: ['sh', '-c', 'echo "a: b" # no comment'] }],
  sidecars: [
    {
      name: 'proxy',
      image: 'envoyproxy/envoy:v1.33.0',
      restartPolicy: 'Always',
      env: [{ name: 'DEBUG', value: 'no' }],
    },
    { name: 'metrics', image: 'acme/metrics:2', resources: { limits: { cpu: '100m', memory: '64Mi' } } },
  ],
};

const operated = { templates: 'lgp', deletion: { data: 'delete' } };

export const renderCases: Readonly<Record<string, RenderInput>> = {
  minimal: renderInput(),
  'every-field': renderInput({
    image: `ghcr.io/acme/research-agent:1.4.2@sha256:${'6b86b273ff34fce1'.repeat(4)}`,
    resourceSpec: everyField,
    secretNames: ['OPENAI_API_KEY', 'TAVILY_API_KEY'],
    secretReferences: [{ name: 'SEARCH_TOKEN', secret_name: 'search', secret_key: 'token' }],
    namespace: {
      route: {
        kind: 'ingress',
        host: 'agents.example.com',
        className: 'nginx',
        annotations: { 'nginx.ingress.kubernetes.io/proxy-read-timeout': '3600' },
        tls: { secretName: 'agents-tls' },
      },
      deletion: { data: 'delete' },
      kustomize: { components: ['components/defaults', 'components/research'] },
    },
    agentServer: {
      ...langsmith,
      database: { kind: 'in-cluster', storageClassName: 'fast' },
      autoscaler: 'keda',
      auth: { kind: 'langsmith', endpoint: 'https://api.smith.langchain.com' },
      environment: { BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS: '600', N_JOBS_PER_WORKER: '20', PRICE: 'costs $(5), $$' },
    },
  }),
  external: renderInput({
    name: '2nd-agent-with-a-name-that-is-longer-than-32-characters',
    resourceSpec: { min_scale: 1, max_scale: 3 },
    secretNames: ['POSTGRES_URI_CUSTOM'],
    secretReferences: [{ name: 'REDIS_URI_CUSTOM', secret_name: 'shared-redis', secret_key: 'uri' }],
    namespace: {
      layout: 'sharded',
      route: {
        kind: 'gateway',
        hostSuffix: 'agents.example.com',
        parent: { name: 'public', namespace: 'gateways', sectionName: 'https' },
      },
      kustomize: { components: ['components/defaults'] },
    },
    agentServer: { database: { kind: 'external' }, auth: { kind: 'none' }, queue: false, runAsUser: 0 },
  }),
  'external-keda': renderInput({
    resourceSpec: { queue_max_scale: 5 },
    secretReferences: [{ name: 'POSTGRES_URI_CUSTOM', secret_name: 'postgres', secret_key: 'uri' }],
    namespace: { route: { kind: 'istio', host: 'agents.example.com', gateway: 'istio-system/public' } },
    agentServer: { autoscaler: 'keda', auth: { kind: 'none' } },
  }),
  'every-pod-option': renderInput({
    resourceSpec: { min_scale: 2, max_scale: 2, image_pull_secrets: [{ name: 'registry' }] },
    namespace: {
      route: {
        kind: 'gateway',
        host: 'agents.example.com',
        parent: { name: 'public' },
        requestTimeout: '30m',
        closedPaths: ['/metrics', '/docs'],
      },
    },
    agentServer: {
      auth: { kind: 'none' },
      controlPlaneApiKey: { secretName: 'langsmith', key: 'control-plane-key' },
      runAsUser: 'cluster',
      pods: {
        nodeSelector: { 'acme.example/pool': 'agents' },
        tolerations: [{ key: 'acme.example/pool', value: 'agents', effect: 'NoSchedule' }, { operator: 'Exists' }],
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 1,
                podAffinityTerm: {
                  topologyKey: 'kubernetes.io/hostname',
                  labelSelector: { matchLabels: { 'app.kubernetes.io/part-of': 'research-agent' } },
                },
              },
            ],
          },
        },
        topologySpreadConstraints: [
          { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 2, whenUnsatisfiable: 'DoNotSchedule' },
        ],
        priorityClassName: 'agents',
        ndots: 2,
        imagePullSecrets: ['mirror'],
        imagePullPolicy: 'IfNotPresent',
        shutdownGrace: '1h',
        readOnlyRootFilesystem: true,
      },
    },
  }),
  'keda-without-queue': renderInput({
    resourceSpec: { max_scale: 4 },
    namespace: { secrets: { mode: 'external-secrets', store: { name: 'vault' }, database: { key: 'agents/{name}' } } },
    agentServer: { autoscaler: 'keda', queue: false },
  }),
  'horizontal-autoscaler': renderInput({
    resourceSpec: { min_scale: 2, max_scale: 4 },
    namespace: {
      route: {
        kind: 'istio',
        hostSuffix: 'agents.example.com',
        gateway: 'istio-system/public',
        closedPaths: ['/metrics'],
      },
    },
    agentServer: {
      auth: {
        kind: 'langsmith',
        endpoint: 'https://api.smith.langchain.com',
        tenantId: '5d2c1b0a-9f8e-4d7c-b6a5-948372615040',
      },
    },
  }),
  lgp: renderInput({ namespace: operated }),
  'lgp-every-field': renderInput({
    image: `ghcr.io/acme/research-agent:1.4.2@sha256:${'6b86b273ff34fce1'.repeat(4)}`,
    resourceSpec: everyField,
    secretNames: ['OPENAI_API_KEY', 'TAVILY_API_KEY'],
    secretReferences: [{ name: 'SEARCH_TOKEN', secret_name: 'search', secret_key: 'token' }],
    namespace: {
      ...operated,
      route: { kind: 'ingress', host: 'agents.example.com', tls: {} },
      kustomize: { components: ['components/defaults'] },
    },
    agentServer: {
      ...langsmith,
      autoscaler: 'keda',
      auth: { kind: 'langsmith', endpoint: 'https://api.smith.langchain.com' },
      environment: { BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS: '600', N_JOBS_PER_WORKER: '20', PRICE: 'costs $(5), $$' },
    },
  }),
  'lgp-external': renderInput({
    resourceSpec: { min_scale: 3, max_scale: 3 },
    secretNames: ['POSTGRES_URI_CUSTOM'],
    secretReferences: [{ name: 'REDIS_URI_CUSTOM', secret_name: 'shared-redis', secret_key: 'uri' }],
    namespace: { templates: 'lgp', layout: 'sharded' },
    agentServer: { queue: false, runAsUser: 0 },
  }),
};
