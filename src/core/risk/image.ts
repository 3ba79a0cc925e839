/** Risks of what runs: images that go back or move by themselves, pods that vanish, probes that are gone. */

import { fieldAt } from '../../domain/object-fields.ts';
import { listed } from '../change/words.ts';
import { type ChangedContainer, imageOf } from '../change/workloads.ts';
import { code } from '../pull-request/text.ts';
import { type ImageConcern, imageConcerns } from './image-name.ts';
import type { ReadChange, Risk } from './read-change.ts';

/** Parts with the same concern share a sentence. */
export function imageRisks({ pods }: ReadChange): readonly Risk[] {
  const found = new Map<string, { readonly concern: ImageConcern; readonly parts: readonly string[] }>();
  for (const { part, before, after } of pods.flatMap((pod) => pod.containers)) {
    const image = imageOf(after);
    for (const concern of image === null ? [] : imageConcerns(imageOf(before), image)) {
      const key = JSON.stringify(concern);
      found.set(key, { concern, parts: [...(found.get(key)?.parts ?? []), part] });
    }
  }
  return [...found.values()].map(({ concern, parts }) => imageRisk(concern, listed(parts, 6)));
}

function imageRisk(concern: ImageConcern, parts: string): Risk {
  switch (concern.kind) {
    case 'downgrade':
      return {
        label: 'downgrade',
        text: `The image of ${parts} goes back from ${code(concern.from)} to ${code(concern.to)}.`,
      };
    case 'repository':
      return {
        label: null,
        text: `The image of ${parts} comes from another repository: ${code(concern.from)} → ${code(concern.to)}.`,
      };
    case 'moved':
      return { label: null, text: `The tag ${code(concern.tag)} of ${parts} stands for another image than before.` };
    case 'unpinned':
      return { label: null, text: `The image of ${parts} is no longer pinned to a digest.` };
    case 'floating': {
      const tag = concern.tag === null ? 'has no tag' : `has the tag ${code(concern.tag)}`;
      return {
        label: 'latest-tag',
        text: `The image of ${parts} ${tag} and no digest: what runs can change without a commit.`,
      };
    }
    default:
      return concern satisfies never;
  }
}

export function scaleRisks({ scales, pods, kind }: ReadChange): readonly Risk[] {
  if (kind === 'remove') return [];
  const stopped = scales.filter(({ before, after }) => after?.most === 0 && before?.most !== 0).map(({ part }) => part);
  const unprobed = pods.flatMap((pod) => pod.containers).flatMap(lostProbes);
  return [
    ...(stopped.length === 0 ? [] : [{ label: null, text: `No pod is left of ${listed(stopped)}: replicas go to 0.` }]),
    ...unprobed,
  ];
}

function lostProbes({ part, before, after }: ChangedContainer): readonly Risk[] {
  if (after === undefined) return [];
  const lost = ['startupProbe', 'readinessProbe', 'livenessProbe'].filter(
    (probe) => fieldAt(before, probe) !== undefined && fieldAt(after, probe) === undefined,
  );
  if (lost.length === 0) return [];
  return [{ label: null, text: `${part} is no longer probed: ${listed(lost.map((probe) => code(probe)))} removed.` }];
}
