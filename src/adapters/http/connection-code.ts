/** What a failed connection is called, by the system, by TLS or by undici. */

/** The innermost code: `ECONNREFUSED`, `UND_ERR_SOCKET`, `CERT_HAS_EXPIRED`; a time-out has only a name. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const inner = codeOf(error.cause);
  if (inner !== '') return inner;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name === 'TimeoutError' ? 'ETIMEDOUT' : '';
}
