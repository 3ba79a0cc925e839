/** A process that locks a folder, says so, and holds on until it is killed; for test/control-plane/store/folder-lock.test.ts. */
import { lockFolder } from '../../src/control-plane/store/folder-lock.ts';

try {
  lockFolder(process.argv[2] ?? '');
  process.stdout.write('locked\n');
  setInterval(() => undefined, 60_000);
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
}
