/** What a reviewer must not overlook, in plain sentences, the gravest first; some of it also becomes a label. */
import type { ChangedFile } from '../change/files.ts';
import type { ChangedObject, UnreadableFile } from '../change/objects.ts';
import type { ChangedEndpoints } from '../change/routes.ts';
import type { ChangedScale } from '../change/scale.ts';
import type { ChangedVolume } from '../change/storage.ts';
import type { ChangedPod } from '../change/workloads.ts';
import { deletionRisks, statefulRisks, storageRisks } from './data.ts';
import { takenBackRisks, takeoverRisks, unreadableRisks } from './files.ts';
import { imageRisks, scaleRisks } from './image.ts';
import { networkRisks, routeRisks } from './network.ts';
import { podRisks, rightsRisks } from './pods.ts';

export const riskLabels = [
  'deletes',
  'overwrites',
  'stateful',
  'downgrade',
  'latest-tag',
  'privileged',
  'public',
] as const;
export type RiskLabel = (typeof riskLabels)[number];

export interface Risk {
  /** Null: worth a sentence, but nothing to filter by. */
  readonly label: RiskLabel | null;
  /** One Markdown sentence, or a few; what comes from outside is escaped in it. */
  readonly text: string;
}

/** A change, read: all that rules judge by. */
export interface ReadChange {
  readonly kind: 'deploy' | 'restore' | 'rerender' | 'remove' | 'reseal' | 'adopt';
  readonly deletesData: boolean;
  /** Whether the base holds a folder, and whether Towpath wrote it. */
  readonly base: 'nothing' | 'ours' | 'foreign';
  readonly objects: readonly ChangedObject[];
  readonly unreadable: readonly UnreadableFile[];
  readonly pods: readonly ChangedPod[];
  readonly scales: readonly ChangedScale[];
  readonly endpoints: ChangedEndpoints;
  readonly volumes: readonly ChangedVolume[];
  readonly files: readonly ChangedFile[];
  /** What of people's changes goes with it; null: nothing that is known. */
  readonly takenBack: { readonly sentence: string; readonly lines: readonly string[] } | null;
}

const rules: readonly ((change: ReadChange) => readonly Risk[])[] = [
  deletionRisks,
  takenBackRisks,
  statefulRisks,
  storageRisks,
  takeoverRisks,
  podRisks,
  rightsRisks,
  routeRisks,
  networkRisks,
  imageRisks,
  scaleRisks,
  unreadableRisks,
];

export function reviewRisks(change: ReadChange): readonly Risk[] {
  const found = new Map(rules.flatMap((rule) => rule(change)).map((risk) => [risk.text, risk]));
  return [...found.values()];
}

/** Those of risks that are there, in the order of `riskLabels`. */
export function labelsOf(risks: readonly Risk[]): readonly RiskLabel[] {
  const found = new Set(risks.map((risk) => risk.label));
  return riskLabels.filter((label) => found.has(label));
}
