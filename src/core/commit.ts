/** Step 7, commit: one revision becomes at most one commit, whose trailers are our memory. */

import type { CommitDraft } from '../domain/commit.ts';
import type { FileChange, RepoPath } from '../domain/file-tree.ts';
import { repoPath } from '../domain/file-tree.ts';
import type { DeploymentName, NamespaceName } from '../domain/identifiers.ts';
import { parseImageReference, shortImage } from '../domain/image-reference.ts';
import type { Requester } from '../domain/requester.ts';
import { revisionName } from '../domain/revision-name.ts';
import { blobId } from './blob-id.ts';
import type { Folder } from './folder.ts';
import { type Identity, plainIdentity, plainLine } from './plain-line.ts';
import {
  type Change,
  contentDigest,
  laysDown,
  type Origin,
  type Provenance,
  provenanceFile,
  type Trailers,
  trailerLines,
  writeProvenance,
} from './provenance.ts';
import { authorOf, requesterLine, unknownRequester } from './requester-identity.ts';
import { type TakenBack, takenBackWords } from './taken-back.ts';

const subjectLimit = 72;

interface CommitContext {
  readonly committer: Identity;
  readonly now: Date;
}

export interface DeployCommit extends CommitContext {
  readonly name: DeploymentName;
  readonly namespace: NamespaceName;
  readonly path: string;
  /** What git holds now; null where there is nothing. */
  readonly folder: Folder | null;
  /** The folder's files but PROVENANCE, by path from the folder. */
  readonly files: ReadonlyMap<string, string>;
  readonly trailers: Origin;
  readonly requester: Requester;
  /** When the revision was made. */
  readonly requestedAt: Date;
  /** Why, for changes that nobody asked for by a revision. */
  readonly why: string | null;
  /** What of people's changes goes with it; null: nothing. */
  readonly takenBack?: TakenBack | null;
  /** Values that must stand in no message. */
  readonly sensitive?: Readonly<Record<string, string>>;
  /** Files outside the folder to write with it: the README of a new repository, Flux's Kustomization. */
  readonly outside: ReadonlyMap<string, string>;
  /** The person whose command made it, and who is its author. */
  readonly operator?: Identity | null;
}

export function deployDraft(commit: DeployCommit): CommitDraft {
  const content = contentDigest([...commit.files].map(([path, text]) => ({ path, id: blobId(text) })));
  const operator = operatorOf(commit);
  const trailers: Trailers = {
    ...commit.trailers,
    requestedBy: requesterLine(commit.requester),
    requestedAt: commit.requestedAt.toISOString(),
    operator: operator && personWords(operator),
    why: commit.why,
  };
  const files = new Map([...commit.files, [provenanceFile, writeProvenance({ ...trailers, content })]]);
  const changes = [...outsideWrites(commit.outside), ...folderChanges(commit.path, files, commit.folder)];
  const committer = { ...plainIdentity(commit.committer, fallbackIdentity), at: commit.now };
  const asked = laysDown(trailers.change) ? { ...authorOf(commit.requester), at: commit.requestedAt } : committer;
  return {
    message: message(deploySubject(commit), deployBody(commit, changes), trailerLines(trailers)),
    author: operator ?? asked,
    committer,
    changes,
  };
}

interface RemoveCommit extends CommitContext {
  readonly name: DeploymentName;
  readonly namespace: NamespaceName;
  readonly folder: Folder & { readonly provenance: Provenance };
  /** Further folders of the deployment, which go with it. */
  readonly copies?: readonly Folder[];
  /** Who asked for it, and when; null where nobody knows. */
  readonly request: { readonly requester: Requester; readonly at: Date } | null;
  /** Whether volume claims are kept. */
  readonly data: 'retain' | 'delete';
  readonly towpathVersion: string;
  /** Files outside the folder that go with it. */
  readonly outside: readonly string[];
  /** The person whose command released it, and who is its author. */
  readonly operator?: Identity | null;
}

export function removeDraft(commit: RemoveCommit): CommitDraft {
  const { provenance } = commit.folder;
  const folders = [commit.folder, ...(commit.copies ?? [])];
  const committer = { ...plainIdentity(commit.committer, fallbackIdentity), at: commit.now };
  const { request } = commit;
  const author = request && { ...authorOf(request.requester), at: request.at };
  const operator = operatorOf(commit);
  const body = [
    `Deployment ${commit.name} of namespace ${commit.namespace} was deleted in the control plane.`,
    ...(request ? [`Asked for by ${requesterLine(request.requester)} at ${request.at.toISOString()}.`] : []),
    ...(operator ? [operatorLine('remove', operator)] : []),
    `Data: ${commit.data === 'retain' ? 'volume claims are retained' : 'volume claims are deleted with it'}.`,
    '',
    ...folders.map((each) => `Removed: ${each.path} (${each.files.length} files)`),
    ...commit.outside.map((each) => `Removed: ${each}`),
  ];
  const lines = trailerLines({
    ...provenance,
    change: 'remove',
    rollbackTo: null,
    rollbackToNumber: null,
    towpathVersion: commit.towpathVersion,
    requestedBy: request && requesterLine(request.requester),
    requestedAt: author?.at.toISOString() ?? null,
    operator: operator && personWords(operator),
    why: null,
  });
  return {
    message: message(subject('remove', commit.name, [revisionOf(provenance)]), body, lines),
    author: operator ?? author ?? committer,
    committer,
    changes: [
      ...folders.map((each): FileChange => ({ kind: 'delete-folder', path: repoPath(each.path) })),
      ...commit.outside.map((each): FileChange => ({ kind: 'delete', path: repoPath(each) })),
    ],
  };
}

const fallbackIdentity: Identity = { name: 'Towpath', email: 'towpath@localhost' };

function operatorOf({ operator, now }: Pick<DeployCommit, 'operator' | 'now'>): CommitDraft['author'] | null {
  return operator ? { ...plainIdentity(operator, unknownRequester), at: now } : null;
}

const operatorWords: Readonly<Record<Change, string>> = {
  deploy: 'Laid down',
  rollback: 'Laid down',
  remove: 'Released',
  restore: 'Released',
  rerender: 'Rendered again',
  reseal: 'Sealed anew',
  adopt: 'Adopted',
};

function operatorLine(change: Change, operator: Identity): string {
  return `${operatorWords[change]} by ${personWords(operator)}.`;
}

function personWords({ name, email }: Identity): string {
  return `${name} <${email}>`;
}

/** Writes what differs by blob id, deletes what is no longer there; a folder of another layout goes as a whole. */
function folderChanges(path: string, files: ReadonlyMap<string, string>, folder: Folder | null): readonly FileChange[] {
  const stays = folder?.path === path;
  const held = new Map(stays ? folder.files.map((file) => [file.path, file.id]) : []);
  const writes = [...files]
    .filter(([name, text]) => held.get(name) !== blobId(text))
    .map(([name, content]): FileChange => ({ kind: 'write', path: inside(path, name), content }));
  const deletes = [...held.keys()]
    .filter((name) => !files.has(name))
    .map((name): FileChange => ({ kind: 'delete', path: inside(path, name) }));
  const moved: FileChange[] = folder && !stays ? [{ kind: 'delete-folder', path: repoPath(folder.path) }] : [];
  return [...moved, ...writes, ...deletes];
}

function outsideWrites(files: ReadonlyMap<string, string>): readonly FileChange[] {
  return [...files].map(([path, content]) => ({ kind: 'write', path: repoPath(path), content }));
}

function inside(folder: string, name: string): RepoPath {
  return repoPath(`${folder}/${name}`);
}

function deploySubject(commit: DeployCommit): string {
  const revision = revisionOf(commit.trailers);
  const older = rollbackOf(commit.trailers);
  const image = parseImageReference(commit.trailers.image);
  const images = image ? [image, { ...image, digest: null }, { ...image, tag: null, digest: null }] : [];
  const what = older === null ? revision : `${revision} back to ${older}`;
  return subject(commit.trailers.change, commit.name, [
    ...images.map((each) => `${what}, ${shortImage(each)}`),
    what,
    revision,
  ]);
}

function revisionOf({ revisionId, revisionNumber }: Origin): string {
  return revisionName({ id: revisionId, number: revisionNumber });
}

function rollbackOf({ change, rollbackTo, rollbackToNumber }: Origin): string | null {
  return change === 'rollback' && rollbackTo ? revisionName({ id: rollbackTo, number: rollbackToNumber }) : null;
}

/** The first ending that fits; where none does, the name is cut: the trailers have it all. */
function subject(change: Change, name: string, endings: readonly string[]): string {
  const whole = endings.map((ending) => `${change}(${name}): ${ending}`).find((line) => line.length <= subjectLimit);
  const last = endings.at(-1) ?? '';
  return whole ?? `${change}(${name.slice(0, subjectLimit - change.length - last.length - 5)}…): ${last}`;
}

function deployBody(commit: DeployCommit, changes: readonly FileChange[]): readonly string[] {
  const before = commit.folder?.provenance?.image ?? null;
  const image = plainLine(commit.trailers.image, 1100);
  const older = rollbackOf(commit.trailers);
  const revision = `R${revisionOf(commit.trailers).slice(1)}`;
  const who = `${revision} was asked for by ${requesterLine(commit.requester)} at ${commit.requestedAt.toISOString()}.`;
  const imageLine =
    before === null || before === image ? `Image: ${image}` : `Image: ${plainLine(before, 1100)} -> ${image}`;
  const operator = operatorOf(commit);
  const why = [
    ...(commit.why === null ? [] : [plainLine(commit.why, 500)]),
    ...(operator ? [operatorLine(commit.trailers.change, operator)] : []),
  ];
  return [
    ...why,
    ...(why.length > 0 ? [''] : []),
    `Deployment ${commit.name} in namespace ${commit.namespace}.`,
    who,
    ...(older === null ? [] : [`It goes back to ${older}: the same image, settings and secrets.`]),
    '',
    ...takenBackLines(commit),
    imageLine,
    ...fileLines(commit, changes),
  ];
}

function takenBackLines({ takenBack, sensitive = {} }: DeployCommit): readonly string[] {
  if (!takenBack) return [];
  const { sentence, lines } = takenBackWords(takenBack, sensitive);
  return lines.length === 0 ? [`${sentence}.`, ''] : [`${sentence}:`, ...lines.map((line) => `  ${line}`), ''];
}

/** One line a file, named from the deployment's folder. */
function fileLines({ path, folder }: DeployCommit, changes: readonly FileChange[]): readonly string[] {
  const held = new Set(folder?.path === path ? folder.files.map((file) => `${path}/${file.path}`) : []);
  const wordOf = (change: FileChange): string => {
    if (change.kind !== 'write') return 'removed';
    return held.has(change.path) ? 'changed' : 'added';
  };
  const isInside = (change: FileChange): boolean => change.path.startsWith(`${path}/`);
  const inside = changes.filter(isInside).map((change) => `  ${wordOf(change)} ${change.path.slice(path.length + 1)}`);
  const outside = changes.filter((change) => !isInside(change)).map((change) => `  ${wordOf(change)} /${change.path}`);
  return [`Files of ${path}:`, ...inside, ...outside];
}

function message(subjectLine: string, body: readonly string[], trailers: string): string {
  return `${subjectLine}\n\n${body.join('\n')}\n\n${trailers}\n`;
}
