/** A change as it was read, and the risks that are found in it. */

import type { ChangedObject } from '../change/changed-object.ts';
import type { ChangedFile } from '../change/files.ts';
import type { UnreadableFile } from '../change/objects.ts';
import type { ChangedEndpoints } from '../change/routes.ts';
import type { ChangedScale } from '../change/scale.ts';
import type { ChangedVolume } from '../change/storage.ts';
import type { ChangedPod } from '../change/workloads.ts';

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
