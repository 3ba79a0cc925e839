/** What may be created and changed, and with which words the rest is refused; hostile input among it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reservedEnvironmentNames } from '../../src/domain/reserved-names.ts';
import { digest, image, type Tenant, type TestControlPlane, testControlPlane } from '../support/control-plane.ts';
import { type TestDatabases, testDatabases } from '../support/database.ts';

describe('the rules of creation', () => {
  let databases: TestDatabases;
  let plane: TestControlPlane;
  let tenant: Tenant;

  beforeAll(async () => {
    databases = await testDatabases('PGlite');
    plane = await testControlPlane(await databases.location());
    tenant = await plane.tenant('default', 'team-a');
  });
  afterAll(async () => {
    await plane?.close();
    await databases?.stop();
  });

  const create = (changes: Record<string, unknown>, name = 'refused') =>
    tenant.call('POST', '/v2/deployments', tenant.creation(name, changes));
  const sourceConfig = (changes: Record<string, unknown>) => ({
    source_config: {
      resource_spec: {},
      listener_id: tenant.listenerId,
      listener_config: { k8s_namespace: 'team-a' },
      ...changes,
    },
  });
  const withSpec = (resource_spec: unknown) => create(sourceConfig({ resource_spec }));

  it('asks for the listener in the words that clients look for', async () => {
    const missing = await create(sourceConfig({ listener_id: undefined }));
    const other = await plane.tenant();
    const empty = await other.call('DELETE', `/v2/listeners/${other.listenerId}`);
    const none = await other.call(
      'POST',
      '/v2/deployments',
      other.creation('x', { source_config: { resource_spec: {} } }),
    );

    expect(missing).toEqual({
      status: 400,
      body: {
        detail:
          "Source configuration error: 'source_config.listener_id' is required for workspace with available listener " +
          `IDs: ['${tenant.listenerId}']`,
      },
    });
    expect(empty.status).toBe(204);
    expect(none).toMatchObject({ status: 400, body: { detail: expect.stringContaining("listener_id' is required") } });
  });

  it('refuses unknown listeners, malformed ids and namespaces that are not served', async () => {
    const unknown = randomUUID();

    expect(await create(sourceConfig({ listener_id: unknown }))).toEqual({
      status: 404,
      body: { detail: `Listener ID ${unknown} not found.` },
    });
    expect(await create(sourceConfig({ listener_id: 'nonsense' }))).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'source_config', 'listener_id'], type: 'uuid_parsing' }] },
    });
    for (const k8s_namespace of ['kube-system', '../team-a', 'team-a ', '', null]) {
      const answer = await create(sourceConfig({ listener_config: { k8s_namespace } }));
      expect(answer.status, String(k8s_namespace)).toBe(400);
      expect(answer.body.detail).toContain("listener 'dev' serves ['default', 'team-a']");
    }
    const single = await plane.tenant('only');
    const chosen = await single.call(
      'POST',
      '/v2/deployments',
      single.creation('x', { source_config: { resource_spec: {}, listener_id: single.listenerId } }),
    );
    expect(chosen.body.source_config.listener_config).toEqual({ k8s_namespace: 'only' });
  });

  it('takes external_docker only, and says what to do instead', async () => {
    for (const source of ['internal_source', 'internal_docker', 'github', 'internal_template']) {
      const body = {
        name: 'x',
        source,
        source_config: { deployment_type: 'dev' },
        source_revision_config: {},
        secrets: [],
      };
      const answer = await tenant.call('POST', '/v2/deployments', body);
      expect(answer.status, source).toBe(400);
      expect(answer.body.detail).toMatch(/external_docker.*--image-uri/);
    }
    expect((await create({ source: 'carrier_pigeon' })).status).toBe(422);
  });

  it('says what to do to clients that want a build, whatever words they have for it', async () => {
    // `langgraph deploy` without --image-uri, with each --deployment-type, and with --agent-id.
    for (const deployment_type of ['dev_zero', 'dev_free', 'dev', 'prod', 'of_next_year']) {
      for (const [source, named] of [
        ['internal_docker', { name: 'x' }],
        ['internal_source', { name: 'x' }],
        ['internal_source', { agent: { agent_id: 'a', environment: 'production' } }],
      ] as const) {
        const config = { source_config: { deployment_type }, source_revision_config: {}, secrets: [] };
        const answer = await tenant.call('POST', '/v2/deployments', { source, ...named, ...config });
        expect(answer.status, deployment_type).toBe(400);
        expect(answer.body.detail).toMatch(/external_docker.*--image-uri/);
      }
    }
    const agent = { agent_id: 'a', environment: 'production' };
    expect(await create({ name: undefined, agent })).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('--name') },
    });
    expect((await tenant.call('GET', '/v2/deployments?deployment_type=dev_zero')).body.resources).toEqual([]);
  });

  it('refuses the fields of hosted builds', async () => {
    const cases = {
      deployment_type: 'prod',
      build_on_push: false,
      repo_url: 'https://github.com/a/b',
      integration_id: randomUUID(),
      template_id: 'x',
    };
    for (const [field, value] of Object.entries(cases)) {
      const answer = await create(sourceConfig({ [field]: value }));
      expect(answer, field).toMatchObject({
        status: 400,
        body: { detail: expect.stringContaining(`source_config.${field}`) },
      });
    }
    expect(await create(sourceConfig({ resource_spec: undefined }))).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining("'source_config.resource_spec' is required") },
    });
    expect((await create({ source_revision_config: {} })).body.detail).toContain('image_uri');
    expect((await create(sourceConfig({ custom_url: 'javascript:alert(1)' }))).status).toBe(422);
  });

  it('refuses every reserved name, in secrets and in references', async () => {
    for (const name of reservedEnvironmentNames) {
      expect(await create({ secrets: [{ name, value: 'x' }] })).toEqual({
        status: 400,
        body: { detail: `'${name}' is reserved` },
      });
    }
    const reference = { name: 'POSTGRES_URI', secret_name: 'a', secret_key: 'b' };
    expect((await create({ secret_references: [reference] })).body.detail).toBe("'POSTGRES_URI' is reserved");
    const allowed = ['LANGSMITH_TRACING', 'POSTGRES_URI_CUSTOM', 'REDIS_URI_CUSTOM', 'LANGSMITH_API_KEY'];
    const secrets = allowed.map((name) => ({ name, value: 'x' }));
    expect((await create({ secrets }, 'allowed')).status).toBe(201);
  });

  it('refuses twice-given and colliding names, all at once, without repeating a value', async () => {
    const reference = { name: 'B', secret_name: 'store', secret_key: 'key' };
    const { status, body } = await create({
      secrets: [
        { name: 'A', value: 'planted-1' },
        { name: 'A', value: 'planted-2' },
        { name: 'B', value: 'planted-3' },
        { name: 'LOG_JSON', value: 'planted-4' },
      ],
      secret_references: [reference, reference],
    });

    expect(status).toBe(400);
    for (const problem of ["Secret 'A' is given", "reference 'B' is given", "'B' is both", "'LOG_JSON' is reserved"]) {
      expect(body.detail).toContain(problem);
    }
    expect(body.detail).not.toContain('planted');
    expect(plane.logged()).not.toContain('planted');
    const { id } = await tenant.deploy('collides', { secrets: [{ name: 'B', value: '1' }] });
    const patched = await tenant.call('PATCH', `/v2/deployments/${id}`, { secret_references: [reference] });
    expect(patched.body.detail).toBe("'B' is both in secrets and in secret_references");
  });

  it.each([
    ['a secret name with a newline', { secrets: [{ name: 'A\nB', value: 'x' }] }],
    ['a secret name with =', { secrets: [{ name: 'A=B', value: 'x' }] }],
    ['a secret name that begins with a digit', { secrets: [{ name: '1A', value: 'x' }] }],
    ['an empty secret name', { secrets: [{ name: '', value: 'x' }] }],
    ['secrets of more than a mebibyte', { secrets: ['A', 'B'].map((name) => ({ name, value: 'x'.repeat(550_000) })) }],
    ['a secret_name outside its grammar', { secret_references: [{ name: 'A', secret_name: '../b', secret_key: 'c' }] }],
    ['a secret_key outside its grammar', { secret_references: [{ name: 'A', secret_name: 'b', secret_key: 'c d' }] }],
    ['an image with a space', { source_revision_config: { image_uri: 'chat:1 .0' } }],
    ['an image with a newline', { source_revision_config: { image_uri: `${image}\nRevision-Id: x` } }],
    ['an image with upper case', { source_revision_config: { image_uri: 'registry.example/Chat:1' } }],
    ['an image with a template', { source_revision_config: { image_uri: 'chat:{{x}}' } }],
    ['an image with a scheme', { source_revision_config: { image_uri: 'https://registry.example/chat:1' } }],
    ['an image with half a digest', { source_revision_config: { image_uri: 'chat@sha256:1234' } }],
    ['an image of a kilobyte', { source_revision_config: { image_uri: `a${'/a'.repeat(500)}:1` } }],
    ['an empty image', { source_revision_config: { image_uri: '' } }],
  ])('refuses %s with 400 and a sentence', async (_, changes) => {
    const { status, body } = await create(changes);

    expect(status).toBe(400);
    expect(typeof body.detail).toBe('string');
    expect(body.detail.length).toBeLessThan(1000);
  });

  it.each([
    'A',
    'a b',
    'a.b',
    '-a',
    'a-',
    'a_b',
    '../a',
    'ä',
    'a\nDeployment-Id: x',
    '{{x}}',
    '',
    'a'.repeat(64),
    '$(id)',
  ])('refuses the name %j with 422', async (name) => {
    expect(await create({}, name)).toMatchObject({ status: 422, body: { detail: [{ loc: ['body', 'name'] }] } });
  });

  it.each(['a', '7', '0-1', 'a'.repeat(63), 'yes', 'null', '1e3'])('takes the name %j as it is', async (name) => {
    expect((await create({}, name)).body.name).toBe(name);
  });

  it('refuses a name that is taken', async () => {
    await tenant.deploy('taken');

    expect(await create({}, 'taken')).toEqual({
      status: 409,
      body: { detail: "Deployment with name 'taken' already exists in this workspace." },
    });
  });

  it('lets only one of many have a name', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => create({}, 'raced')));

    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
  });

  it.each([
    [{ cpu: 0.05 }, 'cpu'],
    [{ cpu: 8.1 }, 'cpu'],
    [{ cpu: 0.15 }, 'cpu'],
    [{ cpu: '1' }, 'cpu'],
    [{ cpu: 2, cpu_limit: 1 }, 'cpu_limit'],
    [{ cpu_limit: 16.1 }, 'cpu_limit'],
    [{ memory_mb: 0 }, 'memory_mb'],
    [{ memory_mb: 1.5 }, 'memory_mb'],
    [{ memory_mb: 512, memory_limit_mb: 256 }, 'memory_limit_mb'],
    [{ min_scale: 3, max_scale: 2 }, 'max_scale'],
    [{ min_scale: -1 }, 'min_scale'],
    [{ max_scale: 0 }, 'max_scale'],
    [{ queue_min_scale: 3, queue_max_scale: 2 }, 'queue_max_scale'],
    [{ queue_cpu: 2, queue_cpu_limit: 1 }, 'queue_cpu_limit'],
    [{ queue_memory_mb: 2, queue_memory_limit_mb: 1 }, 'queue_memory_limit_mb'],
    [{ redis_cpu: 9 }, 'redis_cpu'],
    [{ redis_cpu: 2, redis_cpu_limit: 1 }, 'redis_cpu_limit'],
    [{ redis_memory_mb: 2, redis_memory_limit_mb: 1 }, 'redis_memory_limit_mb'],
    [{ db_cpu: 2, db_cpu_limit: 1 }, 'db_cpu_limit'],
    [{ db_memory_mb: 2, db_memory_limit_mb: 1 }, 'db_memory_limit_mb'],
    [{ db_storage_gi: 0 }, 'db_storage_gi'],
    [{ db_max_connections: 0 }, 'db_max_connections'],
    [{ node_selector: {} }, 'node_selector'],
    [{ labels: { a: 1 } }, 'labels'],
    [{ service_account_name: 'A b' }, 'service_account_name'],
    [{ image_pull_secrets: [{ name: '../x' }] }, 'image_pull_secrets'],
    [{ image_pull_secrets: [{ name: 'x', more: 1 }] }, 'image_pull_secrets'],
    [{ volumes: [{ name: 'x', hostPath: { path: '/' } }] }, 'volumes'],
    [
      {
        volumes: [
          { name: 'x', emptyDir: {} },
          { name: 'x', emptyDir: {} },
        ],
      },
      'volumes',
    ],
    [{ sidecars: [{ name: 'x' }] }, 'sidecars'],
    [{ sidecars: [{ name: 'x', image: 'y', ports: [] }] }, 'sidecars'],
    [{ sidecars: [{ name: 'x', image: 'y' }], init_containers: [{ name: 'x', image: 'y' }] }, 'sidecars'],
    [{ labels: { team: 'a b\nc' } }, 'labels'],
    [{ labels: { team: 'a'.repeat(64) } }, 'labels'],
    [{ labels: { 'a b': 'x' } }, 'labels'],
    [{ labels: { 'UPPER.example/x': 'x' } }, 'labels'],
    [{ labels: Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`l${at}`, 'x'])) }, 'labels'],
    [{ annotations: { '-x': 'y' } }, 'annotations'],
    [{ volumes: [{ name: 'A b', emptyDir: {} }] }, 'volumes'],
    [{ volumes: [{ name: 'x' }] }, 'volumes'],
    [{ volumes: [{ name: 'x', emptyDir: {}, nfs: {} }] }, 'volumes'],
    [{ volume_mounts: [{ name: 'x', mountPath: '/x' }] }, 'volume_mounts'],
    [{ volumes: [{ name: 'x', emptyDir: {} }], volume_mounts: [{ name: 'x', mountPath: '/etc' }] }, 'volume_mounts'],
    [{ volumes: [{ name: 'x', emptyDir: {} }], volume_mounts: [{ name: 'x', mountPath: 'x' }] }, 'volume_mounts'],
    [{ sidecars: [{ name: 'X', image: 'y' }] }, 'sidecars'],
    [{ sidecars: [{ name: 'x', image: 'Not An Image' }] }, 'sidecars'],
    [{ sidecars: [{ name: 'x', image: 'y', imagePullPolicy: 'Sometimes' }] }, 'sidecars'],
    [{ sidecars: [{ name: 'x', image: 'y', restartPolicy: 'Never' }] }, 'sidecars'],
    [{ sidecars: [{ name: 'x', image: 'y', env: [{ name: 'A=B', value: '' }] }] }, 'sidecars'],
    [{ sidecars: [{ name: 'x', image: 'y', env: ['A', 'A'].map((name) => ({ name, value: '' })) }] }, 'sidecars'],
    [{ sidecars: [{ name: 'x', image: 'y', resources: { limits: { cpu: 'much' } } }] }, 'sidecars'],
    [
      { sidecars: [{ name: 'x', image: 'y', resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }] },
      'sidecars',
    ],
    [
      { init_containers: [{ name: 'x', image: 'y', volumeMounts: [{ name: 'no', mountPath: '/x' }] }] },
      'init_containers',
    ],
  ])('refuses the resource_spec %j', async (spec, field) => {
    const { status, body } = await withSpec(spec);

    expect(status).toBe(422);
    expect(body.detail[0].loc.slice(0, 4)).toEqual(['body', 'source_config', 'resource_spec', field]);
  });

  it('refuses more than a resource_spec may hold', async () => {
    const args = Array.from({ length: 20 }, () => 'x'.repeat(4000));

    const { status, body } = await withSpec({ sidecars: [{ name: 'x', image: 'y', args }] });

    expect(status).toBe(422);
    expect(body.detail).toEqual([
      {
        loc: ['body', 'source_config', 'resource_spec'],
        msg: 'resource_spec has 80108 bytes as JSON; at most 65536 are taken',
        type: 'value_error',
      },
    ]);
  });

  it('says what is wrong with the key of a label', async () => {
    const { body } = await withSpec({ labels: { 'a b': 'x' } });

    expect(body.detail[0].msg).toBe('expected name or prefix.example/name, of letters, digits, "-", "_" and "."');
  });

  it('keeps every field of a resource_spec as it was given', async () => {
    const spec = {
      min_scale: 1,
      max_scale: 3,
      cpu: 0.1,
      cpu_limit: 0.3,
      memory_mb: 512,
      queue_cpu: 1,
      redis_memory_mb: 64,
      db_storage_gi: 20,
      db_max_connections: 200,
      labels: { team: 'yes', 'example.com/n': '1_000' },
      annotations: { note: '{{x}}: "ü\n🚀"' },
      service_account_name: 'agent',
      image_pull_secrets: [{ name: 'regcred' }],
      volumes: [{ name: 'cache', emptyDir: { sizeLimit: '1Gi' } }],
      volume_mounts: [{ name: 'cache', mountPath: '/cache', readOnly: false }],
      init_containers: [{ name: 'init', image, command: ['sh', '-c', 'true'] }],
      sidecars: [{ name: 'side', image, env: [{ name: 'A', value: 'b' }], resources: { limits: { cpu: '1' } } }],
      orchestrator_cpu: null,
    };

    const { status, body } = await create(sourceConfig({ resource_spec: spec }), 'whole');

    expect(status).toBe(201);
    expect((await tenant.call('GET', `/v2/deployments/${body.id}`)).body.source_config.resource_spec).toEqual(spec);
  });

  it('changes nothing that cannot be changed, and takes the same value again', async () => {
    const { id } = await tenant.deploy('fixed');
    const patch = (body: unknown) => tenant.call('PATCH', `/v2/deployments/${id}`, body);
    const refused = [
      { name: 'other' },
      { source: 'github' },
      { source_config: { listener_id: randomUUID() } },
      { source_config: { listener_config: { k8s_namespace: 'team-a' } } },
      { source_config: { repo_url: 'https://github.com/a/b' } },
      { source_config: { integration_id: randomUUID() } },
      { source_config: { deployment_type: 'dev' } },
      { source_config: { build_on_push: true } },
      { revision_source: 'internal_source', source_revision_config: { source_tarball_path: 'x' } },
      { source_revision_config: { image_uri: 'Not An Image' } },
    ];

    for (const body of refused) {
      const answer = await patch(body);
      expect(answer, JSON.stringify(body)).toMatchObject({ status: 400, body: { detail: expect.any(String) } });
    }
    const same = {
      name: 'fixed',
      source: 'external_docker',
      source_config: {
        listener_id: tenant.listenerId.toUpperCase(),
        listener_config: { k8s_namespace: 'default' },
        deployment_type: 'prod',
      },
    };
    expect((await patch(same)).status).toBe(200);
    expect((await patch({ display_name: '' })).status).toBe(422);
    expect((await patch({ display_name: 'a\u0007b' })).status).toBe(422);
    expect((await tenant.call('GET', `/v2/deployments/${id}/revisions`)).body.resources).toHaveLength(1);
  });

  it('brings values through as the text they were', async () => {
    const values = ['yes', '1_000', 'a: b', '{{x}}', '🚀', 'a\nb\r\n', '  ', '\'"\\', '', 'x'.repeat(65_536)];
    const secrets = values.map((value, at) => ({ name: `V${at}`, value }));

    const { body } = await create({ secrets, source_revision_config: { image_uri: `chat@${digest}` } }, 'texts');

    expect((await tenant.call('GET', `/v2/deployments/${body.id}`)).body.secrets).toEqual(secrets);
    expect(body.image_version).toBeNull();
  });

  it('stores no secret in the clear', async () => {
    const { id } = await tenant.deploy('sealed', { secrets: [{ name: 'A', value: 'planted-in-the-clear' }] });
    await tenant.call('PATCH', `/v2/deployments/${id}`, { secrets: [{ name: 'A', value: 'planted-in-the-clear-2' }] });

    const { database } = plane.services;
    const tables = Object.values(await import('../../src/control-plane/store/schema.ts'));
    for (const table of tables) {
      const rows = await database.select().from(table);
      expect(JSON.stringify(rows)).not.toContain('planted-in-the-clear');
    }
  });
});
