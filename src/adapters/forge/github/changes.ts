/** A draft in the words of GitHub's createCommitOnBranch: a headline, a body, files to write and files to delete. */
import { blobId } from '../../../core/blob-id.ts';
import { plainIdentity } from '../../../core/plain-line.ts';
import { unknownRequester } from '../../../core/requester-identity.ts';
import type { CommitDraft } from '../../../domain/commit.ts';
import { TowpathError } from '../../../domain/failure.ts';
import type { FileChange } from '../../../domain/file-tree.ts';
import type { Snapshot } from '../../../ports.ts';

export interface ApiCommit {
  readonly message: { readonly headline: string; readonly body: string };
  readonly fileChanges: {
    readonly additions: readonly { readonly path: string; readonly contents: string }[];
    readonly deletions: readonly { readonly path: string }[];
  };
}

/** Throws EmptyCommit where the draft changes nothing: GitHub would make an empty commit of it. */
export function apiCommit(snapshot: Snapshot, draft: CommitDraft): ApiCommit {
  const wanted = wantedFiles(snapshot, draft.changes);
  const additions: { path: string; contents: string }[] = [];
  const deletions: { path: string }[] = [];
  for (const [path, content] of wanted) {
    const held = snapshot.idAt(path);
    if (content === null && held !== null) deletions.push({ path });
    if (content === null || held === blobId(content)) continue;
    additions.push({ path, contents: Buffer.from(content, 'utf8').toString('base64') });
  }
  if (additions.length + deletions.length === 0) throw emptyCommit(draft);
  return { message: messageOf(draft), fileChanges: { additions, deletions } };
}

/** Whether a head holds all that the draft was to change. */
export function isApplied(before: Snapshot, after: Snapshot, draft: CommitDraft): boolean {
  return [...wantedFiles(before, draft.changes)].every(
    ([path, content]) => after.idAt(path) === (content === null ? null : blobId(content)),
  );
}

/** By path; null: there shall be no file. Later changes win over earlier ones. */
function wantedFiles(snapshot: Snapshot, changes: readonly FileChange[]): ReadonlyMap<string, string | null> {
  const wanted = new Map<string, string | null>();
  const clear = (folder: string): void => {
    for (const path of [...wanted.keys()]) if (path.startsWith(`${folder}/`)) wanted.set(path, null);
    for (const path of filesBelow(snapshot, folder)) wanted.set(path, null);
  };
  for (const change of changes) {
    if (change.kind === 'delete-folder') clear(change.path);
    else if (change.kind === 'write') writeFile(snapshot, wanted, clear, change);
    else if (!isFolder(snapshot, change.path)) wanted.set(change.path, null);
  }
  return wanted;
}

function writeFile(
  snapshot: Snapshot,
  wanted: Map<string, string | null>,
  clear: (folder: string) => void,
  { path, content }: Extract<FileChange, { readonly kind: 'write' }>,
): void {
  // Where a file takes the place of a folder, or a folder that of a file, the one before must go by name.
  if (isFolder(snapshot, path)) clear(path);
  const segments = path.split('/');
  for (let depth = 1; depth < segments.length; depth++) {
    const above = segments.slice(0, depth).join('/');
    if (snapshot.idAt(above) !== null && !isFolder(snapshot, above)) wanted.set(above, null);
  }
  wanted.set(path, content);
}

function isFolder(snapshot: Snapshot, path: string): boolean {
  return snapshot.list(path) !== null;
}

function filesBelow(snapshot: Snapshot, folder: string): readonly string[] {
  return (snapshot.list(folder) ?? []).flatMap(({ name, kind }) =>
    kind === 'folder' ? filesBelow(snapshot, `${folder}/${name}`) : [`${folder}/${name}`],
  );
}

/** GitHub puts an empty line between both. */
function messageOf(draft: CommitDraft): ApiCommit['message'] {
  const [headline = '', ...rest] = apiMessage(draft).split('\n');
  return { headline, body: rest.join('\n').replace(/^\n+/, '').trimEnd() };
}

/** The API sets the author itself, so whoever asked for it is named in the message, before its trailers. */
export function apiMessage({ message, author, committer }: CommitDraft): string {
  const text = message.replace(/\r\n?/g, '\n').replaceAll('\0', ' ').trimEnd();
  const { name, email } = plainIdentity(author, unknownRequester);
  const who = `${name} <${email}>`;
  if (author.email === committer.email || text.includes(who)) return text;
  const paragraphs = text.split('\n\n');
  const last = paragraphs.length > 1 ? paragraphs.at(-1) : undefined;
  const hasTrailers = last?.split('\n').every((line) => /^[A-Za-z][A-Za-z0-9-]*: \S/.test(line)) === true;
  const at = hasTrailers ? paragraphs.length - 1 : paragraphs.length;
  return paragraphs.toSpliced(at, 0, `Requested-by: ${who}`).join('\n\n');
}

function emptyCommit({ message }: CommitDraft): TowpathError {
  const subject = message.split('\n', 1)[0];
  return new TowpathError('terminal', 'EmptyCommit', `Cannot commit "${subject}": it changes nothing`);
}
