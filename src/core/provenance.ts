/** PROVENANCE: what a folder was laid down from. It is the listener's memory, and the commit's trailers. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { DeploymentId, ListenerId, RevisionId, WorkspaceId } from '../domain/identifiers.ts';
import { plainLine } from './plain-line.ts';

export const provenanceFile = 'PROVENANCE';

export const Change = z.enum(['deploy', 'rollback', 'remove', 'restore', 'rerender', 'reseal', 'adopt']);
export type Change = z.infer<typeof Change>;

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const word = z.string().regex(/^[!-~]{1,300}$/);
/** For people only: nothing is decided by it, so what does not fit counts as absent and spoils nothing. */
const told = {
  /** 1, 2, 3 … within its deployment; null where the control plane does not count. */
  revisionNumber: z.coerce.number().int().positive().nullable().catch(null).default(null),
  /** The older revision that this one deploys once more. */
  rollbackTo: RevisionId.nullable().catch(null).default(null),
  rollbackToNumber: z.coerce.number().int().positive().nullable().catch(null).default(null),
  /** `Ada <ada@example.com>`, with a mark where nobody proved it: who asked for the revision, or for its removal. */
  requestedBy: z.string().max(1000).nullable().catch(null).default(null),
  /** ISO 8601. */
  requestedAt: z.string().max(40).nullable().catch(null).default(null),
  /** Who let it happen by a command of Towpath's; null where nobody had to. */
  operator: z.string().max(500).nullable().catch(null).default(null),
  /** Why, for changes that nobody asked for by a revision. */
  why: z.string().max(1000).nullable().catch(null).default(null),
};

const Provenance = z
  .object({
    change: Change,
    deploymentId: DeploymentId,
    /** The revision that the folder holds; written as `Revision-Id` by `deploy` alone, as `Of-Revision` by others. */
    revisionId: RevisionId,
    ...told,
    workspaceId: WorkspaceId,
    listenerId: ListenerId,
    /** `<name>@sha256:<64 hex>`. */
    template: z.string().regex(/^[A-Za-z0-9._-]+@sha256:[0-9a-f]{64}$/),
    inputsDigest: digest,
    image: word,
    /** Null without secrets. */
    secretsVersion: word.nullable(),
    /** Name of the Secret that holds the client's secrets; with it their values need not be asked for again. */
    secretName: word.nullable(),
    /** Which key named the Secrets and made the passwords; null where none was needed. */
    keyId: word.nullable(),
    towpathVersion: word,
    /** Digest over paths and blob ids of the folder's other files. */
    content: digest,
  })
  .readonly();
export type Provenance = z.infer<typeof Provenance>;
/** What the trailers say: a commit needs no digest over its own files. */
export type Trailers = Omit<Provenance, 'content'>;
/** What a commit is made from; who asked for it, and why, it says itself. */
export type Origin = Omit<Trailers, 'requestedBy' | 'requestedAt' | 'operator' | 'why'>;

const keys = {
  Change: 'change',
  'Deployment-Id': 'deploymentId',
  'Revision-Number': 'revisionNumber',
  'Rollback-To': 'rollbackTo',
  'Rollback-To-Number': 'rollbackToNumber',
  'Workspace-Id': 'workspaceId',
  'Listener-Id': 'listenerId',
  Image: 'image',
  Template: 'template',
  'Inputs-Digest': 'inputsDigest',
  'Secrets-Version': 'secretsVersion',
  'Secret-Name': 'secretName',
  'Key-Id': 'keyId',
  'Towpath-Version': 'towpathVersion',
  'Requested-By': 'requestedBy',
  'Requested-At': 'requestedAt',
  Operator: 'operator',
  Why: 'why',
  Content: 'content',
} as const;

const sentences: ReadonlySet<string> = new Set(['requestedBy', 'operator', 'why']);

/** A revision has exactly one commit, which lays it down; whatever else touches its folder is about a known one. */
export function laysDown(change: Change): boolean {
  return change === 'deploy' || change === 'rollback';
}

/** `Key: value` lines, LF, no final newline; what is null is left out. */
export function trailerLines(trailers: Trailers): string {
  const revisionKey = laysDown(trailers.change) ? 'Revision-Id' : 'Of-Revision';
  const lines = Object.entries(keys).flatMap(([key, field]) => {
    const value = field === 'content' ? null : trailers[field];
    const text = value === null ? '' : sentences.has(field) ? plainLine(`${value}`, 700) : singleWord(`${value}`);
    const line = text === '' ? [] : [`${key}: ${text}`];
    return field === 'deploymentId' ? [...line, `${revisionKey}: ${singleWord(trailers.revisionId)}`] : line;
  });
  return lines.join('\n');
}

/** A version that knows no rollback must believe the file as well: there it is a deploy, which says what it goes back to. */
export function writeProvenance(provenance: Provenance): string {
  const change = provenance.change === 'rollback' ? 'deploy' : provenance.change;
  return `${trailerLines({ ...provenance, change })}\nContent: ${provenance.content}\n`;
}

/**
 * Null for anything that Towpath did not write; keys that a later version adds are passed over. What editors and
 * `core.autocrlf` do to a text file changes nothing of what it says: line ends, a byte-order mark, trailing blanks.
 */
export function parseProvenance(text: string): Provenance | null {
  if (text.length > 16_384) return null;
  const values = new Map<string, string>();
  for (const line of plainLines(text)) {
    const match = /^([A-Za-z][A-Za-z0-9-]*): (\S.*)$/.exec(line);
    if (!match?.[1] || match[2] === undefined || values.has(match[1])) return null;
    values.set(match[1], match[2]);
  }
  const change = values.get('Change');
  const fields = Object.entries(keys).map(([key, field]) => [field, values.get(key) ?? null]);
  const revisionId = values.get(change === 'deploy' || change === 'rollback' ? 'Revision-Id' : 'Of-Revision');
  const parsed = Provenance.safeParse({ ...Object.fromEntries(fields), revisionId });
  return parsed.success ? parsed.data : null;
}

function plainLines(text: string): readonly string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
}

/** A file of a folder: its path from there, and its blob id. */
export interface FolderFile {
  readonly path: string;
  readonly id: string;
}

/** The digest in `Content`: over everything in the folder but PROVENANCE itself. */
export function contentDigest(files: readonly FolderFile[]): string {
  const lines = files.filter((file) => file.path !== provenanceFile).map((file) => `${file.path}\0${file.id}\n`);
  return `sha256:${createHash('sha256').update(lines.sort().join('')).digest('hex')}`;
}

/** The last line of defence: a value with a space or newline in it would be a second trailer. */
function singleWord(value: string): string {
  if (!/^[!-~]+$/.test(value)) throw new RangeError(`Cannot write ${JSON.stringify(value)} as a trailer`);
  return value;
}
