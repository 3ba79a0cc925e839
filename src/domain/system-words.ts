/** What the operating system refuses, in words: its own text names calls and codes that nobody has to know. */

const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user may not do that there',
  EPERM: 'this user may not do that there',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'there is a file of that name',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  ENOSPC: 'the disk is full',
  EROFS: 'that file system is read-only',
  EMFILE: 'this process has too many open files',
  ECONNREFUSED: 'nothing listens at that address (ECONNREFUSED)',
  ECONNRESET: 'the connection was cut (ECONNRESET)',
  ENOTFOUND: 'there is no host of this name (ENOTFOUND)',
  EAI_AGAIN: 'the name of the host could not be looked up (EAI_AGAIN)',
  // A path with a zero byte.
  ERR_INVALID_ARG_VALUE: 'its name holds a character that no file name may hold',
};

/** Null where it is no refusal of the system's. */
export function systemWords(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  const known = words[error.code];
  if (known !== undefined) return known;
  return 'syscall' in error ? `the system refuses it (${error.code})` : null;
}
