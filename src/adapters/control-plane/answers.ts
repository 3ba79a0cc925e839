/** What a control plane answers, which may be newer than we are: what it adds is dropped and told, and stops nobody. */
import { z } from 'zod';
import { tolerant, unknownFields } from '../../domain/answer.ts';
import { Desired, DesiredPage } from '../../domain/desired.ts';
import type { DeploymentId } from '../../domain/identifiers.ts';
import { LastReport, Outcome, type Report, Stage } from '../../domain/report.ts';
import { ResourceSpec } from '../../domain/resource-spec.ts';
import { Specification } from '../../domain/specification.ts';
import type { Log } from '../../ports.ts';

export const AnsweredInfo = z.object({
  version: z.string(),
  features: z
    .array(z.unknown())
    .transform((features) => features.filter((feature) => typeof feature === 'string'))
    .catch([]),
});

export const AnsweredResourceSpec = tolerant(ResourceSpec);

/** A newer listener may have said of it what we cannot read: what it committed is known all the same. */
const AnsweredLastReport = z.preprocess((value) => {
  if (typeof value !== 'object' || value === null) return value;
  const said = value as Readonly<Record<string, unknown>>;
  const stage = Stage.safeParse(said['stage']).data ?? (said['commit'] ? 'committed' : 'queued');
  return { ...said, stage, outcome: Outcome.safeParse(said['outcome']).data ?? 'progressing' };
}, tolerant(LastReport).nullable());

const answeredKinds = Desired.options.map((option) => tolerant(option).extend({ lastReport: AnsweredLastReport }));
const AnsweredDesired = z.union(answeredKinds);

const AnsweredSpecification = tolerant(Specification);

/** `onResourceSpec` sees it as it came. */
export function answeredSpecification(onResourceSpec: (resourceSpec: unknown) => void): z.ZodType<Specification> {
  return z.preprocess((answer) => {
    onResourceSpec((answer as { readonly resourceSpec?: unknown } | null)?.resourceSpec);
    return answer;
  }, AnsweredSpecification);
}

/** Absence means nothing, so what cannot be read is left out: the others go on. */
export function answeredPage(log: Pick<Log, 'warn'>): z.ZodType<DesiredPage> {
  return DesiredPage.extend({
    items: z.array(z.unknown()).transform((items) =>
      items.flatMap((item): Desired[] => {
        const read = AnsweredDesired.safeParse(item);
        if (read.success) return [read.data as Desired];
        const advice = 'this version of Towpath cannot read it; a newer one may';
        log.warn('Left out a deployment that the control plane wants', { ...namesOf(item), advice });
        return [];
      }),
    ),
  }) as unknown as z.ZodType<DesiredPage>;
}

function namesOf(item: unknown): { readonly deployment: string; readonly kind: string } {
  const { kind, deploymentId } = (item ?? {}) as Readonly<Record<string, unknown>>;
  return { deployment: String(deploymentId).slice(0, 100), kind: String(kind).slice(0, 100) };
}

/** Tells once of each deployment which fields of its specification have no effect here. */
export function ignoredFieldsTeller(log: Pick<Log, 'warn'>): (deployment: DeploymentId, resourceSpec: unknown) => void {
  const told = new Map<DeploymentId, string>();
  return (deployment, resourceSpec) => {
    const fields = unknownFields(ResourceSpec, resourceSpec).map((field) => `resource_spec.${field}`);
    const text = fields.join(', ');
    if (text === (told.get(deployment) ?? '')) return;
    told.set(deployment, text);
    const advice = 'this version of Towpath does not know them; a newer one may';
    if (text !== '') log.warn('Fields of a deployment have no effect', { deployment, fields: text, advice });
  };
}

/** Which reports were of no use; whoever does not say has taken them all. */
export const AnsweredReports = z
  .object({ ignored: z.array(z.object({ index: z.number(), why: z.string() })) })
  .catch({ ignored: [] });

/**
 * About a deployment this is nothing to worry about: it may be gone before its last report arrives. A namespace that the
 * listener is not registered for is a mistake, which nothing else would show.
 */
export function tellDropped(
  log: Pick<Log, 'warn'>,
  reports: readonly Report[],
  ignored: z.infer<typeof AnsweredReports>['ignored'],
): void {
  const dropped = ignored.filter(({ index }) => reports[index]?.kind === 'lane');
  const [first] = dropped;
  if (first === undefined) return;
  const fields = { reports: dropped.length, why: first.why.slice(0, 300) };
  log.warn('The control plane does not keep what is reported about repositories', fields);
}
