/** The linters and what they judge by, prepared once a machine; a run needs no network. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { once } from '../../support/once.ts';
import { pythonPackage, unpackKubernetes } from '../../support/vendor-schemas/sources.ts';
import { buildProgram, dropUnused } from '../harness/build.ts';
import { findGo, type Say } from '../harness/go.ts';
import { cacheFolder } from '../harness/paths.ts';
import { shareFiles } from '../harness/shared-files.ts';

const checkov = 'checkov==3.3.30';

export interface LinterPrograms {
  readonly kubeconform: string;
  readonly kubeScore: string;
  readonly conftest: string;
  /** A Python that has checkov. */
  readonly python: string;
  readonly helm: string;
  readonly kustomize: string;
  /** Definitions of custom resources and public policies. */
  readonly share: string;
  /** Kubernetes' own definitions, of every minor version. */
  readonly kubernetes: string;
}

export async function prepareLinters(say: Say): Promise<LinterPrograms> {
  const cache = join(cacheFolder(), 'python');
  const kubernetes = join(cache, `${pythonPackage.name}-${pythonPackage.version}`);
  const venv = join(cache, checkov.replace('==', '-'));
  mkdirSync(cache, { recursive: true });
  once(kubernetes, unpackKubernetes);
  once(venv, (folder) => install(folder, say));
  // When they were last used; `dropUnused` goes by it.
  for (const folder of [kubernetes, venv]) utimesSync(folder, new Date(), new Date());
  dropUnused(cache);
  return {
    kubeconform: await buildProgram('kubeconform', say),
    kubeScore: await buildProgram('kube-score', say),
    conftest: await buildProgram('conftest', say),
    python: join(venv, 'bin/python'),
    helm: await buildProgram('helm', say),
    kustomize: await buildProgram('kustomize', say),
    share: await shareFiles(await findGo(), say),
    kubernetes,
  };
}

function install(folder: string, say: Say): void {
  say(`installing ${checkov}`);
  try {
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'pipe' });
    execFileSync(join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', checkov], { stdio: 'pipe' });
  } catch (cause) {
    throw new Error(`Cannot install ${checkov}: Python or pip failed; .ci/run installs what they need`, { cause });
  }
}
