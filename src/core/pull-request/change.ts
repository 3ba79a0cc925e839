/** A change as its pull request tells it: read from the manifests of both sides, judged, and put into rows. */
import type { DeploymentId, DeploymentName, NamespaceName } from '../../domain/identifiers.ts';
import type { EngineKind } from '../../domain/live-object.ts';
import type { Requester } from '../../domain/requester.ts';
import { type EnvironmentChange, environmentChanges, environmentFacts, secretFacts } from '../change/environment.ts';
import { type ChangeRow, type Fact, rowsOf } from '../change/facts.ts';
import { type ChangedFile, changedFiles } from '../change/files.ts';
import { changedObjects } from '../change/objects.ts';
import { objectFacts, otherFacts } from '../change/other.ts';
import { changedEndpoints, endpointFacts } from '../change/routes.ts';
import { changedScales, scaleFacts } from '../change/scale.ts';
import { changedVolumes, storageFacts } from '../change/storage.ts';
import { compareText, listed } from '../change/words.ts';
import { changedPods, imageFacts, imageOf, resourceFacts } from '../change/workloads.ts';
import type { Provenance } from '../provenance.ts';
import type { ReadChange, Risk } from '../risk/read-change.ts';
import { reviewRisks } from '../risk/risk.ts';
import { code } from './text.ts';

export interface ReviewedChange {
  readonly kind: 'deploy' | 'restore' | 'rerender' | 'remove' | 'reseal' | 'adopt';
  readonly namespace: NamespaceName;
  readonly deployment: { readonly id: DeploymentId; readonly name: DeploymentName };
  /** `deployments/<resource name>`. */
  readonly path: string;
  /** The folder's files on the base, by path from the folder; null: there is none. */
  readonly before: ReadonlyMap<string, string> | null;
  /** As proposed; null: removed. */
  readonly after: ReadonlyMap<string, string> | null;
  readonly provenance: { readonly before: Provenance | null; readonly after: Provenance | null };
  /** `trailers` are the last lines of its message. */
  readonly commit: { readonly subject: string; readonly why: string | null; readonly trailers?: string };
  readonly requester: Requester | null;
  readonly requestedAt: Date | null;
  /** What of people's changes goes with it. */
  readonly takenBack?: { readonly sentence: string; readonly lines: readonly string[] } | null;
  /** Base of the control plane's pages. */
  readonly controlPlane: string;
  readonly engine: EngineKind | null;
  /** What the configuration says of data: `deletion.data: delete`. */
  readonly deletesData: boolean;
}

export interface ToldChange {
  readonly rows: readonly ChangeRow[];
  readonly risks: readonly Risk[];
  readonly environment: readonly EnvironmentChange[];
  readonly files: readonly ChangedFile[];
  /** Of the agent itself, as written. */
  readonly image: { readonly before: string | null; readonly after: string | null };
  /** Every image that is proposed, whole, with all of its digest. */
  readonly images: readonly string[];
}

export function tellChange(change: ReviewedChange): ToldChange {
  const { provenance } = change;
  const { objects, unreadable, components } = changedObjects(change.before, change.after);
  const pods = changedPods(objects);
  const revisions = { before: provenance.before?.revisionId ?? null, after: provenance.after?.revisionId ?? null };
  const environment = change.kind === 'remove' ? [] : environmentChanges(pods, revisions);
  const files = changedFiles(change.before, change.after);
  const read: ReadChange = {
    kind: change.kind,
    deletesData: change.deletesData,
    base: baseOf(change),
    objects,
    unreadable,
    pods,
    scales: changedScales(objects, pods),
    endpoints: changedEndpoints(objects),
    volumes: changedVolumes(objects),
    files,
    takenBack: change.takenBack ?? null,
  };
  return {
    rows: rowsOf([
      ...mainFacts(read),
      ...(change.kind === 'remove' ? [] : finerFacts(change, read, environment, components)),
    ]),
    risks: reviewRisks(read),
    environment,
    files,
    image: agentImage(change, read),
    images: imagesOf(read),
  };
}

function mainFacts({ pods, scales, endpoints, volumes }: ReadChange): readonly Fact[] {
  return [...imageFacts(pods), ...scaleFacts(scales), ...endpointFacts(endpoints), ...storageFacts(volumes)];
}

function finerFacts(
  change: ReviewedChange,
  { pods, objects }: ReadChange,
  environment: readonly EnvironmentChange[],
  components: { readonly before: readonly string[]; readonly after: readonly string[] },
): readonly Fact[] {
  const { before, after } = change.provenance;
  const names = (list: readonly string[]): string | null =>
    list.length === 0 ? null : listed(list.map((one) => code(one)));
  const single = (topic: string, old: string | null, young: string | null): Fact => {
    return { topic, part: null, before: old && code(old), after: young && code(young) };
  };
  return [
    ...resourceFacts(pods),
    ...environmentFacts(environment),
    ...secretFacts(pods),
    ...(change.before === null ? [] : [...objectFacts(objects), ...otherFacts(objects)]),
    { topic: 'Components', part: null, before: names(components.before), after: names(components.after) },
    single('Template set', shortTemplate(before), shortTemplate(after)),
    single('Towpath', before?.towpathVersion ?? null, after?.towpathVersion ?? null),
  ];
}

function shortTemplate(provenance: Provenance | null): string | null {
  return provenance?.template.replace(/@sha256:([0-9a-f]{12})[0-9a-f]*$/, '@$1') ?? null;
}

function baseOf({ before, provenance }: ReviewedChange): ReadChange['base'] {
  if (before === null) return 'nothing';
  return provenance.before === null ? 'foreign' : 'ours';
}

/** PROVENANCE knows; where it is silent, the first workload that is called the API, or the first at all. */
function agentImage({ provenance }: ReviewedChange, { pods }: ReadChange): ToldChange['image'] {
  const main = pods.find(({ object }) => object.component === 'api' || object.component === 'agent') ?? pods[0];
  const container = main?.containers.find(({ part }) => part === main.part);
  return {
    before: provenance.before?.image ?? imageOf(container?.before),
    after: provenance.after?.image ?? imageOf(container?.after),
  };
}

function imagesOf({ pods }: ReadChange): readonly string[] {
  const images = pods.flatMap((pod) => pod.containers.map(({ after }) => imageOf(after)));
  return [...new Set(images.filter((image) => image !== null))].sort(compareText);
}
