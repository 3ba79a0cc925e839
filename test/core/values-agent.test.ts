/** What LangChain's operator is told of a deployment, and what it cannot be told. */
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { checkPolicy } from '../../src/core/policy/policy.ts';
import { routeUrl } from '../../src/core/values/route.ts';
import { render } from './support/agent-server.ts';
import { type InputChanges, renderInput } from './support/render-input.ts';

interface Agent {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly labels: Readonly<Record<string, string>>;
    readonly autoscaling: object;
    readonly database: object;
    readonly redis: object;
    readonly ingress: object;
    readonly serverSpec: Readonly<Record<string, unknown>> & {
      readonly labels: Readonly<Record<string, string>>;
      readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
    };
  };
}

const revision = 'towpath.dev/revision-id';

/** A namespace for the operator, with databases that may go with their deployments. */
function input({ namespace, ...changes }: InputChanges = {}) {
  return renderInput({ ...changes, namespace: { templates: 'lgp', deletion: { data: 'delete' }, ...namespace } });
}

function agent(changes: InputChanges = {}): Agent {
  return load(render(input(changes)).get('agent.lgp.yaml') ?? '') as Agent;
}

function variable(name: string, changes: InputChanges = {}) {
  return agent(changes).spec.serverSpec.env.find((one) => one.name === name);
}

/** The lines of the refusal, without its heading. */
function refused(changes: InputChanges): string[] {
  try {
    render(input(changes));
  } catch (error) {
    return String(error)
      .replace(/^.*?Cannot render deployment "research-agent":\s*/, '')
      .split(/\n\s*/);
  }
  return [];
}

describe('one LGP a deployment', () => {
  it('comes with an account without rights, and leaves all else to the operator', () => {
    expect([...render(input()).keys()]).toEqual(['agent.lgp.yaml', 'serviceaccount.yaml', 'kustomization.yaml']);
  });

  it('names the account of the user instead, where there is one', () => {
    const files = render(input({ resourceSpec: { service_account_name: 'agents' } }));

    expect([...files.keys()]).toEqual(['agent.lgp.yaml', 'kustomization.yaml']);
    expect(files.get('agent.lgp.yaml')).toContain('serviceAccountName: agents');
  });

  it('bears the revision on itself and on the pods of the server, and not on what the database is made of', () => {
    const { metadata, spec } = agent({ resourceSpec: { labels: { team: 'research' } } });

    expect(metadata.labels[revision]).toBe('e91d7c34-58a2-4d6f-b0c9-1a2b3c4d5e6f');
    expect(spec.serverSpec.labels).toEqual(metadata.labels);
    expect(spec.labels).toEqual({
      'app.kubernetes.io/name': 'research-agent-e450af8d69',
      'app.kubernetes.io/part-of': 'research-agent',
      'towpath.dev/deployment-id': '0b6c2f6e-6b0e-4b8e-9a53-5f0f3d1b2c3d',
      'towpath.dev/listener-id': 'c2a90b7e-35cf-4b3a-9b61-f5a0d4e8b211',
      'towpath.dev/workspace-id': '7d1f0c52-9a43-4f0c-8a55-2c7d3b1e9f00',
    });
  });

  it('changes nothing but the LGP with the image', () => {
    const before = render(input());
    const after = render(input({ image: 'ghcr.io/acme/research-agent:1.4.3' }));

    expect([...after].filter(([file, text]) => before.get(file) !== text).map(([file]) => file)).toEqual([
      'agent.lgp.yaml',
    ]);
  });
});

describe('how many pods', () => {
  const fixed = { autoscaling: { enabled: false } };
  const scaled = (type: string, numbers: object) => ({
    autoscaling: { enabled: true, autoscalerType: type, ...numbers },
  });

  it.each([
    ['one of each', {}, {}, { ...fixed, replicas: 1 }],
    ['as many as are said', { min_scale: 3, max_scale: 3 }, {}, { ...fixed, replicas: 3 }],
    ['the least of them without an autoscaler', { max_scale: 4 }, { autoscaler: 'none' }, { ...fixed, replicas: 1 }],
    [
      'between two bounds, for the queue as for the API',
      { min_scale: 2, max_scale: 4 },
      {},
      scaled('HPA', { minReplicas: 2, maxReplicas: 4, queueMinReplicas: 2, queueMaxReplicas: 4 }),
    ],
    [
      'by KEDA, with a queue that may sleep',
      { queue_min_scale: 0, queue_max_scale: 5 },
      { autoscaler: 'keda' },
      scaled('KEDA', { minReplicas: 1, maxReplicas: 1, queueMinReplicas: 0, queueMaxReplicas: 5 }),
    ],
    [
      'by an autoscaler without room where API and queue differ: there is one fixed number only',
      { min_scale: 1, max_scale: 1, queue_min_scale: 2, queue_max_scale: 2 },
      {},
      scaled('HPA', { minReplicas: 1, maxReplicas: 1, queueMinReplicas: 2, queueMaxReplicas: 2 }),
    ],
    [
      'of the API alone without a queue',
      { max_scale: 2, queue_max_scale: 9 },
      { queue: false },
      scaled('HPA', { minReplicas: 1, maxReplicas: 2 }),
    ],
  ])('%s', (_, resourceSpec, agentServer, expected) => {
    const { spec } = agent({ resourceSpec, agentServer });
    const { replicas } = spec.serverSpec;

    expect({ autoscaling: spec.autoscaling, ...(replicas === undefined ? {} : { replicas }) }).toEqual(expected);
  });
});

describe('placement', () => {
  it('is said by an LGP as far as it has fields for it; the rest is refused', () => {
    const pods = { nodeSelector: { pool: 'agents' }, tolerations: [{ operator: 'Exists' }] };

    expect(agent({ agentServer: { pods } }).spec).toMatchObject(pods);
    expect(refused({ agentServer: { pods: { ...pods, shutdownGrace: '1h', priorityClassName: 'a' } } })).toEqual([
      expect.stringMatching(/^agentServer\.pods\.priorityClassName: an LGP has no field for it/),
      expect.stringMatching(/^agentServer\.pods\.shutdownGrace: an LGP has no field for it/),
    ]);
  });
});

describe('the environment', () => {
  it('leaves to the operator where its own Postgres and Redis are', () => {
    expect(['POSTGRES_URI', 'POSTGRES_PASSWORD', 'REDIS_URI'].map((name) => variable(name))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(agent().spec.database).toMatchObject({
      enabled: true,
      secretName: 'research-agent-e450af8d69-database-0a1b2c3d4e',
    });
  });

  it('refers to the Secret of a database outside', () => {
    const changes = { secretNames: ['POSTGRES_URI_CUSTOM', 'REDIS_URI_CUSTOM'], namespace: { deletion: {} } };
    const from = (key: string) => ({ secretKeyRef: { name: 'research-agent-e450af8d69-env-5e884898da', key } });

    expect(variable('POSTGRES_URI', changes)?.valueFrom).toEqual(from('POSTGRES_URI_CUSTOM'));
    expect(variable('REDIS_URI', changes)?.valueFrom).toEqual(from('REDIS_URI_CUSTOM'));
    expect(agent(changes).spec).toMatchObject({ database: { enabled: false }, redis: { enabled: false } });
  });

  it('says in a field, not in a variable, how many runs a worker takes', () => {
    const changes = { agentServer: { environment: { N_JOBS_PER_WORKER: '25' } } };

    expect(agent(changes).spec.serverSpec['numJobsPerWorker']).toBe(25);
    expect(variable('N_JOBS_PER_WORKER', changes)).toBeUndefined();
    expect(refused({ secretNames: ['N_JOBS_PER_WORKER'] })).toEqual([
      'secrets.N_JOBS_PER_WORKER: N_JOBS_PER_WORKER shapes the manifests too, and its value is not known here: set it in agentServer.environment, or give it as a secret with a value of its own',
    ]);
  });

  it('takes how long a worker may finish from wherever it is said: it shapes no pods here', () => {
    const name = 'BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS';

    expect(variable(name)).toBeUndefined();
    expect(variable(name, { secretNames: [name] })?.valueFrom).toBeDefined();
  });
});

describe('the way in', () => {
  const open = { namespace: { route: { kind: 'ingress', host: 'agents.example.com', tls: {} } } };
  const changes = { ...open, agentServer: { auth: { kind: 'none' } } };

  it("is the operator's, below /lgp/ and the resource name", () => {
    const { namespace, resourceName } = input(changes);

    expect(agent(changes).spec.ingress).toEqual({ enabled: true });
    expect(variable('MOUNT_PREFIX', changes)?.value).toBe('/lgp/research-agent-e450af8d69');
    expect(routeUrl(namespace, resourceName)).toBe('https://agents.example.com/lgp/research-agent-e450af8d69');
  });

  it('is closed without a route', () => {
    expect(agent().spec.ingress).toEqual({ enabled: false });
    expect(variable('MOUNT_PREFIX')).toBeUndefined();
  });
});

describe('what an LGP cannot say', () => {
  const auth = { agentServer: { auth: { kind: 'none' } } };
  const route = (kind: object) => ({ ...auth, namespace: { route: kind } });

  it.each([
    ['that data outlives its deployment', { namespace: { deletion: {} } }, ['namespaces.team-a.deletion.data']],
    [
      'which images its databases have, or where they store',
      {
        agentServer: {
          database: { kind: 'in-cluster', image: 'postgres:17', storageClassName: 'fast' },
          redis: { kind: 'in-cluster', image: 'redis:8' },
        },
      },
      ['agentServer.database.image', 'agentServer.database.storageClassName', 'agentServer.redis.image'],
    ],
    ['as which user it runs', { agentServer: { runAsUser: 4711 } }, ['agentServer.runAsUser']],
    [
      'that API and queue have different fixed numbers of pods',
      { resourceSpec: { queue_min_scale: 2 }, agentServer: { autoscaler: 'none' } },
      ['resource_spec.queue_min_scale'],
    ],
    [
      'how it is reached by an Ingress',
      route({ kind: 'ingress', host: 'a.example', className: 'x', annotations: { a: 'b' }, tls: { secretName: 't' } }),
      ['className', 'annotations', 'tls.secretName'].map((option) => `namespaces.team-a.route.${option}`),
    ],
    [
      'that each agent has a host of its own',
      route({ kind: 'ingress', hostSuffix: 'example.com' }),
      ['namespaces.team-a.route.hostSuffix'],
    ],
    [
      'which Gateway it is reached by',
      route({ kind: 'gateway', host: 'a.example', parent: { name: 'public' } }),
      ['namespaces.team-a.route.kind'],
    ],
    [
      'which Gateway of Istio it is reached by',
      route({ kind: 'istio', host: 'a.example', gateway: 'istio-system/public' }),
      ['namespaces.team-a.route.kind'],
    ],
  ])('is refused with its option: %s', (_, changes, paths) => {
    expect(refused(changes).map((line) => line.split(': ')[0])).toEqual(paths);
  });

  it('is told all at once', () => {
    const changes = { namespace: { deletion: {} }, agentServer: { runAsUser: 4711 } };

    expect(refused(changes)).toHaveLength(2);
  });

  it('is no matter where the database is outside', () => {
    const agentServer = { database: { kind: 'external' }, redis: { kind: 'external' } };
    const secretNames = ['POSTGRES_URI_CUSTOM', 'REDIS_URI_CUSTOM'];

    expect(refused({ namespace: { deletion: {} }, agentServer, secretNames })).toEqual([]);
  });
});

describe('keys that the operator reads', () => {
  const keyed = { app: 'x', 'lgp-operator.io/shared-ingress': 'true', 'apps.langchain.ai/x': 'y', team: 'research' };
  const resourceSpec = { labels: keyed, annotations: keyed };

  it('are reserved where it runs', () => {
    const fields = ['labels', 'annotations'].flatMap((field) =>
      ['app', 'lgp-operator.io/shared-ingress', 'apps.langchain.ai/x'].map((key) => `resource_spec.${field}["${key}"]`),
    );

    expect(checkPolicy(input({ resourceSpec })).map(({ path }) => path)).toEqual(fields);
  });

  it('are plain labels elsewhere', () => {
    expect(checkPolicy(renderInput({ resourceSpec }))).toEqual([]);
  });
});
