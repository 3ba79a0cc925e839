/** Commands that are shown so that people can paste them. */

/** One word for any POSIX shell. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
