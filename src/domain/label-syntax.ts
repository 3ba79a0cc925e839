/** The grammar of labels and annotations, as the API server has it. */

const name = '[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const part = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const prefix = `(?=[^/]{1,253}/)${part}(?:\\.${part})*/`;

/** `app`, `example.com/team`. */
export const labelKey = new RegExp(`^(?:${prefix})?${name}$`);
export const labelValue = new RegExp(`^(?:${name})?$`);

export function isLabelKey(key: string): boolean {
  return labelKey.test(key);
}

export function isLabelValue(value: string): boolean {
  return labelValue.test(value);
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
