/** Whether Argo CD has what it needs for one namespace, and nothing that works against it. */
import { z } from 'zod';
import { projectName } from '../../core/bootstrap/argo-cd.ts';
import type { EmittedKind } from '../../core/bootstrap/kinds.ts';
import { sameRepository } from '../../core/repository-url.ts';
import type { Namespace } from '../../domain/configuration-namespace.ts';
import type { NamespaceName } from '../../domain/identifiers.ts';
import { type Finding, failed, ok, skipped, warning } from './check.ts';
import type { AnyObject, Seen } from './cluster-reader.ts';

export interface ArgoCdFacts {
  readonly project: Seen<AnyObject>;
  readonly applicationSets: Seen<readonly AnyObject[]>;
  readonly applications: Seen<readonly AnyObject[]>;
}

interface ArgoCdSubject {
  readonly namespace: NamespaceName;
  readonly settings: Namespace;
  readonly kinds: readonly EmittedKind[];
  /** Nothing was committed yet: Argo CD finds no branch, and that is no fault. */
  readonly isEmpty: boolean;
}

const bootstrapMend = 'run "towpath bootstrap argo-cd --apply"';

const Condition = z.object({ type: z.string(), status: z.string().default('True'), message: z.string().default('') });
const Conditions = z.object({ conditions: z.array(Condition).default([]) });
const Source = z.object({
  repoURL: z.string().default(''),
  targetRevision: z.string().default('HEAD'),
  path: z.string().default(''),
});
const Automated = z.object({
  prune: z.boolean().default(false),
  selfHeal: z.boolean().default(false),
  enabled: z.boolean().default(true),
});
const ApplicationSpec = z.object({
  project: z.string().default(''),
  source: Source.optional(),
  destination: z.object({ namespace: z.string().default('') }).optional(),
  syncPolicy: z.object({ automated: Automated.nullish() }).nullish(),
});
const ApplicationSetSpec = z.object({
  generators: z.array(
    z.object({
      git: z
        .object({
          repoURL: z.string(),
          revision: z.string(),
          directories: z.array(z.object({ path: z.string() })).nullish(),
        })
        .optional(),
    }),
  ),
  syncPolicy: z.object({ applicationsSync: z.string().default('sync') }).nullish(),
  template: z.object({ spec: ApplicationSpec }),
});
type ApplicationSetSpec = z.infer<typeof ApplicationSetSpec>;
const ProjectSpec = z.object({
  sourceRepos: z.array(z.string()).default([]),
  destinations: z.array(z.object({ namespace: z.string().default('') })).default([]),
  namespaceResourceWhitelist: z.array(z.object({ group: z.string(), kind: z.string() })).nullish(),
});

export function judgeArgoCd(subject: ArgoCdSubject, facts: ArgoCdFacts): readonly Finding[] {
  const sets = setsOf(subject, facts);
  return [
    ...judgeSets(subject, facts.applicationSets, sets),
    ...judgeProject(subject, facts.project),
    ...judgeApplications(subject, facts.applications, sets),
  ];
}

/** Whether anything in Argo CD is about the repository: the engine by which a namespace is applied. */
export function argoCdFollows(subject: ArgoCdSubject, facts: ArgoCdFacts): boolean {
  const applications = facts.applications.kind === 'found' ? facts.applications.value : [];
  return setsOf(subject, facts).length > 0 || applications.some((one) => follows(subject, one));
}

interface OurSet {
  readonly name: string;
  readonly spec: ApplicationSetSpec;
  readonly object: AnyObject;
}

function setsOf({ settings }: ArgoCdSubject, { applicationSets }: ArgoCdFacts): readonly OurSet[] {
  if (applicationSets.kind !== 'found') return [];
  return applicationSets.value.flatMap((object) => {
    const spec = ApplicationSetSpec.safeParse(object.spec).data;
    const isOurs = spec?.generators.some(({ git }) => git && sameRepository(git.repoURL, settings.repository));
    return spec && isOurs ? [{ name: object.metadata.name, spec, object }] : [];
  });
}

function judgeSets(
  subject: ArgoCdSubject,
  seen: ArgoCdFacts['applicationSets'],
  sets: readonly OurSet[],
): readonly Finding[] {
  const { settings } = subject;
  const where = settings.argoCd.namespace;
  if (seen.kind === 'forbidden') return [skipped('ApplicationSet', `these rights do not show those of ${where}`)];
  if (seen.kind === 'missing') return [failed('ApplicationSet', 'the cluster knows no such kind', 'install Argo CD')];
  if (sets.length === 0) {
    return [failed('ApplicationSet', `none in ${where} follows ${settings.repository}`, bootstrapMend)];
  }
  return [...sets.flatMap((set) => judgeSet(subject, set)), ...tooMany(sets)];
}

function tooMany(sets: readonly OurSet[]): readonly Finding[] {
  if (sets.length < 2) return [];
  const message = `${sets.map(({ name }) => name).join(' and ')} follow the same repository`;
  return [warning('ApplicationSet', message, 'delete all but one, or their Applications fight over the deployments')];
}

function judgeSet({ settings, isEmpty }: ArgoCdSubject, { name, spec, object }: OurSet): readonly Finding[] {
  const git = spec.generators.find((generator) => generator.git)?.git;
  const wrong = [
    ...(branchOf(git?.revision ?? '') === settings.branch
      ? []
      : [`follows ${git?.revision}, but the listener writes ${settings.branch}`]),
    ...(spec.template.spec.project.includes('{{') ? ['takes the project from what is in git'] : []),
  ];
  const automated = spec.template.spec.syncPolicy?.automated;
  const doubtful = [
    ...((spec.syncPolicy?.applicationsSync ?? 'sync') === 'sync'
      ? []
      : ['does not delete the Application of a removed deployment']),
    ...(automated?.enabled ? [] : ['does not sync by itself']),
    ...(automated?.prune ? [] : ['does not prune']),
    ...(automated?.selfHeal ? [] : ['does not self-heal']),
  ];
  const errors = conditionsOf(object)
    .filter(({ type, status }) => type === 'ErrorOccurred' && status === 'True')
    .filter(({ message }) => !isEmpty || isAboutAccess(message));
  const found = [
    ...wrong.map((why) => failed('ApplicationSet', `${name} ${why}`, bootstrapMend)),
    ...doubtful.map((why) => warning('ApplicationSet', `${name} ${why}`, bootstrapMend)),
    ...errors.map(({ message }) =>
      failed('ApplicationSet', `${name}: ${message}`, 'see what Argo CD’s credentials for the repository are'),
    ),
  ];
  return found.length > 0 ? found : [ok('ApplicationSet', `${name} follows ${settings.branch}, prunes and self-heals`)];
}

function judgeProject({ namespace, settings, kinds }: ArgoCdSubject, seen: Seen<AnyObject>): readonly Finding[] {
  const name = projectName(namespace, settings);
  if (seen.kind === 'forbidden') return [skipped('AppProject', 'these rights do not show it')];
  if (seen.kind === 'missing')
    return [failed('AppProject', `there is no ${name} in ${settings.argoCd.namespace}`, bootstrapMend)];
  const spec = ProjectSpec.parse(seen.value.spec ?? {});
  const allowed = spec.namespaceResourceWhitelist;
  const refused = kinds.filter(
    ({ group, kind }) => allowed && !allowed.some((one) => fits(one.group, group) && fits(one.kind, kind)),
  );
  const problems = [
    ...(spec.sourceRepos.some((url) => url === '*' || sameRepository(url, settings.repository))
      ? []
      : [`does not allow ${settings.repository}`]),
    ...(spec.destinations.some((one) => fits(one.namespace, namespace))
      ? []
      : [`does not allow the namespace ${namespace}`]),
    ...(refused.length === 0 ? [] : [`does not allow ${refused.map(({ kind }) => kind).join(', ')}`]),
  ];
  if (problems.length > 0) return problems.map((why) => failed('AppProject', `${name} ${why}`, bootstrapMend));
  return [ok('AppProject', `${name} allows the repository, the namespace and every kind`)];
}

function judgeApplications(
  subject: ArgoCdSubject,
  seen: ArgoCdFacts['applications'],
  sets: readonly OurSet[],
): readonly Finding[] {
  if (seen.kind === 'forbidden') return [skipped('Applications', 'these rights do not show them')];
  if (seen.kind === 'missing') return [];
  const about = seen.value.filter((one) => follows(subject, one));
  const isOurs = (one: AnyObject): boolean =>
    one.metadata.ownerReferences?.some(
      ({ kind, name }) => kind === 'ApplicationSet' && sets.some((set) => set.name === name),
    ) ?? false;
  const foreign = about.filter((one) => !isOurs(one));
  const ill = about.filter((one) => isOurs(one) && conditionsOf(one).some(({ type }) => type.endsWith('Error')));
  return [
    ...(foreign.length === 0 ? [] : [doubleManagement(foreign)]),
    ...(ill.length === 0 ? [] : [illness(ill)]),
    ...(foreign.length + ill.length === 0 ? [ok('Applications', `${about.length}, none with an error`)] : []),
  ];
}

function doubleManagement(applications: readonly AnyObject[]): Finding {
  const message = `${namesOf(applications)} apply the same folders outside the ApplicationSet`;
  return warning('Applications', message, 'delete them without their resources: "argocd app delete --cascade=false"');
}

function illness(applications: readonly AnyObject[]): Finding {
  const first = applications.flatMap(conditionsOf).find(({ type }) => type.endsWith('Error'));
  return warning('Applications', `${namesOf(applications)}: ${first?.type} ${first?.message}`, 'see "argocd app get"');
}

function follows({ settings }: ArgoCdSubject, { spec }: AnyObject): boolean {
  const source = ApplicationSpec.safeParse(spec).data?.source;
  if (source === undefined || !sameRepository(source.repoURL, settings.repository)) return false;
  const path = source.path.replace(/^\.?\/+|\/+$/g, '');
  return path === '' || path === '.' || path === 'deployments' || path.startsWith('deployments/');
}

function conditionsOf({ status }: AnyObject): readonly z.infer<typeof Condition>[] {
  return Conditions.safeParse(status ?? {}).data?.conditions ?? [];
}

/** What stays wrong when the first commit is there. */
export function isAboutAccess(message: string): boolean {
  return /authenti|authoriz|permission|denied|forbidden|credential|certificate|secret|host key|not permitted/i.test(
    message,
  );
}

export function namesOf(objects: readonly AnyObject[]): string {
  const names = objects.slice(0, 3).map(({ metadata }) => metadata.name);
  return `${names.join(', ')}${objects.length > 3 ? ` and ${objects.length - 3} more` : ''}`;
}

function branchOf(revision: string): string {
  return revision.replace(/^refs\/heads\//, '');
}

/** Argo CD's patterns, as far as they are used here: a whole word, or a part before `*`. */
function fits(pattern: string, value: string): boolean {
  return pattern === value || (pattern.endsWith('*') && value.startsWith(pattern.slice(0, -1)));
}
