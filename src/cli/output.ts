/** Standard output and standard error that nobody reads any more, or that have no room: neither is a crash. */
import { writeSync } from 'node:fs';

/** `| head`, a pager that was left, a terminal that was closed: their reader has seen what it wanted. */
const readerIsGone: ReadonlySet<string> = new Set(['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);

/**
 * Whoever reads a result decides how much of it; the command still does its work and keeps its exit code, since what it
 * commits or serves must not depend on that. A result that found no room on the disk is a failure.
 */
export function outliveReaders(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (readerIsGone.has(error.code ?? '')) return;
    process.once('exit', () => {
      process.exitCode = 1;
      say(
        `Cannot write to standard output: ${error.code === 'ENOSPC' ? 'the disk is full' : (error.code ?? error.name)}`,
      );
    });
  });
}

/** At the very end nothing asynchronous is waited for any more. */
function say(text: string): void {
  try {
    writeSync(process.stderr.fd, `${text}\n`);
  } catch {
    // There is nobody left to tell.
  }
}
