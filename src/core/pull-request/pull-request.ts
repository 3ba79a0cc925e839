/** What a reviewer reads of a change: title, body and labels of its pull request, and the risks that it names. */
import type { PullRequestContent, PullRequestTemplates } from '../../domain/pull-request.ts';
import type { Risk } from '../risk/read-change.ts';
import { labelsOf } from '../risk/risk.ts';
import { defaultBody } from './body.ts';
import { type ReviewedChange, type ToldChange, tellChange } from './change.ts';
import { type Marker, roomForClosing, withMarker } from './marker.ts';
import { squashTrailers } from './squash-trailers.ts';
import { renderBody, renderTitle } from './template.ts';
import { titleText } from './text.ts';

export type { Risk } from '../risk/read-change.ts';
export type { ReviewedChange } from './change.ts';
export { closedBody, type Marker, readMarker, withMarker } from './marker.ts';

export interface PullRequestSettings {
  /** Of every pull request, beside those of its risks. */
  readonly labels: readonly string[];
  readonly templates: PullRequestTemplates;
  /** Characters of a body, by the forge. */
  readonly limit: number;
}

export function pullRequestContent(
  change: ReviewedChange,
  settings: PullRequestSettings,
): PullRequestContent & { readonly risks: readonly Risk[] } {
  const told = tellChange(change);
  const { templates, labels, limit } = settings;
  const title = templates.title === null ? '' : renderTitle(templates.title, change, told);
  return {
    title: title === '' ? titleText(change.commit.subject, 72) : title,
    body: bodyOf(change, told, templates.body, limit),
    labels: [...new Set([...labels, ...labelsOf(told.risks)])],
    risks: told.risks,
  };
}

/** A body at the limit must still take the marker, and the words with which it is closed. */
function bodyOf(change: ReviewedChange, told: ToldChange, template: string | null, limit: number): string {
  const marker = markerOf(change);
  const trailers = squashTrailers(change.commit.trailers ?? '');
  const room = limit - roomForClosing - (marker ? withMarker('', marker, trailers).length : 0);
  const body = template === null ? defaultBody(change, told, room) : renderBody(template, change, told, room);
  return marker ? withMarker(body, marker, trailers) : body;
}

/** Null where neither side has a PROVENANCE: then nothing tells whose it is. */
function markerOf({ kind, deployment, provenance }: ReviewedChange): Marker | null {
  const known = provenance.after ?? provenance.before;
  if (known === null) return null;
  const { revisionId, inputsDigest, listenerId } = known;
  return { deploymentId: deployment.id, revisionId, change: kind, inputsDigest, listenerId, closed: null };
}
