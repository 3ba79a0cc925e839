/**
 * Mirror mode: a control plane that has only the public API. It is polled and never written to; reports go to a
 * status file and to the log, and come back from there as the last word about each deployment.
 */
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { z } from 'zod';
import type { Desired, DesiredPage } from '../../domain/desired.ts';
import { asTowpathError, TowpathError } from '../../domain/failure.ts';
import { type DeploymentId, DeploymentName, type ListenerId } from '../../domain/identifiers.ts';
import type { Report } from '../../domain/report.ts';
import type { Clock, Log } from '../../ports.ts';
import { ignoredFieldsTeller } from './answers.ts';
import { type ControlPlaneClient, type ControlPlaneConnection, connectToControlPlane } from './client.ts';
import type { HttpControlPlane } from './http.ts';
import {
  latestRevision,
  listDeployments,
  type PublicDeployment,
  readRevision,
  specificationOf,
  valuesOf,
} from './public.ts';
import { type StatusFile, statusFile } from './status-file.ts';

interface MirrorOptions {
  readonly connection: ControlPlaneConnection;
  readonly listenerId: ListenerId;
  /** Holds `status.json` and a key of its own. */
  readonly dataFolder: string;
  /** Whether the folder may be made: whoever only looks leaves nothing behind. */
  readonly mayWrite: boolean;
  readonly pollIntervalMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

export function mirrorControlPlane(options: MirrorOptions): HttpControlPlane {
  const client = connectToControlPlane(options.connection);
  const status = statusFile(join(options.dataFolder, 'status.json'), options.log);
  const key = options.mayWrite ? madeKey(options.dataFolder) : (keptKey(options.dataFolder) ?? randomBytes(32));
  const tellIgnored = ignoredFieldsTeller(options.log);
  const polling = createPolling({ ...options, client, status, key });
  const host = new URL(options.connection.url).hostname;
  return {
    info: async () => null,
    desired: polling.desired,
    specification: async (deploymentId, revisionId) => {
      const read = await readRevision(client, deploymentId, revisionId);
      tellIgnored(deploymentId, read.deployment.source_config.resource_spec);
      return specificationOf(read, secretsVersionOf(key, read.deployment), host);
    },
    secrets: async (deploymentId, revisionId) => {
      const { deployment } = await readRevision(client, deploymentId, revisionId);
      return { secretsVersion: secretsVersionOf(key, deployment), values: valuesOf(deployment) };
    },
    report: async (_term, reports) => {
      for (const report of reports) logReport(options.log, report);
      await status.take(reports);
    },
    close: client.close,
  };
}

interface PollingOptions extends MirrorOptions {
  readonly client: ControlPlaneClient;
  readonly status: StatusFile;
  readonly key: Buffer;
}

interface Polled {
  /** What tells a change: time, revision and status. */
  readonly mark: string;
  readonly desired: Desired;
}

function createPolling(options: PollingOptions): Pick<HttpControlPlane, 'desired'> {
  const { clock, pollIntervalMs } = options;
  let known: ReadonlyMap<DeploymentId, Polled> = new Map();
  let cursor = randomUUID();
  let nextAt = 0;
  let isRegistered = false;

  const poll = async (signal: AbortSignal): Promise<readonly Desired[]> => {
    nextAt = clock.now().getTime() + pollIntervalMs * (0.9 + Math.random() / 5);
    if (!isRegistered) await checkListener(options, signal);
    isRegistered = true;
    const listed = await listDeployments(options.client, options.listenerId, signal, (problems) =>
      options.log.warn('Cannot read a deployment of the list', { problems }),
    );
    const polled = await readChanged(options, listed, known, signal);
    const changed = [...polled].filter(([id, now]) => known.get(id)?.mark !== now.mark);
    known = polled;
    return changed.map(([, { desired }]) => desired);
  };
  return {
    desired: async (after, waitSeconds, signal): Promise<DesiredPage> => {
      if (after === null || after !== cursor) {
        await poll(signal);
        cursor = randomUUID();
        const items = await Promise.all(
          [...known.values()].map(({ desired }) => withLastReport(options.status, desired)),
        );
        return { cursor, reset: true, more: false, items };
      }
      const until = Math.min(nextAt, clock.now().getTime() + waitSeconds * 1000);
      await clock.sleep(Math.max(0, until - clock.now().getTime()), signal);
      const changed = clock.now().getTime() >= nextAt ? await poll(signal) : [];
      const items = await Promise.all(changed.map((desired) => withLastReport(options.status, desired)));
      return { cursor, reset: false, more: false, items };
    },
  };
}

/** One that cannot be read keeps what was known of it, and is read again with the next poll. */
async function readChanged(
  options: PollingOptions,
  listed: readonly PublicDeployment[],
  known: ReadonlyMap<DeploymentId, Polled>,
  signal: AbortSignal,
): Promise<ReadonlyMap<DeploymentId, Polled>> {
  const queue = new PQueue({ concurrency: 8 });
  const read = listed.map((deployment) =>
    queue.add(async (): Promise<readonly (readonly [DeploymentId, Polled])[]> => {
      const mark = `${deployment.updated_at} ${deployment.latest_revision_id} ${deployment.status}`;
      const before = known.get(deployment.id);
      if (before?.mark === mark) return [[deployment.id, before]];
      try {
        const desired = await desiredOf(options, deployment, signal);
        return desired ? [[deployment.id, { mark, desired }]] : [];
      } catch (error) {
        if (signal.aborted || asTowpathError(error)?.kind === 'waiting') throw error;
        options.log.warn('Cannot read a deployment', {
          deployment: deployment.id,
          error: asTowpathError(error)?.message,
        });
        return before ? [[deployment.id, before]] : [];
      }
    }),
  );
  return new Map((await Promise.all(read)).flat());
}

async function desiredOf(
  options: PollingOptions,
  deployment: PublicDeployment,
  signal: AbortSignal,
): Promise<Desired | null> {
  const name = DeploymentName.safeParse(deployment.name);
  const namespace = deployment.source_config.listener_config?.k8s_namespace;
  if (!name.success || !namespace) {
    options.log.warn('Cannot serve a deployment: its name or namespace is not one of Kubernetes', {
      deployment: deployment.id,
    });
    return null;
  }
  const common = { deploymentId: deployment.id, name: name.data, namespace, lastReport: null };
  if (deployment.status === 'AWAITING_DELETE') {
    // The public API does not say who asked.
    return (await options.status.isRemoved(deployment.id)) ? null : { kind: 'removed', ...common, request: null };
  }
  const revision = await latestRevision(options.client, deployment.id, signal);
  if (!revision) return null;
  return {
    kind: 'present',
    ...common,
    revisionId: revision.id,
    revisionNumber: null,
    secretsVersion: secretsVersionOf(options.key, deployment),
    interrupted: revision.status === 'INTERRUPTED',
  };
}

async function withLastReport(status: StatusFile, desired: Desired): Promise<Desired> {
  return { ...desired, lastReport: await status.lastReport(desired.deploymentId) };
}

async function checkListener({ client, listenerId }: PollingOptions, signal: AbortSignal): Promise<void> {
  const purpose = `find listener ${listenerId}`;
  const path = `/v2/listeners/${listenerId}`;
  await client.call({ purpose, path, answer: z.object({ id: z.string() }), signal });
}

function secretsVersionOf(key: Buffer, deployment: PublicDeployment): string | null {
  const entries = Object.entries(valuesOf(deployment)).sort(([one], [other]) => (one < other ? -1 : 1));
  if (entries.length === 0) return null;
  return createHmac('sha256', key).update(JSON.stringify(entries)).digest('hex');
}

const keyFile = 'mirror.key';

/** Made once; lost with the folder, it only makes that values are asked for once more. */
function madeKey(folder: string): Buffer {
  const path = join(folder, keyFile);
  try {
    const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Inside a clone the key must not be committed.
    if (made !== undefined) writeFileSync(join(folder, '.gitignore'), '*\n');
    writeFileSync(path, randomBytes(32), { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    if (code !== 'EEXIST') {
      throw new TowpathError('terminal', 'DataFolder', `Cannot write ${path}: ${code}; check listener.dataFolder`, {
        cause,
      });
    }
  }
  return readFileSync(path);
}

function keptKey(folder: string): Buffer | null {
  try {
    return readFileSync(join(folder, keyFile));
  } catch {
    return null;
  }
}

function logReport(log: Log, report: Report): void {
  const { kind, at: _at, ...fields } = report;
  if (report.outcome === 'failed') log.warn('Status', { report: kind, ...fields });
  else log.info('Status', { report: kind, ...fields });
}
