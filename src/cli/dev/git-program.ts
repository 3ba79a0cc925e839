/** The one program that `towpath dev` needs: looked for before anything slow begins. */
import { runGit } from '../../adapters/git-http/repositories.ts';
import { TowpathError } from '../../domain/failure.ts';

/** `repack --geometric`, by which the repositories are kept tidy. */
const needed = { major: 2, minor: 32 } as const;

export async function requireGit(): Promise<void> {
  const said = await runGit(['--version']);
  const [, major = 0, minor = 0] = (/ (\d+)\.(\d+)/.exec(said) ?? []).map(Number);
  if (major > needed.major || (major === needed.major && minor >= needed.minor)) return;
  const message = `Cannot serve repositories: this is ${said.trim()}; install git ${needed.major}.${needed.minor} or newer`;
  throw new TowpathError('terminal', 'OldGit', message);
}
