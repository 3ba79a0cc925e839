/** Compiles what is published: JavaScript in `dist/`, with the files beside the sources that run with it. */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeEmptyDatabase } from '../../src/control-plane/store/empty-database.ts';

const root = join(import.meta.dirname, '../..');
/** What is no TypeScript and still needed at run time, beside the code that needs it. */
const companions = ['cli/towpath.cjs', 'control-plane/store/migrations'];

rmSync(join(root, 'dist'), { recursive: true, force: true });
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
for (const folder of companions) {
  cpSync(join(root, 'src', folder), join(root, 'dist', folder), { recursive: true });
}
await makeEmptyDatabase(join(root, 'dist/control-plane/store'));
