/** The one place that takes secrets out of text: what leaves for a log, a report, a message or a terminal goes through it. */

export const redacted = '[redacted]';

/** What a value may hold: all but white space, quotes and `&`; an escape of JSON ends it, so that a line of JSON stays one. */
const value = String.raw`(?:\\[^"nrtbfu\s]|[^\s&"'\`\\])+`;

/** The lengths are bounded, so that a long text of an enemy costs a time that grows with its length, not with its square. */
const shapes: readonly (readonly [RegExp, string])[] = [
  // Credentials in a URL. A password may hold a slash; a port before a path is not a password.
  [/(:\/\/)[^\s/:@"'`[]{0,256}:(?!\d{1,5}[/?#])[^\s@"'`]{0,1024}@/g, `$1${redacted}@`],
  // What stands alone before the @ may be a token; the user of an SSH address is not a secret.
  [/(?<!\bssh)(:\/\/)[^\s/@"'`]{1,1024}@/g, `$1${redacted}@`],
  [/\b(Basic|Bearer) +[A-Za-z0-9+/=._~-]{8,}/gi, `$1 ${redacted}`],
  // Keys of Towpath and LangSmith, tokens of GitHub and GitLab, keys of age.
  [/\b(?:lsv2_(?:pt|sk)|tp_(?:admin|ws|lst))_[A-Za-z0-9_-]{16,}/g, redacted],
  [/\b(?:gh[oprsu]_|github_pat_|glpat-)[A-Za-z0-9_-]{16,}/g, redacted],
  [/\bAGE-SECRET-KEY-1[A-Z0-9]{8,}/gi, redacted],
  [/-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,32}PRIVATE KEY-----)?/g, redacted],
  // `password=…` in a connection string, `PGPASSWORD=…` in an environment, `private_token=…` in a query.
  [new RegExp(`(password|passwd|passphrase|token|secret|secret[_-]?key|api[_-]?key)=${value}`, 'gi'), `$1=${redacted}`],
];

export function redact(text: string): string {
  return shapes.reduce((done, [shape, replacement]) => done.replace(shape, replacement), text);
}

/** Also takes out values that this process knows to be secret, such as the key that it was started with. */
export function redactor(known: readonly string[]): (text: string) => string {
  const long = known.filter((secret) => secret.length >= 8);
  return (text) => redact(long.reduce((done, secret) => done.replaceAll(secret, redacted), text));
}
