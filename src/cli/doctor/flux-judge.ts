/** Whether Flux has what it needs for one namespace, and nothing that works against it. */
import { z } from 'zod';
import { fluxFolder, gitRepositoryName } from '../../core/flux/objects.ts';
import { sameRepository } from '../../core/repository-url.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import { ownLabels } from '../../domain/live-object.ts';
import { isAboutAccess, namesOf } from './argo-cd-judge.ts';
import { type Finding, failed, ok, skipped, warning } from './check.ts';
import type { AnyObject, Seen } from './cluster-reader.ts';

export interface FluxFacts {
  readonly gitRepositories: Seen<readonly AnyObject[]>;
  readonly kustomizations: Seen<readonly AnyObject[]>;
}

export interface FluxSubject {
  readonly namespace: NamespaceName;
  readonly settings: Namespace;
  /** Nothing was committed yet: Flux cannot fetch, and that is no fault. */
  readonly isEmpty: boolean;
}

const bootstrapMend = 'run "towpath bootstrap flux --apply"';
const credentialsMend = 'check the credentials of the GitRepository; "towpath bootstrap flux" says how they are made';

const GitRepositorySpec = z.object({
  url: z.string(),
  ref: z.object({ branch: z.string().optional(), name: z.string().optional() }).optional(),
  suspend: z.boolean().default(false),
});
const KustomizationSpec = z.object({
  path: z.string().default('./'),
  prune: z.boolean().default(false),
  suspend: z.boolean().default(false),
  sourceRef: z.object({ kind: z.string(), name: z.string(), namespace: z.string().optional() }),
});
const Conditions = z.object({
  conditions: z.array(z.object({ type: z.string(), status: z.string(), message: z.string().default('') })).default([]),
});

export function judgeFlux(subject: FluxSubject, facts: FluxFacts): readonly Finding[] {
  return [...judgeGitRepository(subject, facts.gitRepositories), ...judgeKustomizations(subject, facts.kustomizations)];
}

/** Whether Flux has an object about the repository: the engine by which a namespace is applied. */
export function fluxFollows({ settings }: FluxSubject, { gitRepositories }: FluxFacts): boolean {
  if (gitRepositories.kind !== 'found') return false;
  return gitRepositories.value.some(({ spec }) => {
    const url = GitRepositorySpec.safeParse(spec).data?.url;
    return url !== undefined && sameRepository(url, settings.repository);
  });
}

function judgeGitRepository(
  { namespace, settings, isEmpty }: FluxSubject,
  seen: FluxFacts['gitRepositories'],
): readonly Finding[] {
  const name = gitRepositoryName(namespace, settings.flux);
  const where = settings.flux.namespace;
  if (seen.kind === 'forbidden') return [skipped('GitRepository', `these rights do not show those of ${where}`)];
  if (seen.kind === 'missing')
    return [failed('GitRepository', 'the cluster serves none of version v1', 'install Flux 2.5 or later')];
  const object = seen.value.find(({ metadata }) => metadata.name === name);
  const spec = GitRepositorySpec.safeParse(object?.spec).data;
  if (!object || !spec) return [failed('GitRepository', `there is no ${name} in ${where}`, bootstrapMend)];
  const branch = spec.ref?.name?.replace(/^refs\/heads\//, '') ?? spec.ref?.branch ?? 'master';
  const wrong = [
    ...(sameRepository(spec.url, settings.repository)
      ? []
      : [`follows ${spec.url}, but the listener writes ${settings.repository}`]),
    ...(branch === settings.branch ? [] : [`follows ${branch}, but the listener writes ${settings.branch}`]),
  ];
  if (wrong.length > 0) return wrong.map((why) => failed('GitRepository', `${name} ${why}`, bootstrapMend));
  if (spec.suspend)
    return [failed('GitRepository', `${name} is suspended`, `run "flux resume source git ${name} -n ${where}"`)];
  const trouble = troubleOf(object);
  if (trouble === null) return [ok('GitRepository', `${name} follows ${branch}`)];
  if (isEmpty && !isAboutAccess(trouble)) return [ok('GitRepository', `${name} waits for the first commit`)];
  return [failed('GitRepository', `${name}: ${trouble}`, credentialsMend)];
}

function judgeKustomizations(subject: FluxSubject, seen: FluxFacts['kustomizations']): readonly Finding[] {
  if (seen.kind === 'forbidden') return [skipped('root Kustomization', 'these rights do not show it')];
  if (seen.kind === 'missing')
    return [failed('root Kustomization', 'the cluster serves none of version v1', 'install Flux 2.5 or later')];
  const source = gitRepositoryName(subject.namespace, subject.settings.flux);
  const about = seen.value.flatMap((object) => {
    const spec = KustomizationSpec.safeParse(object.spec).data;
    return spec?.sourceRef.name === source && spec.sourceRef.kind === 'GitRepository'
      ? [{ object, spec, path: plainPath(spec.path) }]
      : [];
  });
  const root = about.find(({ path }) => path === fluxFolder);
  const children = about.filter(({ object }) => object.metadata.labels?.[ownLabels.deployment] !== undefined);
  const foreign = about.filter(
    (one) =>
      !children.includes(one) && (one.path === '' || one.path === 'deployments' || one.path.startsWith('deployments/')),
  );
  return [
    ...(root
      ? judgeRoot(subject, root.object, root.spec)
      : [failed('root Kustomization', `none applies ${fluxFolder}/ of ${source}`, bootstrapMend)]),
    ...judgeChildren(children.map(({ object }) => object)),
    ...(foreign.length === 0 ? [] : [doubleManagement(foreign.map(({ object }) => object))]),
  ];
}

function judgeRoot(
  { settings }: FluxSubject,
  object: AnyObject,
  spec: z.infer<typeof KustomizationSpec>,
): readonly Finding[] {
  const { name } = object.metadata;
  if (spec.suspend) {
    const mend = `run "flux resume kustomization ${name} -n ${settings.flux.namespace}"`;
    return [failed('root Kustomization', `${name} is suspended`, mend)];
  }
  if (!spec.prune)
    return [warning('root Kustomization', `${name} does not prune: what is removed stays`, bootstrapMend)];
  const trouble = troubleOf(object);
  if (trouble === null) return [ok('root Kustomization', `${name} applies ${fluxFolder}/, and prunes`)];
  // There is nothing to apply before the first deployment.
  if (/path not found|Source artifact not found|artifact/i.test(trouble))
    return [ok('root Kustomization', `${name} waits: ${trouble}`)];
  return [failed('root Kustomization', `${name}: ${trouble}`, 'see "flux events"; mend what it names')];
}

function judgeChildren(children: readonly AnyObject[]): readonly Finding[] {
  const suspended = children.filter(({ spec }) => KustomizationSpec.safeParse(spec).data?.suspend);
  const ill = children.filter((one) => !suspended.includes(one) && troubleOf(one) !== null);
  const [first] = ill;
  return [
    ...(suspended.length === 0
      ? []
      : [
          warning(
            'Kustomizations',
            `${namesOf(suspended)}: suspended, so that nothing of them is applied or deleted`,
            'run "flux resume kustomization"',
          ),
        ]),
    ...(first === undefined
      ? []
      : [warning('Kustomizations', `${namesOf(ill)}: ${troubleOf(first)}`, 'see "flux get kustomizations"')]),
    ...(suspended.length + ill.length === 0 ? [ok('Kustomizations', `${children.length}, none with an error`)] : []),
  ];
}

function doubleManagement(kustomizations: readonly AnyObject[]): Finding {
  const message = `${namesOf(kustomizations)} apply the same folders beside Towpath’s own`;
  return warning('Kustomizations', message, 'set their deletionPolicy to Orphan, then delete them');
}

/** Null: ready, or not yet known. */
function troubleOf({ status }: AnyObject): string | null {
  const conditions = Conditions.safeParse(status ?? {}).data?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === 'Ready');
  return ready?.status === 'False' ? ready.message : null;
}

function plainPath(path: string): string {
  return path.replace(/^\.?\/+|\/+$/g, '').replace(/^\.$/, '');
}
