import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const temporary = mkdtempSync(join(tmpdir(), 'towpath-package-'));
afterAll(() => rmSync(temporary, { recursive: true }));

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

describe('the lockfile', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, LockEntry>>;
  };

  it('has an entry for every dependency, or `npm ci` refuses it: those of other systems too', () => {
    const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
      Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }).filter((name) => !find(path, name)),
    );

    expect(missing).toEqual([]);
  });

  it('names no registry', () => {
    expect(Object.values(lock.packages).flatMap((entry) => entry.resolved ?? [])).toEqual([]);
  });

  function find(from: string, name: string): boolean {
    for (let place = from; ; place = place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/')))) {
      if (lock.packages[`${place ? `${place}/` : ''}node_modules/${name}`]) return true;
      if (place === '') return false;
    }
  }
});

describe('what is published', () => {
  it('is compiled, starts with plain node, and holds what it reads at run time', () => {
    const tarball = pack();
    execFileSync('tar', ['-xzf', tarball, '-C', temporary]);
    const installed = join(temporary, 'package');
    symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'));

    const help = execFileSync(process.execPath, [join(installed, 'dist/cli/towpath.cjs'), '--help'], {
      encoding: 'utf8',
    });

    expect(help).toContain('Usage: towpath [options] [command]');
    expect(readdirSync(installed).sort()).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'dist', 'package.json', 'templates']),
    );
    expect(filesUnder(installed).filter((file) => file.endsWith('.ts'))).toEqual([]);
    const rendered = [join(installed, 'dist/cli/towpath.cjs'), 'render', join(root, 'test/clients/deployment.yaml')];
    expect(execFileSync(process.execPath, rendered, { encoding: 'utf8', stdio: 'pipe' })).toContain(
      'kind: StatefulSet',
    );
    expect(filesUnder(join(installed, 'templates'))).toEqual(filesUnder(join(root, 'templates')));
    expect(filesUnder(join(installed, 'dist/control-plane/store/migrations'))).toEqual(
      filesUnder(join(root, 'src/control-plane/store/migrations')),
    );
    const store = join(installed, 'dist/control-plane/store');
    const ask = `import { emptyDatabase } from '${join(store, 'empty-database.js')}';
      console.log((await emptyDatabase('${join(store, 'migrations')}'))?.size ?? 0);`;
    const size = execFileSync(process.execPath, ['--input-type=module', '--eval', ask], { encoding: 'utf8' });
    expect(Number(size)).toBeGreaterThan(1_000_000);
  });
});

/** In a copy, so that a build of the checkout itself is left as it is. */
function pack(): string {
  const copy = join(temporary, 'checkout');
  const parts = ['src', '.github/scripts', 'templates', 'package.json', 'LICENSE', 'README.md', '.npmrc'];
  for (const part of [...parts, 'tsconfig.json', 'tsconfig.build.json']) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  execFileSync('npm', ['pack', '--silent'], { cwd: copy });
  return join(copy, readdirSync(copy).find((file) => file.endsWith('.tgz')) ?? '');
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => !file.startsWith('node_modules'))
    .sort();
}
