/** Mirror mode's own memory: what would have been reported, in one file that is always whole, and private. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { TowpathError } from '../../domain/failure.ts';
import { LaneReport, LastReport, RemovalReport, type Report } from '../../domain/report.ts';
import type { Log } from '../../ports.ts';

const DeploymentStatus = z.object({
  lastReport: LastReport.nullable(),
  url: z.string().nullable(),
  removal: RemovalReport.nullable(),
});
type DeploymentStatus = z.infer<typeof DeploymentStatus>;

const StatusDocument = z.object({
  version: z.literal(1),
  deployments: z.record(z.string(), DeploymentStatus),
  repositories: z.record(z.string(), LaneReport),
});
type StatusDocument = z.infer<typeof StatusDocument>;

export interface StatusFile {
  lastReport(deploymentId: string): Promise<LastReport | null>;
  /** Whether its removal is over, so that nothing more is to be done about it. */
  isRemoved(deploymentId: string): Promise<boolean>;
  /** Returns once the file is on disk. */
  take(reports: readonly Report[]): Promise<void>;
}

export function statusFile(path: string, log: Pick<Log, 'warn'>): StatusFile {
  let loaded: Promise<StatusDocument> | null = null;
  let writing: Promise<void> = Promise.resolve();
  const document = (): Promise<StatusDocument> => {
    loaded ??= load(path, log);
    return loaded;
  };
  return {
    lastReport: async (id) => (await document()).deployments[id]?.lastReport ?? null,
    isRemoved: async (id) => (await document()).deployments[id]?.removal?.outcome === 'succeeded',
    take: async (reports) => {
      const before = await document();
      const after = reports.reduce(withReport, before);
      loaded = Promise.resolve(after);
      // One write after the other: the last one wins on disk as it does in memory.
      writing = writing.catch(() => undefined).then(async () => write(path, await document()));
      await writing;
    },
  };
}

function withReport(document: StatusDocument, report: Report): StatusDocument {
  if (report.kind === 'lane') {
    return { ...document, repositories: { ...document.repositories, [report.namespace]: report } };
  }
  const known = document.deployments[report.deploymentId] ?? { lastReport: null, url: null, removal: null };
  const status = report.kind === 'removal' ? { ...known, removal: report } : withRevision(known, report);
  return { ...document, deployments: { ...document.deployments, [report.deploymentId]: status } };
}

function withRevision(known: DeploymentStatus, report: Extract<Report, { kind: 'revision' }>): DeploymentStatus {
  const { kind: _kind, deploymentId: _deploymentId, url, ...lastReport } = report;
  return { lastReport, url: url ?? known.url, removal: null };
}

/** A file that is lost or broken is made again from what lies in git. */
async function load(path: string, log: Pick<Log, 'warn'>): Promise<StatusDocument> {
  const empty: StatusDocument = { version: 1, deployments: {}, repositories: {} };
  try {
    return StatusDocument.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
      log.warn('Cannot read the status file; it is made again from git', { path });
    }
    return empty;
  }
}

/** Written beside it, forced to disk, then renamed: a kill leaves the old file or the new one. */
async function write(path: string, document: StatusDocument): Promise<void> {
  const beside = `${path}.${randomUUID()}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(document, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => undefined);
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw new TowpathError('transient', 'StatusFile', `Cannot write ${path}: ${code}; check space and rights`, {
      cause,
    });
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
