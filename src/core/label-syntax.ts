/** The grammar of labels and annotations, as the API server has it. */

const prefix = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const name = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** `app`, `example.com/team`. */
export function isLabelKey(key: string): boolean {
  const slash = key.indexOf('/');
  if (slash < 0) return name.test(key);
  return prefix.test(key.slice(0, slash)) && name.test(key.slice(slash + 1));
}

export function isLabelValue(value: string): boolean {
  return value === '' || name.test(value);
}

/** `towpath.dev` of `towpath.dev/revision-id`; empty where a key has none. */
export function prefixOf(key: string): string {
  const slash = key.indexOf('/');
  return slash < 0 ? '' : key.slice(0, slash).toLowerCase();
}

/** Whether a prefix is this domain or one under it. */
export function isUnder(keyPrefix: string, domain: string): boolean {
  return keyPrefix === domain || keyPrefix.endsWith(`.${domain}`);
}
