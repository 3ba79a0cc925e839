/** What a webhook tells: whether a repository changed, which, and where; the same of GitHub, Gitea, Forgejo and GitLab. */
import { textAt } from '../../domain/object-fields.ts';
import { normalRepository, sameRepository } from '../repository-url.ts';
import type { WebhookHeaders } from './signature.ts';

export type WebhookEvent =
  /** The forge tries the address. */
  | { readonly kind: 'ping' }
  | {
      readonly kind: 'changed';
      /** All addresses of the one repository, as the forge spells them. */
      readonly addresses: readonly string[];
      /** `owner/name`, for a forge that calls itself by another host than we do; null where it does not say. */
      readonly fullName: string | null;
      /** Without `refs/heads/`; null: it may concern any. */
      readonly branches: readonly string[] | null;
    }
  /** Issues, releases, tags, stars. */
  | { readonly kind: 'other' };

/** Null where the body is no JSON object. Never throws, whatever comes. */
export function readWebhook(headers: WebhookHeaders, body: string): WebhookEvent | null {
  const payload = objectIn(isForm(headers) ? (new URLSearchParams(body).get('payload') ?? '') : body);
  if (payload === null) return null;
  const name = eventName(headers, payload);
  if (name === 'ping') return { kind: 'ping' };
  const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
  const branches = read === undefined ? 'other' : read(payload);
  if (branches === 'other') return { kind: 'other' };
  return { kind: 'changed', ...repositoryOf(payload), branches };
}

/** How GitHub sends unless one chooses JSON. */
function isForm(headers: WebhookHeaders): boolean {
  return String(headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
}

type Payload = Readonly<Record<string, unknown>>;

function objectIn(text: string): Payload | null {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return null;
  }
}

/** GitLab tells the kind in the body, under the name `System Hook` even there alone. */
function eventName(headers: WebhookHeaders, payload: Payload): string {
  const said = [headers['x-gitea-event'], headers['x-forgejo-event'], headers['x-github-event']];
  const [name] = said.filter((one) => typeof one === 'string');
  return name ?? shortTextAt(payload, 'object_kind') ?? shortTextAt(payload, 'event_name') ?? '';
}

type Branches = readonly string[] | null | 'other';

const anywhere = (): Branches => null;

/** By the forge's name of the event. */
const readers: Readonly<Record<string, (payload: Payload) => Branches>> = {
  push: branchOfPush,
  create: branchOfCreation,
  delete: branchOfCreation,
  repository: anywhere,
  pull_request: branchesOfPullRequest,
  pull_request_sync: branchesOfPullRequest,
  pull_request_label: branchesOfPullRequest,
  pull_request_review: branchesOfPullRequest,
  pull_request_approved: branchesOfPullRequest,
  pull_request_rejected: branchesOfPullRequest,
  pull_request_comment: branchesOfPullRequest,
  pull_request_review_approved: branchesOfPullRequest,
  pull_request_review_rejected: branchesOfPullRequest,
  merge_request: branchesOfMergeRequest,
  status: anywhere,
  check_suite: anywhere,
  check_run: anywhere,
  workflow_run: anywhere,
  pipeline: anywhere,
};

function branchOfPush(payload: Payload): Branches {
  const ref = shortTextAt(payload, 'ref');
  if (ref === null) return null;
  return ref.startsWith('refs/heads/') ? [ref.slice('refs/heads/'.length)] : 'other';
}

/** Of a branch or a tag that came or went; its name comes without `refs/heads/`. */
function branchOfCreation(payload: Payload): Branches {
  const ref = shortTextAt(payload, 'ref');
  if (shortTextAt(payload, 'ref_type') === 'tag') return 'other';
  return ref === null ? null : [ref.replace(/^refs\/heads\//, '')];
}

/** One that was turned to another base concerns the old one, too. */
function branchesOfPullRequest(payload: Payload): Branches {
  const base = shortTextAt(payload, 'pull_request', 'base', 'ref');
  const former =
    shortTextAt(payload, 'changes', 'base', 'ref', 'from') ?? shortTextAt(payload, 'changes', 'ref', 'from');
  return base === null ? null : [base, ...(former === null ? [] : [former])];
}

function branchesOfMergeRequest(payload: Payload): Branches {
  const base = shortTextAt(payload, 'object_attributes', 'target_branch');
  const former = shortTextAt(payload, 'changes', 'target_branch', 'previous');
  return base === null ? null : [base, ...(former === null ? [] : [former])];
}

const addressNames = [
  'clone_url',
  'ssh_url',
  'html_url',
  'url',
  'git_http_url',
  'git_ssh_url',
  'http_url',
  'web_url',
  'homepage',
];

function repositoryOf(payload: Payload): { readonly addresses: readonly string[]; readonly fullName: string | null } {
  const places = [asObject(payload['project']), asObject(payload['repository'])].filter((one) => one !== null);
  const addresses = places.flatMap((place) => addressNames.map((name) => shortTextAt(place, name)));
  const [fullName = null] = places
    .flatMap((place) => [shortTextAt(place, 'path_with_namespace'), shortTextAt(place, 'full_name')])
    .filter((name) => name !== null);
  return { addresses: [...new Set(addresses.filter((one) => one !== null))], fullName };
}

function shortTextAt(payload: Payload, ...path: readonly string[]): string | null {
  const text = textAt(payload, ...path);
  return text !== '' && text.length <= longestText ? text : null;
}

/** No address and no branch is longer; a longer text would only cost time. */
const longestText = 2000;

function asObject(value: unknown): Payload | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Payload) : null;
}

/** Where a webhook may reach a namespace. */
export interface WebhookTarget<Name> {
  readonly name: Name;
  readonly repository: string;
  readonly branch: string;
  /** Of the branches on which changes are proposed; null: there are none. */
  readonly branchPrefix: string | null;
}

/**
 * The namespaces that a change concerns. A forge behind a proxy calls itself by a host that we do not know; then
 * `owner/name` alone decides, since whom it wakes for nothing only looks once more.
 */
export function targetsOf<Name>(
  event: Extract<WebhookEvent, { kind: 'changed' }>,
  targets: readonly WebhookTarget<Name>[],
): { readonly known: boolean; readonly names: readonly Name[] } {
  const exact = targets.filter(({ repository }) => event.addresses.some((one) => sameRepository(one, repository)));
  const found = exact.length > 0 ? exact : targets.filter(({ repository }) => hasName(repository, event.fullName));
  return {
    known: found.length > 0,
    names: found.filter((one) => concerns(event.branches, one)).map(({ name }) => name),
  };
}

function hasName(repository: string, fullName: string | null): boolean {
  return fullName !== null && normalRepository(repository).toLowerCase().endsWith(`/${fullName.toLowerCase()}`);
}

function concerns(
  branches: readonly string[] | null,
  { branch, branchPrefix }: Pick<WebhookTarget<unknown>, 'branch' | 'branchPrefix'>,
): boolean {
  if (branches === null) return true;
  return branches.some((one) => one === branch || (branchPrefix !== null && one.startsWith(branchPrefix)));
}
