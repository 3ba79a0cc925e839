/** A control plane over real HTTP that does what a test says: answers, lies, refuses, falls silent. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { lastReportOf } from '../../src/core/report.ts';
import type { Desired } from '../../src/domain/desired.ts';
import {
  DeploymentId,
  DeploymentName,
  type ListenerId,
  NamespaceName,
  RevisionId,
  WorkspaceId,
} from '../../src/domain/identifiers.ts';
import type { LastReport, Report, RevisionReport } from '../../src/domain/report.ts';
import { ReportBatch } from '../../src/domain/report.ts';
import type { Requester } from '../../src/domain/requester.ts';
import type { ResourceSpec } from '../../src/domain/resource-spec.ts';
import type { Specification } from '../../src/domain/specification.ts';

export interface Wanted {
  readonly id: DeploymentId;
  readonly name: string;
  readonly namespace: string;
  readonly revision: RevisionId;
  readonly image: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly resourceSpec: ResourceSpec;
  readonly removed: boolean;
  readonly interrupted: boolean;
  readonly requester: Requester;
  /** Null as of a control plane that does not count. */
  readonly number: number | null;
  readonly rollbackTo: Specification['revision']['rollbackTo'];
}

export type Script = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface ScriptedControlPlane {
  readonly url: string;
  readonly listenerId: ListenerId;
  /** Answers a request instead of the control plane where it returns true. */
  script: Script | null;
  readonly reports: Report[];
  readonly requests: string[];
  /** Authorization header values seen. */
  readonly keys: Set<string>;
  create(name: string, options?: Partial<Wanted>): DeploymentId;
  /** A new revision; answers its id. */
  update(id: DeploymentId, changes?: Partial<Wanted>): RevisionId;
  remove(id: DeploymentId): void;
  /** Out of the list without a word, which must mean nothing. */
  vanish(id: DeploymentId): void;
  /** A restored database: another epoch, and the cursors of old are unknown. */
  restore(): void;
  /** Loses what was reported of a deployment. */
  forget(id: DeploymentId): void;
  wanted(): ReadonlyMap<DeploymentId, Wanted>;
  /** The newest report about a revision at its current revision. */
  lastReport(id: DeploymentId): RevisionReport | undefined;
  stop(): Promise<void>;
}

interface World {
  readonly listenerId: ListenerId;
  readonly workspaceId: WorkspaceId;
  readonly wanted: Map<DeploymentId, Wanted & { readonly version: number }>;
  readonly lastReports: Map<DeploymentId, LastReport>;
  readonly waiting: Set<() => void>;
  version: number;
  epoch: string;
}

export async function startScriptedControlPlane(
  listenerId = randomUUID() as ListenerId,
): Promise<ScriptedControlPlane> {
  const world: World = {
    listenerId,
    workspaceId: WorkspaceId.parse(randomUUID()),
    wanted: new Map(),
    lastReports: new Map(),
    waiting: new Set(),
    version: 0,
    epoch: randomUUID(),
  };
  const plane = {
    script: null as Script | null,
    reports: [] as Report[],
    requests: [] as string[],
    keys: new Set<string>(),
  };
  const server = createServer((request, response) => {
    plane.requests.push(`${request.method} ${request.url}`);
    plane.keys.add(String(request.headers['x-api-key']));
    if (plane.script?.(request, response)) return;
    void answer(world, plane.reports, request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return Object.assign(plane, control(world, plane.reports), {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    listenerId,
    stop: () => stop(server),
  });
}

function control(world: World, reports: Report[]) {
  const set = (wanted: Wanted): void => {
    world.version += 1;
    world.wanted.set(wanted.id, { ...wanted, version: world.version });
    for (const wake of world.waiting) wake();
  };
  return {
    create: (name: string, options: Partial<Wanted> = {}): DeploymentId => {
      const id = options.id ?? DeploymentId.parse(randomUUID());
      const revision = RevisionId.parse(randomUUID());
      const plain = { namespace: 'team-a', image: 'registry.example/agents/chat:1.0.0', secrets: {}, resourceSpec: {} };
      const requester = { name: 'Ada', email: 'ada@example.com', proof: 'admin', key: null } as const;
      const counted = { number: null, rollbackTo: null };
      set({ ...plain, ...counted, requester, revision, removed: false, interrupted: false, ...options, id, name });
      return id;
    },
    update: (id: DeploymentId, changes: Partial<Wanted> = {}): RevisionId => {
      const known = world.wanted.get(id);
      if (!known) throw new RangeError(`no deployment ${id}`);
      const revision = changes.revision ?? RevisionId.parse(randomUUID());
      set({ ...known, ...changes, revision });
      return revision;
    },
    remove: (id: DeploymentId): void => {
      const known = world.wanted.get(id);
      if (known) set({ ...known, removed: true });
    },
    vanish: (id: DeploymentId): void => {
      world.wanted.delete(id);
    },
    restore: (): void => {
      world.epoch = randomUUID();
      for (const wake of world.waiting) wake();
    },
    forget: (id: DeploymentId): void => {
      world.lastReports.delete(id);
      reports.splice(0);
    },
    wanted: () => world.wanted,
    lastReport: (id: DeploymentId): RevisionReport | undefined =>
      reports.findLast(
        (report): report is RevisionReport =>
          report.kind === 'revision' &&
          report.deploymentId === id &&
          report.revisionId === world.wanted.get(id)?.revision,
      ),
  };
}

async function answer(
  world: World,
  reports: Report[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://plane');
  const ids = /^\/towpath\/v1\/deployments\/([^/]+)\/revisions\/([^/]+)\/(spec|secrets)$/.exec(url.pathname);
  if (url.pathname === '/towpath/v1/info') return send(response, 200, { version: 'scripted', features: [] });
  if (url.pathname.endsWith('/desired')) return answerDesired(world, url, response);
  if (url.pathname.endsWith('/reports')) return takeReports(world, reports, request, response);
  const wanted = ids ? world.wanted.get(ids[1] as DeploymentId) : undefined;
  if (!ids || !wanted) return send(response, 404, { detail: 'not found' });
  send(response, 200, ids[3] === 'spec' ? specificationOf(world, wanted, ids[2] as RevisionId) : secretsOf(wanted));
}

async function answerDesired(world: World, url: URL, response: ServerResponse): Promise<void> {
  const [epoch, version] = (url.searchParams.get('after') ?? '').split(' ');
  const reset = () => epoch !== world.epoch;
  const news = () => [...world.wanted.values()].filter((each) => reset() || each.version > Number(version));
  if (!reset() && news().length === 0)
    await waitForChange(world, Number(url.searchParams.get('wait')) * 1000, response);
  const items = news().sort((one, other) => one.version - other.version);
  send(response, 200, {
    cursor: `${world.epoch} ${world.version}`,
    reset: reset(),
    more: false,
    items: items.map((each) => desiredOf(world, each)),
    caller: 'listener',
  });
}

function waitForChange(world: World, ms: number, response: ServerResponse): Promise<void> {
  return new Promise((done) => {
    const finish = (): void => {
      clearTimeout(timer);
      world.waiting.delete(finish);
      done();
    };
    const timer = setTimeout(finish, ms);
    world.waiting.add(finish);
    response.on('close', finish);
  });
}

async function takeReports(
  world: World,
  reports: Report[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = (await request.setEncoding('utf8').toArray()).join('');
  const batch = ReportBatch.parse(JSON.parse(body));
  for (const report of batch.reports) {
    reports.push(report);
    const last = lastReportOf(report);
    if (last && report.kind === 'revision') world.lastReports.set(report.deploymentId, last);
    if (report.kind === 'removal' && report.outcome === 'succeeded') world.wanted.delete(report.deploymentId);
  }
  send(response, 204, null);
}

function desiredOf(world: World, wanted: Wanted): Desired {
  const common = {
    deploymentId: wanted.id,
    name: DeploymentName.parse(wanted.name),
    namespace: NamespaceName.parse(wanted.namespace),
    lastReport: world.lastReports.get(wanted.id) ?? null,
  };
  if (wanted.removed) {
    return { kind: 'removed', ...common, request: { requester: wanted.requester, at: '2026-01-02T03:04:05.000Z' } };
  }
  const { revision, interrupted } = wanted;
  return {
    kind: 'present',
    ...common,
    revisionId: revision,
    revisionNumber: wanted.number,
    secretsVersion: versionOf(wanted),
    interrupted,
  };
}

function specificationOf(world: World, wanted: Wanted, revision: RevisionId): Specification {
  return {
    deployment: {
      id: wanted.id,
      name: DeploymentName.parse(wanted.name),
      workspaceId: world.workspaceId,
      listenerId: world.listenerId,
      namespace: NamespaceName.parse(wanted.namespace),
      customUrl: null,
    },
    revision: {
      id: revision,
      createdAt: '2026-05-02T10:00:00.000Z',
      requester: wanted.requester,
      number: wanted.number,
      rollbackTo: wanted.rollbackTo,
    },
    image: wanted.image,
    resourceSpec: wanted.resourceSpec,
    secretNames: Object.keys(wanted.secrets).sort(),
    secretsVersion: versionOf(wanted),
    secretReferences: [],
  };
}

function secretsOf(wanted: Wanted) {
  return { secretsVersion: versionOf(wanted), values: wanted.secrets };
}

function versionOf({ secrets }: Wanted): string | null {
  const names = Object.keys(secrets);
  return names.length === 0
    ? null
    : `v-${Buffer.from(names.join()).toString('hex')}-${Object.values(secrets).join().length}`;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === null ? '' : JSON.stringify(body));
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => server.close(() => done()));
}
