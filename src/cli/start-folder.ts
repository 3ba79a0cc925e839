/** Where relative paths count from: where the user stands, also when npm has gone to the package's folder to run us. */
import { join, resolve } from 'node:path';
import { packageFolder } from './version.ts';

/** Whether one of our own npm scripts runs us: another package's script means its own folder. */
export function isRunByNpm(environment: NodeJS.ProcessEnv = process.env): boolean {
  const script = environment['npm_package_json'];
  return script !== undefined && resolve(script) === join(packageFolder, 'package.json');
}

/** Goes back to where npm was started. */
export function standWhereStarted(environment: NodeJS.ProcessEnv = process.env): void {
  const started = environment['INIT_CWD'];
  // A program that a script started may have gone elsewhere on purpose.
  if (started === undefined || !isRunByNpm(environment) || process.cwd() !== packageFolder) return;
  try {
    process.chdir(started);
  } catch {
    // The folder is gone, or closed to this user: relative paths have nowhere else to count from.
  }
}
