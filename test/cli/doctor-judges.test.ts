import { describe, expect, it } from 'vitest';
import { type ArgoCdFacts, argoCdFollows, judgeArgoCd } from '../../src/cli/doctor/argo-cd-judge.ts';
import type { Finding } from '../../src/cli/doctor/check.ts';
import { judgeClock } from '../../src/cli/doctor/clock.ts';
import { judgeRights, judgeVersion, neededKinds, neededRights } from '../../src/cli/doctor/cluster-judge.ts';
import { AnyObject, type Seen } from '../../src/cli/doctor/cluster-reader.ts';
import { judgeNamespaces } from '../../src/cli/doctor/control-plane-checks.ts';
import { type FluxFacts, judgeFlux } from '../../src/cli/doctor/flux-judge.ts';
import { argoCdObjects, ownCluster } from '../../src/core/bootstrap/argo-cd.ts';
import { fluxObjects } from '../../src/core/bootstrap/flux.ts';
import { Configuration } from '../../src/domain/configuration.ts';
import { Namespace } from '../../src/domain/configuration-namespace.ts';
import { NamespaceName } from '../../src/domain/identifiers.ts';

const namespace = NamespaceName.parse('team-a');
const repository = 'https://git.example/deployments/team-a.git';
const settings = Namespace.parse({ repository });
const kinds = [{ group: 'apps', kind: 'Deployment' }];
const found = <Value>(value: Value): Seen<Value> => ({ kind: 'found', value });
const object = (value: unknown): AnyObject => AnyObject.parse(value);
const wrong = (findings: readonly Finding[]) => findings.filter(({ verdict }) => verdict !== 'ok').map(said);
const said = ({ verdict, title, message }: Finding) => `${verdict} ${title}: ${message}`;

describe('Argo CD', () => {
  const subject = { namespace, settings, kinds, isEmpty: false };
  const [project, applicationSet] = argoCdObjects({ ...subject, server: ownCluster, signatures: { kind: 'none' } });
  const good: ArgoCdFacts = {
    project: found(object(project)),
    applicationSets: found([object(applicationSet)]),
    applications: found([application('chat', 'deployments/chat', 'towpath-team-a')]),
  };
  /** What bootstrap makes, with a part of its `spec` replaced. */
  const setWith = (spec: object) =>
    found([object({ ...applicationSet, spec: { ...(applicationSet?.['spec'] as object), ...spec } })]);
  const gitWith = (git: object) =>
    setWith({ generators: [{ git: { repoURL: repository, revision: 'main', ...git } }] });

  it('is well with what bootstrap makes', () => {
    expect(wrong(judgeArgoCd(subject, good))).toEqual([]);
    expect(argoCdFollows(subject, good)).toBe(true);
  });

  it.each<[string, Partial<ArgoCdFacts>, string]>([
    ['no set', { applicationSets: found([]) }, `failed ApplicationSet: none in argocd follows ${repository}`],
    ['no Argo CD', { applicationSets: { kind: 'missing' } }, 'failed ApplicationSet: the cluster knows no such kind'],
    [
      'another branch',
      { applicationSets: gitWith({ revision: 'live' }) },
      'failed ApplicationSet: towpath-team-a follows live, but the listener writes main',
    ],
    [
      'create-only',
      { applicationSets: setWith({ syncPolicy: { applicationsSync: 'create-only' } }) },
      'warning ApplicationSet: towpath-team-a does not delete the Application of a removed deployment',
    ],
    ['no project', { project: { kind: 'missing' } }, 'failed AppProject: there is no towpath-team-a in argocd'],
    [
      'another repository',
      {
        project: found(
          object({ ...project, spec: { sourceRepos: ['https://git.example/x.git'], destinations: [{ namespace }] } }),
        ),
      },
      `failed AppProject: towpath-team-a does not allow ${repository}`,
    ],
    [
      'a kind too few',
      {
        project: found(
          object({
            ...project,
            spec: {
              sourceRepos: ['*'],
              destinations: [{ namespace: '*' }],
              namespaceResourceWhitelist: [{ group: '', kind: 'Service' }],
            },
          }),
        ),
      },
      'failed AppProject: towpath-team-a does not allow Deployment',
    ],
    [
      'an Application of its own',
      { applications: found([application('mine', '.')]) },
      'warning Applications: mine apply the same folders outside the ApplicationSet',
    ],
    [
      'an ill Application',
      {
        applications: found([
          application('chat', 'deployments/chat', 'towpath-team-a', {
            conditions: [{ type: 'ComparisonError', message: 'no such path' }],
          }),
        ]),
      },
      'warning Applications: chat: ComparisonError no such path',
    ],
    [
      'rights that hide it',
      { applicationSets: { kind: 'forbidden' } },
      'skipped ApplicationSet: these rights do not show those of argocd',
    ],
  ])('tells %s', (_, change, message) => {
    expect(wrong(judgeArgoCd(subject, { ...good, ...change }))).toContain(message);
  });

  it.each<[string, object, string]>([
    ['no automation', {}, 'does not sync by itself'],
    ['no pruning', { automated: { selfHeal: true } }, 'does not prune'],
    ['no self-heal', { automated: { prune: true } }, 'does not self-heal'],
  ])('warns of %s', (_, syncPolicy, message) => {
    const template = { metadata: {}, spec: { project: 'towpath-team-a', syncPolicy } };

    const findings = wrong(judgeArgoCd(subject, { ...good, applicationSets: setWith({ template }) }));

    expect(findings).toContain(`warning ApplicationSet: towpath-team-a ${message}`);
  });

  it.each([
    ['unable to resolve "main" to a commit SHA', []],
    ['authentication required', ['failed ApplicationSet: towpath-team-a: authentication required']],
  ])('waits with an empty repository for the first commit, but not with wrong credentials: %s', (message, wanted) => {
    const status = { conditions: [{ type: 'ErrorOccurred', status: 'True', message }] };
    const facts = { ...good, applicationSets: found([object({ ...applicationSet, status })]) };

    expect(wrong(judgeArgoCd({ ...subject, isEmpty: true }, facts))).toEqual(wanted);
    expect(wrong(judgeArgoCd(subject, facts))).toEqual([`failed ApplicationSet: towpath-team-a: ${message}`]);
  });

  it('takes a repository that is spelled otherwise for the same', () => {
    const facts = { ...good, applicationSets: gitWith({ repoURL: 'git@git.example:deployments/team-a' }) };

    expect(wrong(judgeArgoCd(subject, facts))).toEqual([]);
  });

  it('leaves Applications of other repositories and folders alone', () => {
    const facts = { ...good, applications: found([application('docs', 'docs')]) };

    expect(wrong(judgeArgoCd(subject, facts))).toEqual([]);
  });
});

describe('Flux', () => {
  const subject = { namespace, settings, isEmpty: false };
  const [gitRepository, root] = fluxObjects({ namespace, settings, kinds, verifySecret: null });
  const good: FluxFacts = {
    gitRepositories: found([ready(gitRepository)]),
    kustomizations: found([ready(root), kustomization('chat', { path: './deployments/chat' }, 'an-id')]),
  };
  const changed = (one: unknown, spec: object, status?: object) =>
    object({ ...(one as object), spec: { ...(one as { spec: object }).spec, ...spec }, ...(status ? { status } : {}) });
  const notReady = (message: string) => ({ conditions: [{ type: 'Ready', status: 'False', message }] });

  it('is well with what bootstrap makes', () => {
    expect(wrong(judgeFlux(subject, good))).toEqual([]);
  });

  it.each<[string, Partial<FluxFacts>, string]>([
    [
      'no GitRepository',
      { gitRepositories: found([]) },
      'failed GitRepository: there is no towpath-team-a in flux-system',
    ],
    [
      'no Flux',
      { gitRepositories: { kind: 'missing' } },
      'failed GitRepository: the cluster serves none of version v1',
    ],
    [
      'another repository',
      { gitRepositories: found([changed(gitRepository, { url: 'https://git.example/x' })]) },
      `failed GitRepository: towpath-team-a follows https://git.example/x, but the listener writes ${repository}`,
    ],
    [
      'another branch',
      { gitRepositories: found([changed(gitRepository, { ref: { branch: 'live' } })]) },
      'failed GitRepository: towpath-team-a follows live, but the listener writes main',
    ],
    [
      'a suspended source',
      { gitRepositories: found([changed(gitRepository, { suspend: true })]) },
      'failed GitRepository: towpath-team-a is suspended',
    ],
    [
      'wrong credentials',
      { gitRepositories: found([changed(gitRepository, {}, notReady('authentication required'))]) },
      'failed GitRepository: towpath-team-a: authentication required',
    ],
    ['no root', { kustomizations: found([]) }, 'failed root Kustomization: none applies flux/ of towpath-team-a'],
    [
      'a suspended root',
      { kustomizations: found([changed(root, { suspend: true })]) },
      'failed root Kustomization: towpath-team-a is suspended',
    ],
    [
      'a root that does not prune',
      { kustomizations: found([changed(root, { prune: false })]) },
      'warning root Kustomization: towpath-team-a does not prune: what is removed stays',
    ],
    [
      'a root that fails',
      { kustomizations: found([changed(root, {}, notReady('forbidden'))]) },
      'failed root Kustomization: towpath-team-a: forbidden',
    ],
    [
      'a suspended deployment',
      {
        kustomizations: found([
          ready(root),
          kustomization('chat', { path: './deployments/chat', suspend: true }, 'an-id'),
        ]),
      },
      'warning Kustomizations: chat: suspended, so that nothing of them is applied or deleted',
    ],
    [
      'double management',
      { kustomizations: found([ready(root), kustomization('all', { path: './' })]) },
      'warning Kustomizations: all apply the same folders beside Towpath’s own',
    ],
  ])('tells %s', (_, change, message) => {
    expect(wrong(judgeFlux(subject, { ...good, ...change }))).toContain(message);
  });

  it('waits with an empty repository for the first commit', () => {
    const facts = {
      gitRepositories: found([changed(gitRepository, {}, notReady('reference not found'))]),
      kustomizations: found([changed(root, {}, notReady('kustomization path not found: flux'))]),
    };

    expect(wrong(judgeFlux({ ...subject, isEmpty: true }, facts))).toEqual([]);
  });
});

describe('the cluster', () => {
  it.each([
    ['1.34', 'ok'],
    ['1.29', 'failed'],
    ['1.40', 'warning'],
  ])('of version %s is %s', (minor, verdict) => {
    expect(judgeVersion(minor, ['1.30', '1.34', '1.37']).verdict).toBe(verdict);
  });

  it.each([
    [
      {
        namespaces: { a: { repository, route: { kind: 'gateway', host: 'x', parent: { name: 'g' } } } },
        agentServer: { auth: { kind: 'none' } },
      },
      ['httproutes'],
    ],
    [
      { namespaces: { a: { repository } }, agentServer: { autoscaler: 'keda' } },
      ['scaledobjects', 'triggerauthentications'],
    ],
    [{ namespaces: { a: { repository } } }, []],
    [
      { namespaces: { a: { repository, secrets: { mode: 'sealed-secrets', certificateFile: 'c' } } } },
      ['sealedsecrets'],
    ],
    [
      { namespaces: { a: { repository, secrets: { mode: 'external-secrets', store: { name: 's' } } } } },
      ['externalsecrets', 'secretstores'],
    ],
  ])('must serve what the configuration relies on: %#', (part, resources) => {
    const configuration = Configuration.parse({
      controlPlane: { url: 'https://cp.example', apiKeyFile: 'key' },
      listener: { id: '0b6c0000-0000-4000-8000-000000000001' },
      ...part,
    });

    const needed = Object.values(configuration.namespaces).flatMap((one) => neededKinds(configuration, one));

    expect(needed.map(({ resource }) => resource)).toEqual(resources);
  });
});

describe('rights', () => {
  const rights = neededRights('team-a', settings, ['argo-cd'], (group) => group !== 'keda.sh');
  const answered = (denied: (right: (typeof rights)[number]) => boolean) =>
    rights.map((right) => ({ ...right, isAllowed: !denied(right) }));

  it('are asked for in the engine’s namespace too, and not for kinds that are not served', () => {
    expect(rights).toContainEqual(
      expect.objectContaining({ namespace: 'argocd', resource: 'applications', verb: 'watch' }),
    );
    expect(rights.some(({ group }) => group === 'keda.sh')).toBe(false);
    expect(rights.some(({ group }) => group === 'source.toolkit.fluxcd.io')).toBe(false);
  });

  it('on Secrets are asked for only where the listener itself makes them', () => {
    const { secrets } = Namespace.parse({ repository, secrets: { mode: 'sealed-secrets', certificateFile: 'c' } });

    const sealed = neededRights('team-a', { ...settings, secrets }, [], () => true);

    expect(rights.filter(({ resource }) => resource === 'secrets')).toHaveLength(4);
    expect(sealed.filter(({ resource }) => resource === 'secrets')).toEqual([]);
  });

  it('that are missing are all told at once, with what they are for', () => {
    const [first, ...more] = judgeRights(answered(({ resource }) => ['pods', 'secrets'].includes(resource)));

    expect(more).toEqual([]);
    expect(first).toMatchObject({ verdict: 'failed' });
    expect(first?.message).toContain('list, watch pods in team-a (why a revision does not run yet)');
    expect(first?.message).toContain('list, create, patch, delete secrets in team-a');
  });

  it('that a listener can do without are a warning', () => {
    const findings = judgeRights(answered(({ resource, verb }) => resource === 'events' || verb === 'patch'));

    expect(findings.map(({ verdict }) => verdict)).toEqual(['failed', 'warning']);
    expect(findings[0]?.message).not.toContain('applications.argoproj.io');
    expect(findings[1]?.message).toContain('applications.argoproj.io in argocd');
  });
});

describe('clocks and namespaces', () => {
  const now = new Date('2026-11-25T12:00:00Z');

  it.each([
    [0, 'ok'],
    [29, 'ok'],
    [31, 'warning'],
    [-31, 'warning'],
  ])('a clock that differs by %d s is %s', (seconds, verdict) => {
    expect(judgeClock(new Date(now.getTime() + seconds * 1000), now).verdict).toBe(verdict);
  });

  it.each([
    [['team-a'], ['team-a'], 'ok'],
    [['team-a', 'team-b'], ['team-a'], 'failed'],
    [['team-a'], ['team-a', 'team-b'], 'warning'],
  ])('%j configured and %j registered is %3$s', (configured, registered, verdict) => {
    expect(judgeNamespaces(configured, registered).verdict).toBe(verdict);
  });
});

function application(name: string, path: string, owner?: string, status?: object): AnyObject {
  const ownerReferences = owner === undefined ? [] : [{ kind: 'ApplicationSet', name: owner }];
  return object({ metadata: { name, ownerReferences }, spec: { source: { repoURL: repository, path } }, status });
}

function ready(one: unknown): AnyObject {
  return object({ ...(one as object), status: { conditions: [{ type: 'Ready', status: 'True' }] } });
}

function kustomization(name: string, spec: object, deploymentId?: string): AnyObject {
  const labels: Record<string, string> =
    deploymentId === undefined ? {} : { 'towpath.dev/deployment-id': deploymentId };
  return object({
    metadata: { name, labels },
    spec: { sourceRef: { kind: 'GitRepository', name: 'towpath-team-a' }, ...spec },
  });
}
