/** A listener whose changes are proposed on a real Gitea, without a cluster: engine none, a merge counts as deployed. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { stringify } from 'yaml';
import {
  type ControlPlaneProcess,
  startControlPlaneProcess,
  type Tenant,
} from '../../support/control-plane-process.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { eventually } from '../harness/eventually.ts';
import { type Gitea, startGitea } from '../harness/gitea.ts';
import type { GiteaRepository } from '../harness/gitea-client.ts';
import { freePorts } from '../harness/ports.ts';
import { type Gate, startGate } from './gate.ts';
import { type GiteaPeople, giteaPeople } from './gitea-people.ts';
import { type ListenerProcess, startListenerProcess } from './listener-process.ts';
import { type Revision, type SiteCalls, siteCalls } from './site-calls.ts';

export interface ReviewSite extends SiteCalls {
  readonly gitea: Gitea;
  readonly namespace: string;
  readonly tenant: Tenant;
  readonly repository: GiteaRepository;
  readonly people: GiteaPeople;
  /** All that the listener asks of Gitea goes through it. */
  readonly gate: Gate;
  /** Path of towpath.yaml. */
  readonly configuration: string;
  /** All that its listeners have written. */
  output(): string;
  start(): Promise<void>;
  end(signal: NodeJS.Signals): Promise<void>;
  /** The bot's token, which the listener reads from a file at each request. */
  writeToken(token: string): Promise<void>;
  /** Writes towpath.yaml anew with these options of the namespace over those that it was opened with. */
  configure(settings: Settings): Promise<void>;
  /** Waits until the latest revision is said to be so, for one of these reasons. */
  told(id: string, ...reasons: readonly string[]): Promise<Revision>;
  /** All that was ever said of the latest revision. */
  log(id: string): Promise<string>;
}

type Settings = Readonly<Record<string, unknown>>;

interface ReviewSiteOptions {
  readonly gitea: Gitea;
  readonly plane: ControlPlaneProcess;
  /** Options of the publication beside its mode. */
  readonly publication?: Settings;
  /** False: its listener is started by the test. */
  readonly listen?: boolean;
  /** Instead of the bot's own. */
  readonly token?: string;
  /** Before the listener starts: rules of the base, say. */
  readonly prepare?: (repository: GiteaRepository) => Promise<unknown>;
}

type Open = (options?: Omit<ReviewSiteOptions, 'gitea' | 'plane'>) => Promise<ReviewSite>;

/** Tests that open sites, each of which ends with its test, on one Gitea and one control plane for the file. */
export function reviewTest() {
  let gitea: Gitea;
  let plane: ControlPlaneProcess;
  beforeAll(async () => {
    [gitea, plane] = await Promise.all([startGitea(), startControlPlaneProcess()]);
  }, 900_000);
  afterAll(async () => {
    await Promise.all([gitea?.stop(), plane?.end('SIGTERM')]);
  });
  return test.extend<{ readonly open: Open; readonly gitea: Gitea }>({
    gitea: async ({ task: _task }, use) => use(gitea),
    open: async ({ task: _task }, use) => {
      const sites: ReviewSite[] = [];
      await use(async (options) => {
        const site = await openReviewSite({ gitea, plane, ...options });
        sites.push(site);
        return site;
      });
      for (const { end, gate } of sites) await end('SIGTERM').then(gate.close);
    },
  });
}

async function openReviewSite(options: ReviewSiteOptions): Promise<ReviewSite> {
  const { gitea, plane, listen = true, token = gitea.users.bot.token } = options;
  const namespace = `review-${randomBytes(4).toString('hex')}`;
  const repository = await gitea.makeRepository();
  await options.prepare?.(repository);
  const tenant = await plane.tenant(namespace, [namespace]);
  const gate = await startGate(gitea.url);
  const folder = await temporaryFolder('review');
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const webhooks = await openWebhooks(repository, file);
  const fixed = {
    repository: repository.cloneUrl.replace(gitea.url, gate.url),
    credentials: { username: gitea.users.bot.name, passwordFile: await file('token', token) },
    secrets: { keyFile: await file('key', randomBytes(32).toString('hex')) },
    engine: 'none',
    publication: { mode: 'proposed', forge: 'gitea', interval: '10s', ...options.publication },
  };
  const whole = {
    controlPlane: { url: plane.url, apiKeyFile: await file('api-key', tenant.listenerKey) },
    listener: { id: tenant.listenerId },
    webhooks,
  };
  const configure = async (settings: Settings): Promise<void> => {
    await file('towpath.yaml', stringify({ ...whole, namespaces: { [namespace]: { ...fixed, ...settings } } }));
  };
  await configure({});
  const configuration = join(folder, 'towpath.yaml');
  const process = listenerOf(configuration);
  if (listen) await process.start();
  const calls = siteCalls(plane, tenant, namespace);
  const people = giteaPeople(gitea, repository);
  return {
    ...{ gitea, namespace, tenant, repository, people, gate, configuration, configure, ...process, ...calls },
    writeToken: async (value) => void (await file('token', value)),
    told: (id, ...reasons) => told(calls, id, reasons),
    log: (id) => logOf(plane, tenant, calls, id),
  };
}

/** Gitea tells the listener itself, past the gate. */
async function openWebhooks(
  repository: GiteaRepository,
  file: (name: string, text: string) => Promise<string>,
): Promise<Settings> {
  const { port } = await freePorts('port');
  const secret = randomBytes(16).toString('hex');
  await repository.addWebhook(`http://127.0.0.1:${port}/webhook`, secret);
  return { port, secretFile: await file('webhook-secret', secret) };
}

function listenerOf(configuration: string): Pick<ReviewSite, 'start' | 'end' | 'output'> {
  const all: ListenerProcess[] = [];
  return {
    start: async () => void all.push(await startListenerProcess(['--config', configuration])),
    end: async (signal) => void (await all.at(-1)?.end(signal)),
    output: () => all.map((listener) => listener.output()).join(''),
  };
}

function told({ latest }: SiteCalls, id: string, reasons: readonly string[]): Promise<Revision> {
  return eventually(`${id} to be told ${reasons.join(' or ')}`, async () => {
    const revision = await latest(id);
    if (!reasons.includes(revision.towpath.reason ?? '')) throw new Error(JSON.stringify(revision));
    return revision;
  });
}

async function logOf(
  plane: ControlPlaneProcess,
  { workspaceKey }: Tenant,
  { deployment }: SiteCalls,
  id: string,
): Promise<string> {
  const { latest_revision_id } = (await deployment(id)).body as { latest_revision_id: string };
  const path = `/v1/projects/${id}/revisions/${latest_revision_id}/deploy_logs`;
  return JSON.stringify((await plane.call('POST', path, workspaceKey, { limit: 100 })).body);
}
