/** Looks at a namespace in the cluster: its kinds, its engine and the listener's rights, and has each of them judged. */
import { readTemplateSet } from '../../adapters/template-folder.ts';
import { projectName } from '../../core/bootstrap/argo-cd.ts';
import { emittedKinds } from '../../core/bootstrap/kinds.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import { attempt, type Finding, failed, ok, skipped } from './check.ts';
import type { OpenedCluster } from './cluster-checks.ts';
import { judgeKind, judgeRights, judgeTarget, neededKinds, neededRights } from './cluster-judge.ts';
import { askForRights, type ClusterReader } from './cluster-reader.ts';
import { type EngineFacts, enginesOf, judgeEngines } from './engine-judge.ts';
import type { NamespaceSubject } from './namespace-subject.ts';
import { checkSignatures } from './signing-checks.ts';

const mend = 'see what the API server says';

export async function checkNamespace(
  configuration: Configuration,
  subject: NamespaceSubject,
  { reader, minor, groups }: OpenedCluster,
): Promise<readonly Finding[]> {
  const { namespace, settings } = subject;
  let facts: EngineFacts | null = null;
  const place = await attempt('namespace', mend, async () => [await checkPlace(reader, namespace)]);
  const kinds = await attempt('kinds', mend, () => checkKinds(configuration, settings, reader));
  const engine = await attempt('engine', mend, async () => {
    facts = await readEngines(reader, subject);
    return judgeEngines(subject, facts);
  });
  const engines = facts === null ? [] : enginesOf(subject, facts);
  const rights = await attempt('rights', mend, async () => {
    const needed = neededRights(namespace, settings, engines, (group) => group === '' || groups.has(group));
    return judgeRights(await askForRights(reader, needed));
  });
  const signatures = await attempt('signatures', mend, async () =>
    facts === null ? [] : checkSignatures(configuration, subject, engines[0], facts, reader),
  );
  return [...judgeTarget(minor, settings), ...place, ...kinds, ...engine, ...signatures, ...rights];
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

async function readEngines(reader: ClusterReader, { namespace, settings }: NamespaceSubject): Promise<EngineFacts> {
  const argoCd = `/apis/argoproj.io/v1alpha1/namespaces/${settings.argoCd.namespace}`;
  const within = `v1/namespaces/${settings.flux.namespace}`;
  const { files } = await readTemplateSet(settings.templates, process.cwd());
  return {
    kinds: emittedKinds(files, settings.policy.extraKinds, settings.secrets.mode),
    argoCd: {
      project: await reader.object(`${argoCd}/appprojects/${projectName(namespace, settings)}`),
      applicationSets: await reader.list(`${argoCd}/applicationsets`),
      applications: await reader.list(`${argoCd}/applications`),
    },
    flux: {
      gitRepositories: await reader.list(`/apis/source.toolkit.fluxcd.io/${within}/gitrepositories`),
      kustomizations: await reader.list(`/apis/kustomize.toolkit.fluxcd.io/${within}/kustomizations`),
    },
  };
}
