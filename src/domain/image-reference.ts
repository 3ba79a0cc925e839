/** A container image reference, by the grammar of github.com/distribution/reference (reference.go, regexp.go). */

export interface ImageReference {
  /** Registry host, optional port and path, as written. */
  readonly repository: string;
  readonly tag: string | null;
  /** `sha256:<64 hex>` or another algorithm. */
  readonly digest: string | null;
}

const host =
  '(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?';
const component = '[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*';
const grammar = new RegExp(
  `^((?:${host}/)?${component}(?:/${component})*)(?::([A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
);

/** Null when the text is no image reference. */
export function parseImageReference(text: string): ImageReference | null {
  if (text.length > 1024) return null;
  const match = grammar.exec(text);
  if (!match?.[1] || match[1].length > 255) return null;
  const digest = match[3] ?? null;
  if (digest?.startsWith('sha256:') && !/^sha256:[0-9a-f]{64}$/.test(digest)) return null;
  return { repository: match[1], tag: match[2] ?? null, digest };
}

/** `chat:1.0.0@6b86b273ff34`: the last path component with the tag and the first 12 digits of the digest. */
export function shortImage(reference: ImageReference): string {
  const basename = reference.repository.split('/').at(-1) ?? reference.repository;
  const tag = reference.tag ? `:${reference.tag}` : '';
  const digest = reference.digest ? `@${reference.digest.replace(/^[^:]*:/, '').slice(0, 12)}` : '';
  return `${basename}${tag}${digest}`;
}
