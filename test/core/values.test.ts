import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { checkPolicy } from '../../src/core/policy/policy.ts';
import { routeUrl } from '../../src/core/values/route.ts';
import { licenceNote } from '../../src/core/values/server.ts';
import { type Values, valuesOf } from '../../src/core/values/values.ts';
import { TowpathError } from '../../src/domain/failure.ts';
import { render } from './support/agent-server.ts';
import { renderCases } from './support/render-cases.ts';
import { type InputChanges, renderInput } from './support/render-input.ts';

const values = (changes: InputChanges = {}): Values => valuesOf(renderInput(changes));

function refusalOf(changes: InputChanges): string {
  try {
    values(changes);
  } catch (error) {
    expect(error).toMatchObject({ kind: 'terminal', reason: 'InvalidSpecification' });
    return (error as TowpathError).message;
  }
  throw new Error('expected an error');
}

/** Name to text, or to `secret/key`. */
function environmentOf(changes: InputChanges, workload: 'api' | 'queue' = 'api'): Record<string, string> {
  const entries = values(changes)[workload]?.environment ?? [];
  return Object.fromEntries(
    entries.map((variable) => {
      if ('value' in variable) return [variable.name, variable.value];
      const { name, key } = variable.valueFrom.secretKeyRef;
      return [variable.name, `${name}/${key}`];
    }),
  );
}

describe('labels', () => {
  const files = new Map(
    [...render(renderInput({ resourceSpec: { labels: { team: 'x' }, min_scale: 2 } }))]
      .filter(([file]) => file !== 'kustomization.yaml')
      .map(([file, text]) => [file, load(text) as { metadata: { labels: object }; spec: Record<string, unknown> }]),
  );
  const common = [
    ...['component', 'managed-by', 'name', 'part-of'].map((name) => `app.kubernetes.io/${name}`),
    ...['deployment-id', 'listener-id', 'workspace-id'].map((name) => `towpath.dev/${name}`),
  ];
  const workload = [...common, 'app.kubernetes.io/version', 'team', 'towpath.dev/revision-id'].sort();
  const revisioned = new Set(['api.deployment.yaml', 'queue.deployment.yaml']);

  it.each([...files])('%s bears the common ones, and a revision only as API and queue', (file, object) => {
    expect(Object.keys(object.metadata.labels)).toEqual(revisioned.has(file) ? workload : common);
    const template = object.spec?.['template'] as typeof object | undefined;
    if (template) expect(template.metadata.labels).toEqual(object.metadata.labels);
  });

  it('never select by what a revision or a user may change', () => {
    const { api, queue, postgres, redis } = values();

    for (const part of [api, queue, postgres, redis]) {
      expect(Object.keys(part?.selector ?? {})).toEqual(['app.kubernetes.io/name', 'app.kubernetes.io/component']);
    }
    expect(JSON.stringify([...files.values()].map((object) => object.spec?.['selector']))).not.toContain('towpath.dev');
  });

  it.each([
    ['ghcr.io/a/b:1.0.0', '1.0.0'],
    [`ghcr.io/a/b@sha256:${'ab'.repeat(32)}`, 'abababababab'],
    [`ghcr.io/a/b:v1@sha256:${'ab'.repeat(32)}`, 'v1'],
    [`ghcr.io/a/b:_x@sha256:${'ab'.repeat(32)}`, 'abababababab'],
    [`ghcr.io/a/b:${'t'.repeat(100)}`, expect.stringMatching(/^[0-9a-f]{12}$/)],
    ['ghcr.io/a/b', 'latest'],
  ])('call the image %s version %s', (image, version) => {
    expect(values({ image }).api.workloadLabels['app.kubernetes.io/version']).toEqual(version);
  });

  it.each(['towpath.dev/revision-id', 'app.kubernetes.io/name', 'app.kubernetes.io/managed-by'])(
    'refuse to let a user replace %s',
    (label) => {
      expect(refusalOf({ resourceSpec: { labels: { [label]: 'x' } } })).toContain(`"${label}" is Towpath's own`);
    },
  );
});

describe('sizes', () => {
  it('are those of LangSmith where nothing is said', () => {
    const { api, queue, redis, postgres } = values();

    const whole = { requests: { cpu: '1', memory: '2048Mi' }, limits: { cpu: '2', memory: '4096Mi' } };
    expect([api.resources, queue?.resources, postgres?.resources]).toEqual([whole, whole, whole]);
    expect(redis?.resources.limits).toEqual({ cpu: '2', memory: '2048Mi' });
    expect([api.replicas, queue?.replicas]).toEqual([1, 1]);
    expect(postgres).toMatchObject({ storage: '10Gi', maxConnections: 100, whenDeleted: 'Retain' });
  });

  it.each([
    [{ cpu: 0.1 }, '100m', '200m'],
    [{ cpu: 1.5 }, '1500m', '3'],
    [{ cpu: 2, cpu_limit: 2 }, '2', '2'],
    [{ cpu: 0.3 }, '300m', '600m'],
  ])('write %j as %s of %s', (resourceSpec, request, limit) => {
    const { resources } = values({ resourceSpec }).api;

    expect([resources.requests.cpu, resources.limits.cpu]).toEqual([request, limit]);
  });

  it('of the queue are those of the API, but for what it says itself', () => {
    const api = { cpu: 2, cpu_limit: 3, memory_mb: 1000, memory_limit_mb: 1500, min_scale: 2, max_scale: 4 };

    const same = values({ resourceSpec: api }).queue;
    const own = values({ resourceSpec: { ...api, queue_cpu: 1, queue_min_scale: 5 } }).queue;

    expect(same?.resources).toEqual({
      requests: { cpu: '2', memory: '1000Mi' },
      limits: { cpu: '3', memory: '1500Mi' },
    });
    expect(same?.horizontalPodAutoscaler).toEqual({ min: 2, max: 4 });
    expect(own?.resources).toEqual({
      requests: { cpu: '1', memory: '1000Mi' },
      limits: { cpu: '2', memory: '1500Mi' },
    });
    expect(own?.replicas).toBe(5);
  });

  it('that contradict themselves are refused, all at once', () => {
    const message = refusalOf({
      resourceSpec: {
        cpu: 4,
        cpu_limit: 2,
        redis_memory_mb: 100,
        redis_memory_limit_mb: 50,
        min_scale: 3,
        max_scale: 2,
      },
    });

    expect(
      message
        .split('\n')
        .slice(1)
        .map((line) => line.trim()),
    ).toEqual([
      'resource_spec.max_scale: 2 is below min_scale, which is 3',
      'resource_spec.cpu_limit: 2 is below the request of 4',
      'resource_spec.redis_memory_limit_mb: 50 is below the request of 100',
    ]);
  });
});

describe('scaling', () => {
  const scaled = { min_scale: 2, max_scale: 5 };

  it.each([
    ['hpa', { replicas: null, horizontalPodAutoscaler: { min: 2, max: 5 }, scaledObject: null }],
    ['none', { replicas: 2, horizontalPodAutoscaler: null, scaledObject: null }],
    ['keda', { replicas: null, horizontalPodAutoscaler: null, scaledObject: { min: 2, max: 5, pendingRuns: null } }],
  ])('by %s', (autoscaler, expected) => {
    expect(values({ resourceSpec: scaled, agentServer: { autoscaler } }).api).toMatchObject(expected);
  });

  it('by KEDA counts the runs that wait and those that are worked on, where they are worked on', () => {
    const keda = { resourceSpec: scaled, agentServer: { autoscaler: 'keda' } };
    const counts = {
      pendingRuns: { query: "SELECT COUNT(*) FROM run WHERE status IN ('pending', 'running')", target: '10' },
    };

    expect(values(keda)).toMatchObject({
      api: { scaledObject: { pendingRuns: null } },
      queue: { scaledObject: counts },
      network: { kedaNamespace: 'keda' },
    });
    expect(values({ ...keda, agentServer: { autoscaler: 'keda', queue: false } })).toMatchObject({
      api: { scaledObject: counts },
      queue: null,
      network: { kedaNamespace: 'keda' },
    });
  });

  it('by KEDA aims at what a worker takes, whoever says that', () => {
    const secret = { resourceSpec: scaled, secretNames: ['N_JOBS_PER_WORKER'], agentServer: { autoscaler: 'keda' } };
    const targetOf = (jobs: string) =>
      valuesOf({ ...renderInput(secret), shaping: { N_JOBS_PER_WORKER: jobs } }).queue?.scaledObject?.pendingRuns
        ?.target;

    expect(targetOf('3')).toBe('3');
    expect(() => targetOf('many')).toThrow('secrets.N_JOBS_PER_WORKER: expected a whole number above zero');
    expect(refusalOf(secret)).toContain('secrets.N_JOBS_PER_WORKER: N_JOBS_PER_WORKER shapes the manifests too');
    // Nobody else has to know it.
    expect(values({ ...secret, agentServer: { autoscaler: 'hpa' } }).queue?.scaledObject).toBeNull();
  });

  it.each(['hpa', 'keda'])('needs no %s where minimum and maximum are the same', (autoscaler) => {
    const { api, queue } = values({ resourceSpec: { min_scale: 3, max_scale: 3 }, agentServer: { autoscaler } });

    const fixed = { replicas: 3, horizontalPodAutoscaler: null, scaledObject: null };
    expect([api, queue]).toMatchObject([fixed, fixed]);
  });

  it('never writes a number of pods that an autoscaler owns', () => {
    for (const autoscaler of ['hpa', 'keda']) {
      const files = render(renderInput({ resourceSpec: scaled, agentServer: { autoscaler } }));
      expect(files.get('api.deployment.yaml')).not.toMatch(/^ {2}replicas:/m);
      expect(files.get('queue.deployment.yaml')).not.toMatch(/^ {2}replicas:/m);
    }
  });

  it('to zero only where something can wake the pods up again', () => {
    expect(refusalOf({ resourceSpec: { min_scale: 0, queue_min_scale: 1 } })).toContain('resource_spec.min_scale');
    expect(refusalOf({ resourceSpec: { queue_min_scale: 0 } })).toContain('resource_spec.queue_min_scale');
    const { queue } = values({ resourceSpec: { queue_min_scale: 0 }, agentServer: { autoscaler: 'keda' } });
    expect(queue?.scaledObject?.min).toBe(0);
  });

  it.each([
    ['hpa', { min_scale: 1, max_scale: 1 }, false],
    ['hpa', { min_scale: 1, max_scale: 4 }, true],
    ['keda', { min_scale: 1, max_scale: 4 }, true],
    ['none', { min_scale: 1, max_scale: 4 }, false],
    ['none', { min_scale: 2, max_scale: 4 }, true],
    ['hpa', { min_scale: 2, max_scale: 2 }, true],
  ])(
    'where more than one pod may run there is a disruption budget: %s, %j: %s',
    (autoscaler, resourceSpec, expected) => {
      expect(values({ resourceSpec, agentServer: { autoscaler } }).api.disruptionBudget).toBe(expected);
    },
  );

  it('a pod that is broken anyway keeps no node from being drained', () => {
    const files = render(renderInput({ resourceSpec: { min_scale: 2 } }));

    for (const component of ['api', 'queue']) {
      const { spec } = load(files.get(`${component}.poddisruptionbudget.yaml`) ?? '') as { spec: unknown };
      expect(spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
    }
  });
});

describe('environment', () => {
  it('tells the server who it is and where its databases are', () => {
    expect(environmentOf({})).toEqual({
      PORT: '8000',
      LANGSMITH_DEPLOYMENT_NAME: 'research-agent',
      LANGSMITH_HOST_PROJECT_ID: '0b6c2f6e-6b0e-4b8e-9a53-5f0f3d1b2c3d',
      LANGSMITH_HOST_PROJECT_NAME: 'research-agent',
      LANGSMITH_HOST_REVISION_ID: 'e91d7c34-58a2-4d6f-b0c9-1a2b3c4d5e6f',
      LANGSMITH_PROJECT: 'research-agent',
      POSTGRES_PASSWORD: 'research-agent-e450af8d69-database-0a1b2c3d4e/POSTGRES_PASSWORD',
      POSTGRES_URI:
        'postgres://postgres:$(POSTGRES_PASSWORD)@research-agent-e450af8d69-postgres:5432/postgres?sslmode=disable',
      REDIS_URI: 'redis://research-agent-e450af8d69-redis:6379/0',
      N_JOBS_PER_WORKER: '0',
      BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS: '180',
      HOME: '/tmp',
      LANGGRAPH_POSTGRES_POOL_MAX_SIZE: '22',
      LOG_JSON: 'true',
    });
  });

  it('lists the password before the URI that refers to it', () => {
    const names = Object.keys(environmentOf({}));

    expect(names.indexOf('POSTGRES_PASSWORD')).toBeLessThan(names.indexOf('POSTGRES_URI'));
  });

  it('lets the API work on runs only where there is no queue', () => {
    const agentServer = { environment: { N_JOBS_PER_WORKER: '5' } };

    expect(environmentOf({ agentServer })['N_JOBS_PER_WORKER']).toBe('0');
    expect(environmentOf({ agentServer }, 'queue')['N_JOBS_PER_WORKER']).toBe('5');
    expect(environmentOf({ agentServer: { ...agentServer, queue: false } })['N_JOBS_PER_WORKER']).toBe('5');
    expect(environmentOf({ agentServer: { queue: false } })).not.toHaveProperty('N_JOBS_PER_WORKER');
  });

  it('comes from Towpath, the configuration, secrets and references, in this order', () => {
    const names = Object.keys(
      environmentOf({
        agentServer: { environment: { B: '1', A: '2' } },
        secretNames: ['D', 'C'],
        secretReferences: [{ name: 'E', secret_name: 's', secret_key: 'k' }],
      }),
    );

    expect(names.slice(-5)).toEqual(['A', 'B', 'C', 'D', 'E']);
    expect(names[0]).toBe('PORT');
  });

  it.each<[string, InputChanges, string]>([
    [
      'the configuration and secrets',
      { agentServer: { environment: { X: '1' } }, secretNames: ['X'] },
      "secrets.X: the variable X is set by agentServer.environment and by the deployment's secrets",
    ],
    [
      'secrets and references',
      { secretNames: ['X'], secretReferences: [{ name: 'X', secret_name: 's', secret_key: 'k' }] },
      "secret_references.X: the variable X is set by the deployment's secrets and by secret_references",
    ],
    ['secrets and secrets', { secretNames: ['X', 'X'] }, "set twice by the deployment's secrets"],
    ['Towpath and secrets', { secretNames: ['PORT'] }, "the variable PORT is set by Towpath and by the deployment's"],
    [
      'Towpath’s traces and secrets',
      {
        secretNames: ['LANGSMITH_API_KEY'],
        agentServer: { langsmith: { endpoint: 'https://x.example', apiKey: { secretName: 's', key: 'k' } } },
      },
      'the variable LANGSMITH_API_KEY is set by Towpath',
    ],
    [
      'Towpath’s prefix and the configuration',
      {
        agentServer: { environment: { MOUNT_PREFIX: '/x' }, auth: { kind: 'none' } },
        namespace: { route: { kind: 'ingress', host: 'a.example' } },
      },
      'the variable MOUNT_PREFIX is set by Towpath and by agentServer.environment',
    ],
    ['two secrets of workers', { secretNames: ['N_JOBS_PER_WORKER', 'N_JOBS_PER_WORKER'] }, 'set twice'],
  ])('refuses a name that comes from %s', (_, changes, expected) => {
    expect(refusalOf(changes)).toContain(expected);
  });

  it.each(['POSTGRES_URI', 'LANGSMITH_TENANT_ID', 'LANGCHAIN_API_KEY'])(
    'refuses the reserved %s from anybody',
    (name) => {
      expect(refusalOf({ secretNames: [name] })).toContain(`secrets.${name}: '${name}' is reserved`);
      expect(refusalOf({ agentServer: { environment: { [name]: 'x' } } })).toContain(`'${name}' is reserved`);
      const secretReferences = [{ name, secret_name: 's', secret_key: 'k' }];
      expect(refusalOf({ secretReferences })).toContain(`secret_references.${name}: '${name}' is reserved`);
    },
  );

  it('lets the configuration, and no client, set what is reserved for the platform', () => {
    expect(environmentOf({ agentServer: { environment: { LOG_JSON: 'true' } } })).toMatchObject({ LOG_JSON: 'true' });
    expect(refusalOf({ secretNames: ['LOG_JSON'] })).toContain(`'LOG_JSON' is reserved`);
  });

  it('lets users switch traces off and choose a home', () => {
    const langsmith = { endpoint: 'https://x.example', apiKey: { secretName: 's', key: 'k' } };

    expect(environmentOf({ agentServer: { langsmith } })['LANGSMITH_TRACING']).toBe('true');
    const environment = environmentOf({
      agentServer: { langsmith, environment: { HOME: '/home/agent' } },
      secretReferences: [{ name: 'LANGSMITH_TRACING', secret_name: 's', secret_key: 'off' }],
    });
    expect(environment).toMatchObject({ LANGSMITH_TRACING: 's/off', HOME: '/home/agent' });
  });

  it('passes dollar signs through Kubernetes as they were written', () => {
    const written = { A: '$(PORT)', B: '$$x', C: 'costs $5', D: '$' };

    const environment = environmentOf({ agentServer: { environment: written } });

    expect(environment).toMatchObject({ A: '$$(PORT)', B: '$$$$x', C: 'costs $5', D: '$' });
  });

  it.each([
    ['0', 'expected a whole number above zero'],
    ['soon', 'expected a whole number above zero'],
    ['3601', 'the server allows at most 3600'],
  ])('refuses %s seconds to shut down', (seconds, why) => {
    const environment = { BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS: seconds };

    expect(refusalOf({ agentServer: { environment } })).toContain(why);
    const unknown = refusalOf({ secretNames: ['BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS'] });
    expect(unknown).toContain('its value is not known here');
  });

  it('gives pods longer to end than the server takes', () => {
    const environment = { BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS: '900' };

    expect(values().pod.terminationGracePeriodSeconds).toBe(210);
    expect(values({ agentServer: { environment } }).pod.terminationGracePeriodSeconds).toBe(930);
  });
});

describe('what gives way', () => {
  it('is JSON in the log, the address of the route, and pools that fit into what Postgres takes', () => {
    const route = { kind: 'gateway', host: 'agents.example.com', parent: { name: 'public' } };
    const open = { namespace: { route }, agentServer: { auth: { kind: 'none' } } };

    expect(environmentOf(open, 'queue')).toMatchObject({
      LOG_JSON: 'true',
      LANGGRAPH_API_URL: 'https://agents.example.com/research-agent-e450af8d69',
    });
    const theirs = {
      LOG_JSON: 'false',
      LANGGRAPH_API_URL: 'https://own.example',
      LANGGRAPH_POSTGRES_POOL_MAX_SIZE: '7',
    };
    expect(environmentOf({ ...open, agentServer: { ...open.agentServer, environment: theirs } })).toMatchObject(theirs);
    const secret = environmentOf({ ...open, secretNames: ['LANGGRAPH_API_URL'] });
    expect(secret['LANGGRAPH_API_URL']).toMatch(/-env-[0-9a-f]{10}\/LANGGRAPH_API_URL$/);
  });

  it.each([
    [{}, true, 22],
    [{ max_scale: 5 }, true, 7],
    [{ max_scale: 5 }, false, 15],
    [{ max_scale: 10, queue_max_scale: 20, db_max_connections: 500 }, true, 15],
    [{ max_scale: 500 }, true, 1],
  ])('%j, queue %s: a pool of %i a pod', (resourceSpec, queue, pool) => {
    const changes = { resourceSpec, agentServer: { queue } };
    const { postgres, api, queue: worker } = values(changes);
    const most = resourceSpec as { max_scale?: number; queue_max_scale?: number };
    const pods = (most.max_scale ?? 1) + 1 + (worker ? (most.queue_max_scale ?? most.max_scale ?? 1) + 1 : 0);

    expect(environmentOf(changes)['LANGGRAPH_POSTGRES_POOL_MAX_SIZE']).toBe(String(pool));
    expect(api.environment.length).toBeGreaterThan(0);
    if (pool > 1) expect(pool * pods).toBeLessThanOrEqual((postgres?.maxConnections ?? 0) - 10);
  });

  it('leaves the pools of a database outside to its owner', () => {
    const external = environmentOf({ secretNames: ['POSTGRES_URI_CUSTOM'] });

    expect(external).not.toHaveProperty('LANGGRAPH_POSTGRES_POOL_MAX_SIZE');
  });

  it.each<[InputChanges, boolean]>([
    [{}, true],
    [{ secretNames: ['LANGSMITH_API_KEY'] }, false],
    [{ agentServer: { licenseKey: { secretName: 'a', key: 'b' } } }, false],
    [{ agentServer: { controlPlaneApiKey: { secretName: 'a', key: 'b' } } }, false],
    [{ agentServer: { langsmith: { endpoint: 'https://a.example', apiKey: { secretName: 'a', key: 'b' } } } }, false],
  ])('says of %j whether a licence is missing: %s', (changes, missing) => {
    expect(licenceNote(renderInput(changes)) !== null).toBe(missing);
  });
});

describe('databases', () => {
  it('are the client’s own where he brings their URIs', () => {
    const changes = {
      secretNames: ['REDIS_URI_CUSTOM'],
      secretReferences: [{ name: 'POSTGRES_URI_CUSTOM', secret_name: 'pg', secret_key: 'uri' }],
    };

    expect(values(changes)).toMatchObject({ postgres: null, redis: null, network: null });
    expect(environmentOf(changes)).toMatchObject({
      POSTGRES_URI: 'pg/uri',
      REDIS_URI: 'research-agent-e450af8d69-env-5e884898da/REDIS_URI_CUSTOM',
    });
    expect(environmentOf(changes)).not.toHaveProperty('POSTGRES_PASSWORD');
  });

  it('must be brought where the configuration says that they are external', () => {
    const agentServer = { database: { kind: 'external' }, redis: { kind: 'external' } };

    const message = refusalOf({ agentServer });

    expect(message).toContain('give POSTGRES_URI_CUSTOM among secrets');
    expect(message).toContain('give REDIS_URI_CUSTOM among secrets');
  });

  it('are never named in plain text', () => {
    const environment = { POSTGRES_URI_CUSTOM: 'postgres://u:p@h/d' };

    expect(refusalOf({ agentServer: { environment } })).toContain('it holds a password');
    expect(refusalOf({ agentServer: { environment } })).not.toContain('u:p');
  });
});

describe('routes', () => {
  const auth = { kind: 'none' };

  it.each([
    [{ kind: 'ingress', host: 'a.example' }, 'http://a.example/research-agent-e450af8d69'],
    [{ kind: 'ingress', host: 'a.example', tls: {} }, 'https://a.example/research-agent-e450af8d69'],
    [{ kind: 'ingress', hostSuffix: 'a.example', tls: {} }, 'https://research-agent-e450af8d69.a.example'],
    [{ kind: 'gateway', host: 'a.example', parent: { name: 'p' } }, 'https://a.example/research-agent-e450af8d69'],
    [{ kind: 'istio', host: 'a.example', gateway: 'x/y', tls: false }, 'http://a.example/research-agent-e450af8d69'],
    [{ kind: 'none' }, null],
  ])('%j is reached at %s', (route, url) => {
    const input = renderInput({ namespace: { route } });

    expect(routeUrl(input.namespace, input.resourceName)).toBe(url);
  });

  it('with a path move the server and its probes, with a host they do not', () => {
    const path = { namespace: { route: { kind: 'ingress', host: 'a.example' } }, agentServer: { auth } };
    const host = { namespace: { route: { kind: 'ingress', hostSuffix: 'a.example' } }, agentServer: { auth } };

    expect(environmentOf(path)['MOUNT_PREFIX']).toBe('/research-agent-e450af8d69');
    expect(values(path).api.probePath).toBe('/research-agent-e450af8d69/ok');
    expect(environmentOf(host)).not.toHaveProperty('MOUNT_PREFIX');
    expect(values(host).api.probePath).toBe('/ok');
  });

  it('are refused where nobody has said who may call', () => {
    const namespace = { route: { kind: 'ingress', host: 'a.example' } };

    expect(refusalOf({ namespace })).toContain('agentServer.auth: must be said once there is a route');
  });

  it('ask LangSmith who calls, for the deployment’s workspace or the one that is said', () => {
    const langsmith = { kind: 'langsmith', endpoint: 'https://api.smith.langchain.com' };
    const tenantId = '5d2c1b0a-9f8e-4d7c-b6a5-948372615040';

    expect(environmentOf({ agentServer: { auth: langsmith } })).toMatchObject({
      LANGGRAPH_AUTH_TYPE: 'langsmith',
      LANGSMITH_AUTH_ENDPOINT: 'https://api.smith.langchain.com',
      LANGSMITH_TENANT_ID: '7d1f0c52-9a43-4f0c-8a55-2c7d3b1e9f00',
    });
    expect(environmentOf({ agentServer: { auth: { ...langsmith, tenantId } } })['LANGSMITH_TENANT_ID']).toBe(tenantId);
    expect(environmentOf({ agentServer: { auth } })).not.toHaveProperty('LANGGRAPH_AUTH_TYPE');
  });
});

describe('pods', () => {
  const placed = {
    nodeSelector: { 'acme.example/pool': 'agents' },
    tolerations: [{ key: 'acme.example/pool', value: 'agents', effect: 'NoSchedule' }],
    affinity: { nodeAffinity: {} },
    ndots: 2,
    priorityClassName: 'agents',
    imagePullSecrets: ['mirror'],
    shutdownGrace: '1h',
  };

  it('run where the configuration says, those of Postgres and Redis too', () => {
    const files = render(
      renderInput({ agentServer: { pods: placed }, resourceSpec: { image_pull_secrets: [{ name: 'registry' }] } }),
    );

    for (const name of ['api.deployment', 'queue.deployment', 'postgres.statefulset', 'redis.deployment']) {
      expect(load(files.get(`${name}.yaml`) ?? '')).toMatchObject({
        spec: {
          template: {
            spec: {
              nodeSelector: placed.nodeSelector,
              tolerations: [{ ...placed.tolerations[0], operator: 'Equal' }],
              affinity: placed.affinity,
              dnsConfig: { options: [{ name: 'ndots', value: '2' }] },
              priorityClassName: 'agents',
              imagePullSecrets: [{ name: 'mirror' }, { name: 'registry' }],
            },
          },
        },
      });
    }
  });

  it('end after the server has, however that is said', () => {
    const graceOf = (changes: InputChanges) => values(changes).pod.terminationGracePeriodSeconds;

    expect(graceOf({ agentServer: { pods: placed } })).toBe(3630);
    expect(environmentOf({ agentServer: { pods: placed } }, 'queue')['BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS']).toBe('3600');
    const environment = { BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS: '600' };
    expect(graceOf({ agentServer: { environment } })).toBe(630);
  });

  it.each([
    ['a:1', undefined, 'Always'],
    [`a:1@sha256:${'1'.repeat(64)}`, undefined, 'IfNotPresent'],
    ['a:1', 'Never', 'Never'],
  ])('pull %s by %s: %s', (image, imagePullPolicy, expected) => {
    const pods = imagePullPolicy === undefined ? {} : { imagePullPolicy };

    const { pod, postgres } = values({ image, agentServer: { pods } });

    expect(pod.imagePullPolicy).toBe(expected);
    expect(postgres?.imagePullPolicy).toBe(imagePullPolicy ?? 'IfNotPresent');
  });

  it('write to /tmp alone where their root is read-only, unless a user mounts something there', () => {
    const agentServer = { pods: { readOnlyRootFilesystem: true } };
    const own = { volumes: [{ name: 'own', emptyDir: {} }], volume_mounts: [{ name: 'own', mountPath: '/tmp/' }] };

    expect(values({ agentServer }).pod).toMatchObject({
      readOnlyRootFilesystem: true,
      volumes: [{ name: 'towpath-tmp', emptyDir: { sizeLimit: '2Gi' } }],
      volumeMounts: [{ name: 'towpath-tmp', mountPath: '/tmp' }],
    });
    expect(values({ agentServer, resourceSpec: own }).pod.volumes).toEqual([{ name: 'own', emptyDir: {} }]);
    expect(values().pod.volumes).toEqual([]);
  });

  it('name no user and no group where the cluster chooses them', () => {
    const text = [...render(renderInput({ agentServer: { runAsUser: 'cluster' } })).values()].join();

    expect(text).not.toMatch(/runAsUser|runAsGroup|fsGroup/);
    expect(text.match(/runAsNonRoot: true/g)).toHaveLength(4);
  });

  it('are pulled with a Secret of the configuration that a client may name for that, and for nothing else', () => {
    const agentServer = { pods: { imagePullSecrets: ['mirror'] } };
    const named = { image_pull_secrets: [{ name: 'mirror' }] };
    const reference = { name: 'A', secret_name: 'mirror', secret_key: '.dockerconfigjson' };

    expect(checkPolicy(renderInput({ agentServer, resourceSpec: named }))).toEqual([]);
    expect(checkPolicy(renderInput({ agentServer, secretReferences: [reference] }))).toEqual([
      expect.objectContaining({ message: expect.stringContaining('agentServer.pods.imagePullSecrets') }),
    ]);
  });

  it('are spread, API and queue each among themselves', () => {
    const topologySpreadConstraints = [{ topologyKey: 'topology.kubernetes.io/zone' }];

    const { queue } = values({ agentServer: { pods: { topologySpreadConstraints } } });

    expect(queue?.topologySpreadConstraints).toEqual([
      {
        topologyKey: 'topology.kubernetes.io/zone',
        maxSkew: 1,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: queue?.selector },
        matchLabelKeys: ['pod-template-hash'],
      },
    ]);
  });

  it('get no token of their own account, and the rights of the user’s', () => {
    expect(render(renderInput()).get('api.deployment.yaml')).toContain('automountServiceAccountToken: false');
    const files = render(renderInput({ resourceSpec: { service_account_name: 'agents' } }));
    expect(files.get('api.deployment.yaml')).toContain('serviceAccountName: agents');
    expect(files.get('api.deployment.yaml')).not.toContain('automountServiceAccountToken');
    expect(files.has('serviceaccount.yaml')).toBe(false);
  });

  it('run sidecars that restart always among the init containers, where Kubernetes expects them', () => {
    const sidecars = [
      { name: 'a', image: 'x', restartPolicy: 'Always' },
      { name: 'b', image: 'x' },
    ];

    const { pod } = values({ resourceSpec: { sidecars, init_containers: [{ name: 'i', image: 'x' }] } });

    expect(pod.initContainers.map((container) => container['name'])).toEqual(['i', 'a']);
    expect(pod.sidecars.map((container) => container['name'])).toEqual(['b']);
  });

  it('give users’ containers the least rights, and what they ask for', () => {
    const securityContext = { readOnlyRootFilesystem: true, capabilities: { drop: ['NET_RAW'] } };

    const { pod } = values({ resourceSpec: { sidecars: [{ name: 'a', image: 'x', securityContext }] } });

    expect(pod.sidecars[0]?.['securityContext']).toEqual({ allowPrivilegeEscalation: false, ...securityContext });
  });

  it('have names that Kubernetes takes, however long the deployment’s is', () => {
    for (const name of ['a'.repeat(63), `1${'0'.repeat(62)}`, `${'x'.repeat(31) + '-'.repeat(31)}y`]) {
      const input = renderInput({ name, resourceSpec: { max_scale: 2 }, agentServer: { autoscaler: 'keda' } });
      for (const [file, text] of render(input)) {
        if (file === 'kustomization.yaml') continue;
        const { metadata } = load(text) as { metadata: { name: string; labels: Record<string, string> } };
        expect(metadata.name).toMatch(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);
        expect(metadata.name.startsWith(input.resourceName)).toBe(true);
        // A StatefulSet's pods bear its name and a hash of 10 characters in one label.
        expect(`${metadata.name}-0123456789`.length).toBeLessThanOrEqual(63);
        for (const label of Object.values(metadata.labels)) expect(label.length).toBeLessThanOrEqual(63);
      }
    }
  });
});

it('refuses to refer to Secrets that nobody has named', () => {
  const input = renderInput({ secretNames: ['X'] });

  expect(() => valuesOf({ ...input, secrets: { environment: null, database: null } })).toThrow(
    /secrets: no Secret is named that would hold them\n {2}database: no Secret is named for its password/,
  );
});

it('refuses an image that is none', () => {
  expect(refusalOf({ image: 'x y' })).toMatch(/^Cannot render deployment "research-agent": image: is not an image/);
  expect(() => values({ image: 'x y' })).toThrow(TowpathError);
});

it('are all in the table that template authors read', () => {
  const documents = ['templates/README.md', 'templates/lgp/README.md'];
  const table = documents.map((path) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8')).join('');
  const paths = Object.values(renderCases).flatMap((input) => pathsOf(valuesOf(input)));

  const missing = new Set(paths.filter((path) => !path.startsWith('queue.') && !table.includes(`\`${path}\``)));

  expect([...missing]).toEqual([]);
});

/** `name`, `api.labels`: as deep as the table goes; what a deployment has not is in another one. */
function pathsOf(values: Values): string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    if (value === null) return [];
    if (typeof value !== 'object') return [key];
    return Object.keys(value).map((inner) => `${key}.${inner}`);
  });
}
