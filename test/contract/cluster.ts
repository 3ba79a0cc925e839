/** What every Cluster must do, for each engine: live copies that follow the cluster, questions, and the few writes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import type { ClusterChange, EngineKind, LiveObject } from '../../src/domain/live-object.ts';
import type { PlainSecret } from '../../src/ports.ts';
import { until } from '../support/until.ts';
import * as objects from './cluster-objects.ts';
import type { ClusterObject, ClusterReference, ClusterUnderTest } from './cluster-under-test.ts';

const chat = '11111111-1111-4111-8111-111111111111' as DeploymentId;
const mail = '22222222-2222-4222-8222-222222222222' as DeploymentId;
const chatFolder = 'deployments/chat-1111111111';
const mailFolder = 'deployments/mail-2222222222';

interface Started {
  readonly changes: ClusterChange[];
  readonly abort: AbortController;
}

async function started({ cluster }: ClusterUnderTest): Promise<Started> {
  const changes: ClusterChange[] = [];
  const abort = new AbortController();
  await cluster.start((change) => changes.push(change), abort.signal);
  return { changes, abort };
}

export function clusterContract(name: string, open: (engine: EngineKind) => Promise<ClusterUnderTest>): void {
  describe(`Cluster contract: ${name}`, () => {
    let world: ClusterUnderTest;
    const use = (engine: EngineKind): void => {
      beforeEach(async () => {
        world = await open(engine);
      });
      afterEach(() => world.cluster.close());
    };
    const get = (): ClusterUnderTest => world;

    describe('whatever the engine', () => {
      use('other');
      describeCopies(get);
      describeQuestions(get);
      describeSecrets(get);
      describeReferredSecrets(get);

      it('knows nobody to ask for a look', async () => {
        await started(world);

        expect(world.cluster.engine).toBe('other');
        expect(world.cluster.live(chat, chatFolder).engine).toEqual({ kind: 'other' });
        expect(await world.cluster.refresh([chatFolder])).toMatch(/\w/);
      });
    });
    describe('beside Argo CD', () => {
      use('argo-cd');
      describeArgoCd(get);
      describeOperations(get);
    });
    describe('beside Flux', () => {
      use('flux');
      describeFlux(get);
    });
  });
}

type Get = () => ClusterUnderTest;

function liveNames({ cluster }: ClusterUnderTest, id: DeploymentId): readonly string[] {
  return cluster
    .live(id, '')
    .workloads.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    .sort();
}

function describeCopies(get: Get): void {
  it('shows what was there when it started, and is not troubled', async () => {
    const world = get();
    await world.put(objects.deployment(world, 'chat-api', chat));
    await world.put(objects.statefulSet(world, 'chat-postgres', chat));

    await started(world);

    expect(liveNames(world, chat)).toEqual(['Deployment chat-api', 'StatefulSet chat-postgres']);
    expect(world.cluster.trouble()).toBeNull();
    const [first] = world.cluster.live(chat, '').workloads;
    expect(first?.metadata).toMatchObject({ namespace: world.namespace, uid: expect.stringMatching(/./) });
    expect(first?.apiVersion).toBe('apps/v1');
  });

  it('shows nothing of other listeners, nor of what bears no label', async () => {
    const world = get();
    await world.put(objects.deployment({ ...world, listenerId: 'somebody-else' }, 'foreign', chat));
    await world.put({
      ...objects.deployment(world, 'plain', chat),
      metadata: { name: 'plain', namespace: world.namespace },
    });

    await started(world);

    expect(liveNames(world, chat)).toEqual([]);
    expect(liveNames(world, mail)).toEqual([]);
  });

  it('follows an object that comes, changes and goes, and says each time whom it concerns', async () => {
    const world = get();
    const { changes } = await started(world);
    const object = objects.deployment(world, 'chat-api', chat);
    const seen = async (what: string, probe: () => boolean): Promise<readonly ClusterChange[]> => {
      await until(what, probe);
      return changes.splice(0);
    };

    await world.put(object);
    const coming = await seen('it to come', () => liveNames(world, chat).length === 1);
    await world.patch(object, { metadata: { annotations: { note: 'changed' } } });
    const changing = await seen('its change', () => annotationOf(world) === 'changed');
    await world.remove(object);
    const going = await seen('it to go', () => liveNames(world, chat).length === 0);

    for (const one of [coming, changing, going]) expect(one).toContainEqual({ kind: 'deployment', deploymentId: chat });
  });

  it('tells both deployments when an object changes from one to the other', async () => {
    const world = get();
    const object = objects.deployment(world, 'chat-api', chat);
    await world.put(object);
    const { changes } = await started(world);
    changes.splice(0);

    await world.patch(object, { metadata: { labels: { 'towpath.dev/deployment-id': mail } } });

    await until('it to belong to the other', () => liveNames(world, mail).length === 1);
    expect(liveNames(world, chat)).toEqual([]);
    expect(new Set(changes.map((change) => (change.kind === 'deployment' ? change.deploymentId : '')))).toEqual(
      new Set([chat, mail]),
    );
  });

  it('lets go of an object that loses the label of the listener', async () => {
    const world = get();
    const object = objects.deployment(world, 'chat-api', chat);
    await world.put(object);
    await started(world);

    await world.patch(object, { metadata: { labels: { 'towpath.dev/listener-id': null } } });

    await until('it to go', () => liveNames(world, chat).length === 0);
  });

  it('shows pods apart from workloads', async () => {
    const world = get();
    await started(world);

    await world.put(objects.pod(world, 'chat-api-x', chat));

    const [pod] = await until('the pod', () => nonEmpty(world.cluster.live(chat, '').pods));
    expect(pod).toMatchObject({ kind: 'Pod', apiVersion: 'v1', metadata: { name: 'chat-api-x' } });
    expect(pod?.spec).toMatchObject({ containers: [{ name: 'main', image: objects.image }] });
    expect(liveNames(world, chat)).toEqual([]);
  });

  it('resolves its start when the signal aborts, and says no more after it was closed', async () => {
    const world = get();
    const { changes } = await started(world);

    await world.cluster.close();
    changes.splice(0);
    await world.put(objects.deployment(world, 'late', chat));

    await until('it to be there', () => world.find(objects.deployment(world, 'late', chat)));
    expect(changes).toEqual([]);
    await world.cluster.start(() => undefined, AbortSignal.abort());
  });
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}

function annotationOf({ cluster }: ClusterUnderTest): string | undefined {
  return cluster.live(chat, '').workloads[0]?.metadata.annotations?.['note'];
}

function describeQuestions(get: Get): void {
  it('reads warnings about an object, the newest first, and no others', async () => {
    const world = get();
    await world.put(objects.deployment(world, 'chat-api', chat));
    await started(world);
    const about = world.cluster.live(chat, '').workloads;
    for (const [index, type] of ['Warning', 'Warning', 'Normal'].entries())
      await world.put(objects.event(world, `told-${index}`, about[0] as LiveObject, { type, minute: index }));
    await world.put(
      objects.event(world, 'other', { ...(about[0] as LiveObject), metadata: { name: 'x', uid: 'y' } }, {}),
    );

    const events = await world.cluster.events(about);

    expect(events.map(({ metadata }) => metadata.name)).toEqual(['told-1', 'told-0']);
    expect(events[0]).toMatchObject({ reason: 'Tested', message: 'told-1 happened' });
    expect(await world.cluster.events([])).toEqual([]);
  });

  it('names all that is left of a deployment, with its resource, and nothing of another', async () => {
    const world = get();
    await started(world);
    await world.put(objects.deployment(world, 'chat-api', chat));
    await world.put(objects.claim(world, 'data-chat-0', chat));
    await world.put(objects.secret(world, 'chat-env-0123456789', chat));
    await world.put(objects.networkPolicy(world, 'chat', chat));
    await world.put(objects.configMap(world, 'mail', mail));

    const left = await world.cluster.remaining(chat);

    expect(left.map(({ resource, name, isDeleting }) => `${resource} ${name} ${isDeleting}`).sort()).toEqual([
      'deployments.apps chat-api false',
      'networkpolicies.networking.k8s.io chat false',
      'persistentvolumeclaims data-chat-0 false',
      'secrets chat-env-0123456789 false',
    ]);
  });

  it('tells what is only waiting to be deleted', async () => {
    const world = get();
    const held = objects.configMap(world, 'held', chat);
    await world.put({ ...held, metadata: { ...held.metadata, finalizers: ['towpath.dev/test'] } });
    await started(world);

    await world.remove(held);

    const references = [{ resource: 'configmaps', name: 'held', isDeleting: true }];
    expect(await world.cluster.remaining(chat)).toEqual(references);
    await world.patch(held, { metadata: { finalizers: null } });
    expect(await world.cluster.remaining(chat)).toEqual([]);
  });

  it('says that nobody answers behind a Service that is not there', async () => {
    const world = get();
    await started(world);

    const answer = await world.cluster.probe('missing', '/ok');

    expect(answer).toEqual({ kind: 'failed', message: expect.stringMatching(/\w/) });
  });
}

function describeSecrets(get: Get): void {
  const plain = ({ namespace, listenerId }: ClusterUnderTest, values: Record<string, string>): PlainSecret => ({
    namespace,
    name: 'chat-env-0123456789',
    labels: objects.labels(listenerId, chat),
    values,
  });
  const asFound = (world: ClusterUnderTest) => world.find(objects.secret(world, 'chat-env-0123456789', chat));

  it('makes a Secret that cannot be changed', async () => {
    const world = get();

    await world.cluster.applySecret(plain(world, { TOKEN: 'hidden-ä' }));

    expect(await asFound(world)).toMatchObject({
      immutable: true,
      type: 'Opaque',
      data: { TOKEN: Buffer.from('hidden-ä').toString('base64') },
      metadata: { labels: objects.labels(world.listenerId, chat) },
    });
  });

  it('changes nothing when it makes the same one again', async () => {
    const world = get();
    await world.cluster.applySecret(plain(world, { TOKEN: 'hidden' }));
    const before = await asFound(world);

    await world.cluster.applySecret(plain(world, { TOKEN: 'hidden' }));

    expect(await asFound(world)).toEqual(before);
  });

  it('refuses one of the same name with other values, and quotes neither', async () => {
    const world = get();
    await world.cluster.applySecret(plain(world, { TOKEN: 'first-value' }));

    const refused = await world.cluster.applySecret(plain(world, { TOKEN: 'second-value' })).catch((error) => error);

    expect(refused).toMatchObject({ kind: 'terminal', reason: 'SecretDiffers' });
    const encoded = ['first-value', 'second-value'].map((value) => Buffer.from(value).toString('base64'));
    for (const value of ['first-value', 'second-value', ...encoded]) expect(refused.message).not.toContain(value);
    expect(await asFound(world)).toMatchObject({ data: { TOKEN: encoded[0] } });
  });

  it('lists the Secrets of its deployments, without their values', async () => {
    const world = get();
    await world.cluster.applySecret(plain(world, { TOKEN: 'hidden' }));
    await world.put(objects.secret({ ...world, listenerId: 'somebody-else' }, 'foreign', chat));

    const found = await world.cluster.secrets();

    expect(found).toEqual([{ name: 'chat-env-0123456789', deploymentId: chat, createdAt: expect.any(Date) }]);
  });

  it('deletes a Secret, and is content where there is none', async () => {
    const world = get();
    await world.cluster.applySecret(plain(world, { TOKEN: 'hidden' }));

    await world.cluster.deleteSecret('chat-env-0123456789');
    await world.cluster.deleteSecret('chat-env-0123456789');

    expect(await asFound(world)).toBeUndefined();
    expect(await world.cluster.secrets()).toEqual([]);
  });
}

function describeReferredSecrets(get: Get): void {
  it.each(Object.keys(objects.referrers))('finds the Secrets that a %s refers to', async (kind) => {
    const world = get();
    const referrer = objects.referrers[kind as keyof typeof objects.referrers];
    await world.put(referrer(world, 'chat-api', chat, objects.referringPodSpec));
    await world.put(referrer({ ...world, listenerId: 'somebody-else' }, 'foreign', mail, objects.foreignPodSpec));

    const found = await world.cluster.referredSecrets();

    expect([...found].sort()).toEqual([...objects.referredNames]);
  });

  it('finds none where nothing refers to one', async () => {
    const world = get();
    await world.put(objects.deployment(world, 'chat-api', chat));
    await world.put(objects.secret(world, 'chat-env-0123456789', chat));

    expect(await world.cluster.referredSecrets()).toEqual(new Set());
  });
}

function describeArgoCd(get: Get): void {
  const applicationOf = ({ cluster }: ClusterUnderTest, folder: string): string | null => {
    const { engine } = cluster.live(chat, folder);
    return engine.kind === 'argo-cd' ? (engine.application?.metadata.name ?? null) : null;
  };

  it('finds the Application by repository and folder, however both are spelled', async () => {
    const world = get();
    const spelled = world.repositoryUrl.replace('https://', 'https://user@').replace(/\.git$/, '');
    await world.put(objects.application(world, 'chat', { repository: spelled, path: `./${chatFolder}/` }));
    await world.put(
      objects.application(world, 'other', { repository: 'https://git.example/other.git', path: mailFolder }),
    );

    await started(world);

    expect(applicationOf(world, chatFolder)).toBe('chat');
    expect(applicationOf(world, mailFolder)).toBeNull();
  });

  it('does not take an Application of another repository for ours where both have the folder', async () => {
    const world = get();
    await world.put(objects.application(world, 'a-ours', { path: chatFolder }));
    await world.put(
      objects.application(world, 'b-other', { repository: 'https://git.example/other.git', path: chatFolder }),
    );
    await started(world);

    expect(applicationOf(world, chatFolder)).toBe('a-ours');
    await world.remove(objects.application(world, 'b-other', { path: chatFolder }));
    await world.patch(objects.application(world, 'a-ours', {}), { metadata: { annotations: { note: 'later' } } });
    await until('the change', () => {
      const { engine } = world.cluster.live(chat, chatFolder);
      return engine.kind === 'argo-cd' && engine.application?.metadata.annotations?.['note'] === 'later';
    });
  });

  it('follows an Application to another folder and to its end, and tells the folders', async () => {
    const world = get();
    const application = objects.application(world, 'chat', { path: chatFolder });
    await world.put(application);
    const { changes } = await started(world);
    changes.splice(0);

    await world.patch(application, { spec: { source: { path: mailFolder } } });
    await until('it to be found at the other folder', () => applicationOf(world, mailFolder) === 'chat');

    expect(applicationOf(world, chatFolder)).toBeNull();
    expect(changes).toContainEqual({ kind: 'folder', path: chatFolder });
    expect(changes).toContainEqual({ kind: 'folder', path: mailFolder });
    await world.remove(application);
    await until('it to be gone', () => applicationOf(world, mailFolder) === null);
  });

  it('takes an Application over the whole repository for every folder that has none of its own', async () => {
    const world = get();
    await world.put(objects.application(world, 'all', { path: '.' }));
    await world.put(objects.application(world, 'chat', { path: chatFolder }));
    const { changes } = await started(world);

    expect([chatFolder, mailFolder].map((folder) => applicationOf(world, folder))).toEqual(['chat', 'all']);
    changes.splice(0);
    await world.patch(objects.application(world, 'all', {}), { metadata: { annotations: { note: 'x' } } });
    await until('all to be told', () => changes.some(({ kind }) => kind === 'all'));
  });

  it('finds an Application by any of its several sources', async () => {
    const world = get();
    await world.put(
      objects.application(world, 'several', {
        sources: [
          { repoURL: 'https://charts.example', chart: 'base', targetRevision: '1' },
          { repoURL: world.repositoryUrl, path: mailFolder, targetRevision: 'HEAD' },
          { repoURL: world.repositoryUrl, path: chatFolder, targetRevision: 'HEAD' },
        ],
      }),
    );

    await started(world);

    expect([chatFolder, mailFolder].map((folder) => applicationOf(world, folder))).toEqual(['several', 'several']);
  });
}

function describeOperations(get: Get): void {
  const annotationsOf = async (world: ClusterUnderTest, object: ClusterReference) =>
    (await world.find(object))?.metadata.annotations ?? {};

  it('asks the Applications of the folders and the ApplicationSets of the repository to look', async () => {
    const world = get();
    const [ours, idle] = [chatFolder, mailFolder].map((path, index) =>
      objects.application(world, `app-${index}`, { path }),
    );
    const sets = [world.repositoryUrl, 'https://git.example/other.git'].map((url, index) =>
      objects.applicationSet(world, `set-${index}`, url),
    );
    for (const object of [ours, idle, ...sets]) await world.put(object as ClusterObject);
    await started(world);

    const outcome = await world.cluster.refresh([chatFolder]);

    expect(outcome).toBeNull();
    expect(await annotationsOf(world, ours as ClusterObject)).toEqual({ 'argocd.argoproj.io/refresh': 'normal' });
    expect(await annotationsOf(world, idle as ClusterObject)).toEqual({});
    const asked = await Promise.all(sets.map((set) => annotationsOf(world, set)));
    expect(asked).toEqual([{ 'argocd.argoproj.io/application-set-refresh': 'true' }, {}]);
  });

  it.each([
    ['no ApplicationSet where each folder has its Application', [chatFolder], [], false],
    ['the ApplicationSet about a folder that has none yet', [chatFolder, mailFolder], [], true],
    [
      'the ApplicationSet about a folder that is gone, though its Application is still there',
      [chatFolder],
      [chatFolder],
      true,
    ],
  ])('asks %s', async (_, folders, gone, isAsked) => {
    const world = get();
    const application = objects.application(world, 'app', { path: chatFolder });
    const set = objects.applicationSet(world, 'set', world.repositoryUrl);
    for (const object of [application, set]) await world.put(object as ClusterObject);
    await started(world);

    const outcome = await world.cluster.refresh(folders, gone);

    expect(outcome).toBeNull();
    expect(await annotationsOf(world, application as ClusterObject)).toEqual({
      'argocd.argoproj.io/refresh': 'normal',
    });
    expect(await annotationsOf(world, set)).toEqual(
      isAsked ? { 'argocd.argoproj.io/application-set-refresh': 'true' } : {},
    );
  });

  it('says that there is nobody to ask', async () => {
    const world = get();
    await started(world);

    expect(await world.cluster.refresh([chatFolder])).toContain(world.repositoryUrl);
  });

  it('ends the operation that was looked at, and not one that came after it', async () => {
    const world = get();
    const application = objects.application(world, 'chat', { path: chatFolder });
    await world.put({ ...application, status: objects.runningOperation });
    await started(world);
    const seen = (): LiveObject => {
      const { engine } = world.cluster.live(chat, chatFolder);
      if (engine.kind !== 'argo-cd' || engine.application === null) throw new Error('There is no Application');
      return engine.application;
    };
    const first = seen();
    const phase = async () => {
      const found = (await world.find(application)) as { status?: typeof objects.runningOperation } | undefined;
      return found?.status?.operationState.phase;
    };

    await world.patch(application, { metadata: { annotations: { note: 'meanwhile' } } });
    await world.cluster.endOperation(first);
    expect(await phase()).toBe('Running');
    await until('the change', () => seen().metadata.annotations?.['note'] === 'meanwhile');
    await world.cluster.endOperation(seen());

    expect(await phase()).toBe('Terminating');
  });
}

function describeFlux(get: Get): void {
  const engineOf = ({ cluster }: ClusterUnderTest, folder: string) => {
    const { engine } = cluster.live(chat, folder);
    if (engine.kind !== 'flux') throw new Error('It is not Flux');
    return [engine.kustomization?.metadata.name ?? null, engine.gitRepository?.metadata.name ?? null];
  };

  it('finds a Kustomization by its path and its source, whatever their names', async () => {
    const world = get();
    const spelled = world.repositoryUrl.replace('https://', 'https://user@').replace(/\.git$/, '');
    await world.put(objects.gitRepository(world, 'named-oddly', spelled));
    await world.put(objects.gitRepository(world, 'other', 'https://git.example/other.git'));
    await world.put(objects.fluxKustomization(world, 'any-name', 'named-oddly', `./${chatFolder}`));
    await world.put(objects.fluxKustomization(world, 'not-ours', 'other', mailFolder));

    await started(world);

    expect(engineOf(world, chatFolder)).toEqual(['any-name', 'named-oddly']);
    expect(engineOf(world, mailFolder)).toEqual([null, 'named-oddly']);
  });

  it('does not take a Kustomization of another repository for ours where both have the folder', async () => {
    const world = get();
    await world.put(objects.gitRepository(world, 'ours', world.repositoryUrl));
    await world.put(objects.gitRepository(world, 'other', 'https://git.example/other.git'));
    await world.put(objects.fluxKustomization(world, 'a-ours', 'ours', chatFolder));
    await world.put(objects.fluxKustomization(world, 'b-other', 'other', chatFolder));

    await started(world);

    expect(engineOf(world, chatFolder)).toEqual(['a-ours', 'ours']);
  });

  it('follows a Kustomization to another path, a GitRepository to another URL, and tells whom it concerns', async () => {
    const world = get();
    const repository = objects.gitRepository(world, 'ours', world.repositoryUrl);
    const kustomization = objects.fluxKustomization(world, 'chat', 'ours', chatFolder);
    await world.put(repository);
    await world.put(kustomization);
    const { changes } = await started(world);
    changes.splice(0);

    await world.patch(kustomization, { spec: { path: mailFolder } });
    await until('it to be found at the other folder', () => engineOf(world, mailFolder)[0] === 'chat');
    expect(engineOf(world, chatFolder)).toEqual([null, 'ours']);
    expect(changes).toContainEqual({ kind: 'folder', path: chatFolder });
    expect(changes).toContainEqual({ kind: 'folder', path: mailFolder });
    await world.patch(repository, { spec: { url: 'https://git.example/other.git' } });

    await until('it to be of another repository', () => engineOf(world, mailFolder)[1] === null);
    await until('all to be told', () => changes.some(({ kind }) => kind === 'all'));
    expect(engineOf(world, mailFolder)).toEqual([null, null]);
  });

  it('asks the GitRepositories of the repository to look', async () => {
    const world = get();
    const ours = objects.gitRepository(world, 'ours', world.repositoryUrl);
    const other = objects.gitRepository(world, 'other', 'https://git.example/other.git');
    await world.put(ours);
    await world.put(other);
    await started(world);

    const outcome = await world.cluster.refresh([chatFolder]);

    expect(outcome).toBeNull();
    const asked = async (one: ClusterReference) =>
      (await world.find(one))?.metadata.annotations?.['reconcile.fluxcd.io/requestedAt'];
    expect(await asked(ours)).toMatch(/^\d{4}-/);
    expect(await asked(other)).toBeUndefined();
  });

  it('says that there is nobody to ask', async () => {
    const world = get();
    await started(world);

    expect(await world.cluster.refresh([chatFolder])).toMatch(/GitRepository/);
  });
}
