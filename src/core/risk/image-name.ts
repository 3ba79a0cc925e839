/** Images as reviewers look at them: what is written, whether it goes back, and whether it can change by itself. */
import { type ImageReference, parseImageReference } from '../../domain/image-reference.ts';
import { code } from '../pull-request/text.ts';

/** Markdown with a short digest; null where there is no image. */
export function imageText(image: string | null): string | null {
  if (image === null) return null;
  const reference = parseImageReference(image);
  if (reference === null) return code(image);
  const { repository, tag, digest } = reference;
  const named = code(tag === null ? repository : `${repository}:${tag}`);
  return digest === null ? named : `${named} (${digestText(digest)})`;
}

export type ImageConcern =
  | { readonly kind: 'downgrade'; readonly from: string; readonly to: string }
  | { readonly kind: 'repository'; readonly from: string; readonly to: string }
  /** The same tag, and yet another image. */
  | { readonly kind: 'moved'; readonly tag: string }
  | { readonly kind: 'unpinned' }
  /** `latest`, or no tag, without a digest. */
  | { readonly kind: 'floating'; readonly tag: string | null };

export function imageConcerns(before: string | null, after: string): readonly ImageConcern[] {
  const young = parseImageReference(after);
  if (young === null) return [];
  const floating: ImageConcern[] =
    young.digest === null && (young.tag === null || young.tag === 'latest')
      ? [{ kind: 'floating', tag: young.tag }]
      : [];
  const old = before === null ? null : parseImageReference(before);
  if (old === null || before === after) return floating;
  return [...floating, ...movement(old, young)];
}

function movement(old: ImageReference, young: ImageReference): readonly ImageConcern[] {
  if (old.repository !== young.repository) return [{ kind: 'repository', from: old.repository, to: young.repository }];
  const found: ImageConcern[] = [];
  if (old.tag !== null && young.tag !== null && isOlder(young.tag, old.tag)) {
    found.push({ kind: 'downgrade', from: old.tag, to: young.tag });
  }
  if (old.digest !== null && young.digest === null) found.push({ kind: 'unpinned' });
  else if (young.tag !== null && old.tag === young.tag && old.digest !== null && old.digest !== young.digest) {
    found.push({ kind: 'moved', tag: young.tag });
  }
  return found;
}

/** `v1.4`, `1.4.2-rc.1`; what follows a `+` counts for nothing. Whatever else tags say has no order. */
const version = /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:-([0-9A-Za-z.-]+))?$/;

/** Others name a variant (`-alpine`) or what came after (`-5-g1a2b3c4`), which says nothing of older or newer. */
const prerelease = /^(?:alpha|beta|rc|pre|preview|dev|snapshot|canary|next|nightly|a|b|m)(?=[.\d-]|$)/i;

/** By semver's order; false where either is no version. */
export function isOlder(tag: string, than: string): boolean {
  const [one, other] = [version.exec(tag), version.exec(than)];
  if (!one || !other) return false;
  for (const index of [1, 2, 3]) {
    const [left, right] = [Number(one[index] ?? 0), Number(other[index] ?? 0)];
    if (left !== right) return left < right;
  }
  return isOlderPrerelease(prereleaseOf(one[4]), prereleaseOf(other[4]));
}

function prereleaseOf(suffix: string | undefined): string | undefined {
  return suffix !== undefined && prerelease.test(suffix) ? suffix : undefined;
}

function isOlderPrerelease(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return one !== undefined && other === undefined;
  const [left, right] = [one.split('.'), other.split('.')];
  for (const [index, word] of left.entries()) {
    const against = right[index];
    if (against === undefined) return false;
    if (word === against) continue;
    const [first, second] = [/^\d+$/.test(word), /^\d+$/.test(against)];
    if (first && second) return Number(word) < Number(against);
    if (first !== second) return first;
    return word < against;
  }
  return left.length < right.length;
}

function digestText(digest: string): string {
  return `digest ${code(digest.replace(/^[^:]*:/, '').slice(0, 12))}`;
}
