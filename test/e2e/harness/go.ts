/** Runs Go with the same settings everywhere, so that its caches serve every build. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { modulesFolder } from './paths.ts';

const run = promisify(execFile);

/** What the pinned modules ask for. An older Go brings a new enough one by itself, from the module proxy. */
const oldest = [1, 26, 8] as const;

export interface Go {
  /** `go1.26.8`. */
  readonly version: string;
  run(args: readonly string[], folder: string): Promise<string>;
}

export async function findGo(): Promise<Go> {
  // Outside of any module: inside, an older Go would refuse to answer.
  const installed = (await go(['env', 'GOVERSION'], '/', 'local')).trim();
  const toolchain = isNewEnough(installed) ? 'local' : 'auto';
  return {
    version: (await go(['env', 'GOVERSION'], join(modulesFolder, 'argo-cd'), toolchain)).trim(),
    run: (args, where) => go(args, where, toolchain),
  };
}

function isNewEnough(version: string): boolean {
  const numbers = (/^go(\d+)\.(\d+)(?:\.(\d+))?/.exec(version)?.slice(1) ?? []).map((part) => Number(part ?? 0));
  const at = oldest.findIndex((part, index) => part !== (numbers[index] ?? 0));
  return at < 0 || (numbers[at] ?? 0) > (oldest[at] ?? 0);
}

async function go(args: readonly string[], folder: string, toolchain: 'local' | 'auto'): Promise<string> {
  const env = {
    ...process.env,
    GOTOOLCHAIN: toolchain,
    GOFLAGS: '-buildvcs=false',
    GOWORK: 'off',
    // No C compiler is needed, and the programs run on any Linux.
    CGO_ENABLED: '0',
  };
  try {
    const { stdout } = await run('go', [...args], { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      throw new Error(`Cannot find go: install Go ${oldest.join('.')} or newer, or run .ci/run once`, { cause });
    }
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
    throw new Error(`Cannot run go ${args.join(' ')}: ${said.split('\n').slice(-20).join('\n')}`, { cause });
  }
}

export type Say = (line: string) => void;
