/** Builds the programs that are missing in the cache; what is there with the same stamp is used as it is. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Say } from './go.ts';
import { findGo, type Go } from './go.ts';
import { cacheFolder, modulesFolder } from './paths.ts';
import { shareFiles } from './shared-files.ts';
import { type Tool, tools } from './tools.ts';

export interface Built {
  /** Name of a program to its path. */
  readonly programs: Readonly<Record<string, string>>;
  /** YAML and scripts out of the modules; running needs no Go and no module cache. */
  readonly share: string;
}

const flags = ['-trimpath', '-mod=readonly', '-tags=notest,grpcnotrace'] as const;

export async function build(say: Say): Promise<Built> {
  const go = await findGo();
  const programs: Record<string, string> = {};
  // One after the other: each is parallel in itself, and two linkers at once need 4 GB.
  for (const tool of tools()) programs[tool.name] = await buildTool(tool, go, say);
  dropUnused(join(cacheFolder(), 'bin'));
  return { programs, share: await shareFiles(go, say) };
}

/** The path of a single program, for who needs no cluster. */
export async function buildProgram(name: string, say: Say): Promise<string> {
  const tool = tools().find((one) => one.name === name);
  if (!tool) throw new Error(`Cannot build ${name}: tools.ts does not name it`);
  return buildTool(tool, await findGo(), say);
}

async function buildTool(tool: Tool, go: Go, say: Say): Promise<string> {
  const folder = join(cacheFolder(), 'bin', `${tool.name}-${stampOf(tool, go)}`);
  const path = join(folder, tool.name);
  if (existsSync(path)) {
    // When it was last used; `dropUnused` goes by it.
    utimesSync(folder, new Date(), new Date());
    return path;
  }
  const startedMs = Date.now();
  say(`building ${tool.name}`);
  mkdirSync(folder, { recursive: true });
  // Under another name until it is whole: a build that was killed leaves nothing that counts.
  const draft = `${path}.${process.pid}`;
  try {
    await go.run(['build', ...flags, `-ldflags=${linkerFlags(tool)}`, '-o', draft, tool.package], moduleOf(tool));
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
  say(`built ${tool.name} in ${Math.round((Date.now() - startedMs) / 1000)} s`);
  return path;
}

/** What no checkout has run for a month; a set of programs is 1.1 GB. */
export function dropUnused(folder: string): void {
  const monthAgoMs = Date.now() - 30 * 24 * 60 * 60_000;
  for (const path of readdirSync(folder).map((name) => join(folder, name))) {
    if (statSync(path).mtimeMs < monthAgoMs) rmSync(path, { recursive: true, force: true });
  }
}

function linkerFlags(tool: Tool): string {
  return ['-s', '-w', ...tool.settings.flatMap((setting) => ['-X', setting])].join(' ');
}

function moduleOf(tool: Tool): string {
  return join(modulesFolder, tool.module);
}

/** Go's version, the module's own files (a stand-in of ours is among them) and the flags. */
function stampOf(tool: Tool, go: Go): string {
  const hash = createHash('sha256');
  for (const part of [go.version, tool.package, ...flags, linkerFlags(tool)]) hash.update(`${part}\0`);
  const files = readdirSync(moduleOf(tool), { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  for (const path of files.map((file) => join(file.parentPath, file.name)).sort()) hash.update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}
