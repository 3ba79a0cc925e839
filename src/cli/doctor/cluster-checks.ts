/** Looks at the cluster, its rights and its GitOps engine, and has what it saw judged. */
import { openKubernetesObjects } from '../../adapters/kubernetes-objects.ts';
import { readTemplateSet } from '../../adapters/template-folder.ts';
import { projectName } from '../../core/bootstrap-argo-cd.ts';
import { emittedKinds } from '../../core/bootstrap-kinds.ts';
import type { Configuration, Namespace } from '../../domain/configuration.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import { clusterAccess } from '../bootstrap/cluster-access.ts';
import type { DoctorOptions } from '../commands/doctor.ts';
import { type ArgoCdFacts, argoCdFollows, judgeArgoCd } from './argo-cd-judge.ts';
import { attempt, type Finding, failed, ok, skipped, warning } from './check.ts';
import { judgeClock } from './clock.ts';
import {
  electionRights,
  judgeKind,
  judgeRights,
  judgeTarget,
  judgeVersion,
  type NeededRight,
  neededKinds,
  neededRights,
} from './cluster-judge.ts';
import { type ClusterReader, clusterReader } from './cluster-reader.ts';
import { type FluxFacts, fluxFollows, judgeFlux } from './flux-judge.ts';

export interface OpenedCluster {
  readonly reader: ClusterReader;
  readonly minor: string;
  readonly groups: ReadonlySet<string>;
}

export interface CheckedCluster {
  /** Null: it could not be reached, and nothing more can be said. */
  readonly cluster: OpenedCluster | null;
  readonly findings: readonly Finding[];
}

export async function checkCluster(
  configuration: Configuration,
  options: DoctorOptions,
  versions: readonly string[],
): Promise<CheckedCluster> {
  let cluster: OpenedCluster | null = null;
  const findings = await attempt('answers', 'name a kubeconfig by cluster.kubeconfig or --kubeconfig', async () => {
    const reader = clusterReader(openKubernetesObjects(clusterAccess(configuration.cluster, options)), options.as);
    const { minor, at } = await reader.version();
    const clock = judgeClock(at, new Date());
    cluster = { reader, minor, groups: await reader.groups() };
    return [
      ok('answers', reader.server),
      judgeVersion(minor, versions),
      clock,
      ...(await checkElection(configuration, reader)),
    ];
  });
  return { cluster, findings };
}

async function checkElection({ listener }: Configuration, reader: ClusterReader): Promise<readonly Finding[]> {
  const { leaderElection } = listener;
  if (leaderElection === undefined) return [];
  const { namespace } = leaderElection;
  if (namespace === undefined)
    return [skipped('leader election', 'the Lease lies in the namespace of the pod, which is not known here')];
  const name = leaderElection.lease ?? `towpath-${listener.id}`;
  const lease = await reader.object(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`);
  const rights = judgeRights(await ask(reader, electionRights(namespace)));
  const said = {
    found: `the Lease ${namespace}/${name} is there`,
    missing: `no replica has taken the Lease ${namespace}/${name} yet`,
  };
  const found =
    lease.kind === 'forbidden'
      ? skipped('leader election', 'these rights do not show the Lease')
      : ok('leader election', said[lease.kind]);
  return [found, ...rights.map((right) => ({ ...right, title: 'leader election' }))];
}

export interface NamespaceSubject {
  readonly namespace: NamespaceName;
  readonly settings: Namespace;
  /** Nothing was committed yet. */
  readonly isEmpty: boolean;
}

export async function checkNamespace(
  configuration: Configuration,
  subject: NamespaceSubject,
  cluster: OpenedCluster,
): Promise<readonly Finding[]> {
  const { reader, minor, groups } = cluster;
  const { namespace, settings } = subject;
  const mend = 'see what the API server says';
  const place = await attempt('namespace', mend, async () => [
    ...judgeTarget(minor, settings),
    await checkPlace(reader, namespace),
  ]);
  const kinds = await attempt('kinds', mend, () => checkKinds(configuration, settings, reader));
  const engine = await attempt('engine', mend, async () => {
    const facts = await readEngines(reader, subject);
    const engines = enginesOf(subject, facts);
    const rights = await ask(
      reader,
      neededRights(namespace, settings, engines, (group) => group === '' || groups.has(group)),
    );
    return [...judgeEngines(subject, engines, facts), ...judgeRights(rights)];
  });
  return [...place, ...kinds, ...engine];
}

async function checkPlace(reader: ClusterReader, namespace: NamespaceName): Promise<Finding> {
  const seen = await reader.object(`/api/v1/namespaces/${namespace}`);
  if (seen.kind === 'found') return ok('namespace', 'is there');
  if (seen.kind === 'forbidden') return skipped('namespace', 'these rights do not show whether it is there');
  return failed('namespace', 'is not there', `run "kubectl create namespace ${namespace}"`);
}

async function checkKinds(
  configuration: Configuration,
  settings: Namespace,
  reader: ClusterReader,
): Promise<readonly Finding[]> {
  const needed = neededKinds(configuration, settings);
  return Promise.all(needed.map(async (one) => judgeKind(one, await reader.resources(one.groupVersion))));
}

async function ask(reader: ClusterReader, rights: readonly NeededRight[]) {
  return Promise.all(rights.map(async (right) => ({ ...right, isAllowed: await reader.mayI(right) })));
}

interface EngineFacts {
  readonly argoCd: ArgoCdFacts;
  readonly flux: FluxFacts;
  readonly kinds: ReturnType<typeof emittedKinds>;
}

async function readEngines(reader: ClusterReader, { namespace, settings }: NamespaceSubject): Promise<EngineFacts> {
  const argoCd = `/apis/argoproj.io/v1alpha1/namespaces/${settings.argoCd.namespace}`;
  const { namespace: fluxNamespace } = settings.flux;
  const { files } = await readTemplateSet(settings.templates, process.cwd());
  return {
    kinds: emittedKinds(files, settings.policy.extraKinds),
    argoCd: {
      project: await reader.object(`${argoCd}/appprojects/${projectName(namespace, settings)}`),
      applicationSets: await reader.list(`${argoCd}/applicationsets`),
      applications: await reader.list(`${argoCd}/applications`),
    },
    flux: {
      gitRepositories: await reader.list(
        `/apis/source.toolkit.fluxcd.io/v1/namespaces/${fluxNamespace}/gitrepositories`,
      ),
      kustomizations: await reader.list(
        `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/${fluxNamespace}/kustomizations`,
      ),
    },
  };
}

type FollowingEngine = 'argo-cd' | 'flux';

/** `auto` is whoever has an object for the repository. */
function enginesOf(subject: NamespaceSubject, facts: EngineFacts): readonly FollowingEngine[] {
  const { engine } = subject.settings;
  if (engine === 'argo-cd' || engine === 'flux') return [engine];
  return engine === 'auto' ? following(subject, facts) : [];
}

function following(subject: NamespaceSubject, { argoCd, flux, kinds }: EngineFacts): readonly FollowingEngine[] {
  return [
    ...(argoCdFollows({ ...subject, kinds }, argoCd) ? (['argo-cd'] as const) : []),
    ...(fluxFollows(subject, flux) ? (['flux'] as const) : []),
  ];
}

function judgeEngines(
  subject: NamespaceSubject,
  engines: readonly FollowingEngine[],
  facts: EngineFacts,
): readonly Finding[] {
  const { engine, repository } = subject.settings;
  const others = following(subject, facts).filter(
    (one) => engine !== 'none' && engine !== 'other' && engines[0] !== one,
  );
  const both = `${others.join(' and ')} follows the same repository as ${engines[0]}`;
  return [
    ...(engine === 'auto' && engines.length === 0
      ? [
          failed(
            'engine',
            `neither Argo CD nor Flux has an object for ${repository}`,
            'run "towpath bootstrap argo-cd --apply" or "towpath bootstrap flux --apply", or set engine',
          ),
        ]
      : []),
    ...(others.length > 0 && engines.length > 0
      ? [warning('engine', both, 'let only one engine apply a repository')]
      : []),
    ...(engines[0] === 'argo-cd' ? judgeArgoCd({ ...subject, kinds: facts.kinds }, facts.argoCd) : []),
    ...(engines[0] === 'flux' ? judgeFlux(subject, facts.flux) : []),
  ];
}
