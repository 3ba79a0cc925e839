/** The second net under secrets: nothing should reach a log with one in it, and if it does, it is blotted out. */

const hidden = '[redacted]';
/** Field names whose value is never printed. */
export const secretFields = [
  'apiKey',
  'authorization',
  'key',
  'password',
  'secret',
  'secrets',
  'token',
  'values',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** Our keys, LangSmith's, credentials in URLs and Authorization headers. */
const shapes: readonly (readonly [RegExp, string])[] = [
  [/\b(?:lsv2_(?:pt|sk)|tp_(?:admin|ws|lst))_[A-Za-z0-9_-]{16,}/g, hidden],
  // The user of an SSH address is no secret; what stands alone before the @ of another may be a token.
  [/(?<!\bssh)(:\/\/)[^/\s@"']+@/g, `$1${hidden}@`],
  [/(\bssh:\/\/)[^/\s@"':]*:[^/\s@"']*@/g, `$1${hidden}@`],
  [/\b(Basic|Bearer) +[A-Za-z0-9+/=._~-]{8,}/gi, `$1 ${hidden}`],
];

export function redact(text: string): string {
  return shapes.reduce((done, [shape, replacement]) => done.replace(shape, replacement), text);
}

/** Also blots out values that this process knows to be secret, such as the key it was started with. */
export function redactor(known: readonly string[]): (text: string) => string {
  const long = known.filter((secret) => secret.length >= 8);
  return (text) => redact(long.reduce((done, secret) => done.replaceAll(secret, hidden), text));
}
