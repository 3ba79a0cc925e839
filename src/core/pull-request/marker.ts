/** The hidden last line of a pull request's body: what it is about, and whether Towpath itself closed it. */
import { z } from 'zod';
import { DeploymentId, ListenerId, RevisionId } from '../../domain/identifiers.ts';
import { plainLine } from '../plain-line.ts';
import { Change } from '../provenance.ts';
import { prose } from './text.ts';

const Marker = z
  .object({
    deploymentId: DeploymentId,
    revisionId: RevisionId,
    change: Change,
    inputsDigest: z.string().min(1).max(300),
    listenerId: ListenerId,
    /** Why Towpath closed it; null: it did not. */
    closed: z.string().nullable(),
  })
  .readonly();
export type Marker = z.infer<typeof Marker>;

/** What `closedBody` may add to a body, so that one at the limit can still be closed. */
export const roomForClosing = 4000;
const reasonLimit = 300;

/** Forges turn line ends around and people write below it, so the last line that is a marker counts. */
export function readMarker(body: string): Marker | null {
  for (const line of body.split(/\r?\n/).toReversed()) {
    const text = markerLine.exec(line)?.[1];
    const marker = text === undefined ? null : parseMarker(text);
    if (marker) return marker;
  }
  return null;
}

/** Below it stand the trailers that a squash by this text leaves on the base; absent: those that are there stay. */
export function withMarker(body: string, marker: Marker, trailers = trailersBelow(body)): string {
  const closed = marker.closed === null ? null : plainLine(marker.closed, reasonLimit);
  const { deploymentId, revisionId, change, inputsDigest, listenerId } = marker;
  const json = JSON.stringify({ deploymentId, revisionId, change, inputsDigest, listenerId, closed });
  // Neither `-->` nor anything else of HTML can stand in it.
  const hidden = json.replace(/[<>&]|-(?=-)|[^ -~]/g, escaped);
  const shown = withoutMarkers(withoutTrailersBelow(body)).trimEnd();
  return `${shown}\n\n<!-- towpath ${hidden} -->\n${trailers === '' ? '' : `\n${trailers}\n`}`;
}

/** The body of one that Towpath closes: the reason at its top, and in the hidden line. */
export function closedBody(body: string, reason: string): string {
  const marker = readMarker(body);
  const line = plainLine(reason, reasonLimit);
  const rest = body.replace(notice, '');
  const told = `${noticeStart} ${prose(line, reasonLimit)}\n\n${rest}`;
  return marker ? withMarker(told, { ...marker, closed: line }) : told;
}

/** What follows the hidden line, where it is nothing but trailers. */
const below = /^([ \t]*<!-- towpath \{.*\} -->)[ \t]*\n\n((?:[A-Z][A-Za-z-]*: \S.*(?:\n|$))+)/m;

function trailersBelow(body: string): string {
  return below.exec(body.replaceAll('\r\n', '\n'))?.[2]?.trimEnd() ?? '';
}

function withoutTrailersBelow(body: string): string {
  const text = body.replaceAll('\r\n', '\n');
  return below.test(text) ? text.replace(below, '$1\n') : body;
}

const markerLine = /^\s*<!-- towpath (\{.*\}) -->\s*$/;
const noticeStart = '> **Closed by Towpath:**';
const notice = /^> \*\*Closed by Towpath:\*\* [^\r\n]*(?:\r?\n)*/;

function withoutMarkers(body: string): string {
  return body
    .split(/\r?\n/)
    .filter((line) => !markerLine.test(line))
    .join('\n');
}

function parseMarker(text: string): Marker | null {
  try {
    const parsed = Marker.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
