/** What every part of the cluster is started with: the run's folder, its programs, and what was built. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Built } from './build.ts';
import type { Programs } from './programs.ts';

export interface World {
  readonly folder: string;
  readonly programs: Programs;
  readonly built: Built;
  /** The path of a built program. */
  program(name: string): string;
  /** An empty folder of the run. */
  makeFolder(name: string, mode?: number): string;
}

export function worldOf(folder: string, programs: Programs, built: Built): World {
  return {
    folder,
    programs,
    built,
    program: (name) => {
      const path = built.programs[name];
      if (!path) throw new Error(`Cannot run ${name}: it is not built`);
      return path;
    },
    makeFolder: (name, mode = 0o755) => {
      const path = join(folder, name);
      mkdirSync(path, { recursive: true, mode });
      return path;
    },
  };
}
