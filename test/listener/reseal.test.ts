/** A folder sealed anew: other bytes for the same values, everything else as it was, and a word on what could not be had. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { httpControlPlane } from '../../src/adapters/control-plane/http.ts';
import { noTelemetry } from '../../src/adapters/telemetry/none.ts';
import { openSealer } from '../../src/cli/wiring/secrets.ts';
import { repoPath } from '../../src/domain/file-tree.ts';
import type { DeploymentId } from '../../src/domain/identifiers.ts';
import type { LaneContext, NamespaceParts, Renderer } from '../../src/listener/context.ts';
import { createDesiredState } from '../../src/listener/desired-state.ts';
import { soleLeadership } from '../../src/listener/leader/leadership.ts';
import { laneContext } from '../../src/listener/listener.ts';
import { viewAt } from '../../src/listener/repository-view.ts';
import { type Resealed, resealRevision } from '../../src/listener/secrets/reseal.ts';
import { defaultTimings } from '../../src/listener/timings.ts';
import { configurationFor, listen, secretKey, systemClock, teamA } from '../support/listener-world.ts';
import { memoryLog } from '../support/memory-log.ts';
import { type MemoryRemote, memoryRemote, memoryRepository } from '../support/memory-repository.ts';
import { realRenderer } from '../support/real-renderer.ts';
import { type ScriptedControlPlane, startScriptedControlPlane } from '../support/scripted-control-plane.ts';
import { sealingPair } from '../support/sealing-certificate.ts';
import { temporaryFolder } from '../support/temp.ts';
import { until } from '../support/until.ts';

const first = 'planted-0123456789';
let renderer: Renderer;
let certificateFile: string;
let plane: ScriptedControlPlane;
let remote: MemoryRemote;

beforeAll(async () => {
  renderer = await realRenderer();
  certificateFile = join(await temporaryFolder(), 'certificate.pem');
});

beforeEach(async () => {
  plane = await startScriptedControlPlane();
  remote = memoryRemote();
  await writeFile(certificateFile, sealingPair().certificate);
});

afterEach(async () => {
  await plane.stop();
});

it('makes the sealed files anew, and leaves every other as it was', async () => {
  await deployed({ secrets: { TOKEN: first } });
  const before = folder();
  await writeFile(certificateFile, sealingPair().certificate);

  const { files, notes } = await resealed();

  const changed = [...files].filter(([path, text]) => before.get(path) !== text).map(([path]) => path);
  expect(changed.sort()).toEqual(['database.sealedsecret.yaml', expect.stringMatching(/^env-.*\.sealedsecret\.yaml$/)]);
  expect([...files.keys(), 'PROVENANCE'].sort()).toEqual([...before.keys()].sort());
  expect(notes).toEqual([]);
});

it('lets go what it cannot have the values of, and says so', async () => {
  const id = await deployed({ secrets: { TOKEN: first } });
  const old = envFiles(folder())[0] ?? '';
  await deployed({ secrets: { TOKEN: 'planted-another-one' } }, id);

  const { files, notes } = await resealed();

  expect(envFiles(folder())).toHaveLength(2);
  expect(envFiles(files)).toHaveLength(1);
  expect(notes).toEqual([`${old} goes: the control plane does not tell its values any more`]);
  const { resources } = load(files.get('kustomization.yaml') ?? '') as { resources: string[] };
  expect(resources.filter((path) => path.startsWith('env-'))).toEqual(envFiles(files));
});

it('keeps the password of a database that was made with another key', async () => {
  await deployed({ secrets: {} });
  const before = folder();

  const { files, notes } = await resealed({ secretKey: { ...secretKey, id: 'another' } });

  expect(files.get('database.sealedsecret.yaml')).toBe(before.get('database.sealedsecret.yaml'));
  expect(notes).toEqual([expect.stringContaining('was made with another secrets.keyFile')]);
});

it('refuses a folder that a person has changed', async () => {
  await deployed({ secrets: { TOKEN: first } });
  const path = [...remote.files().keys()].find((one) => one.endsWith('/api.service.yaml')) ?? '';
  remote.commit('Edit', [{ kind: 'write', path: repoPath(path), content: 'kind: Edited\n' }]);

  await expect(resealed()).rejects.toMatchObject({ kind: 'terminal', reason: 'EditedFolder' });
});

it('refuses values that are not those of the folder any more', async () => {
  const id = await deployed({ secrets: { TOKEN: first } });
  plane.update(id, { secrets: { TOKEN: 'planted-another-one' } });

  const refusal = await resealed().catch((error: unknown) => error);

  expect(refusal).toMatchObject({ kind: 'terminal', reason: 'SecretDiffers' });
  expect(refusal).not.toMatchObject({ message: expect.stringContaining('planted') });
});

it('refuses where nothing is sealed', async () => {
  await deployed({ secrets: { TOKEN: first } });

  await expect(resealed({}, { mode: 'cluster' })).rejects.toMatchObject({ reason: 'NothingSealed' });
});

async function deployed(
  wanted: { readonly secrets: Readonly<Record<string, string>> },
  known?: DeploymentId,
): Promise<DeploymentId> {
  const { namespace, parts } = setup();
  const id = known ?? plane.create('chat', wanted);
  if (known) plane.update(known, wanted);
  const running = listen({ plane, repository: parts.repository, renderer, namespace, parts });
  await until('success', () => plane.lastReport(id)?.outcome === 'succeeded');
  await running.stop();
  return id;
}

async function resealed(change: Partial<NamespaceParts> = {}, secrets?: object): Promise<Resealed> {
  const { namespace, parts } = setup(secrets);
  const context = contextOf({ ...parts, ...change }, namespace);
  const view = await viewAt(parts.repository, await parts.repository.head(), null);
  const [only] = view.folders;
  if (!only) throw new Error('there is no folder');
  return resealRevision(context, only);
}

function setup(secrets: object = { mode: 'sealed-secrets', certificateFile }) {
  const namespace = { secrets };
  const settings = configurationFor({ plane, namespace }).namespaces[teamA];
  if (!settings) throw new Error('no namespace');
  const options = { namespace: teamA, secrets: settings.secrets, engine: null, cluster: null, clock: systemClock };
  const parts: NamespaceParts = {
    repository: memoryRepository(remote),
    sealer: openSealer(options),
    renderer,
    secretKey,
    engine: null,
    cluster: null,
    review: null,
  };
  return { namespace, parts };
}

function contextOf(parts: NamespaceParts, namespace: Readonly<Record<string, unknown>>): LaneContext {
  const shared = {
    controlPlane: httpControlPlane({ url: plane.url, apiKey: 'listener-key' }, plane.listenerId),
    desired: createDesiredState(),
    clock: systemClock,
    log: memoryLog(),
    telemetry: noTelemetry,
    leadership: soleLeadership,
    timings: defaultTimings,
    towpathVersion: '0.1.0',
  };
  return laneContext(shared, configurationFor({ plane, namespace }), teamA, parts);
}

function folder(): ReadonlyMap<string, string> {
  const own = [...remote.files()].filter(([path]) => path.startsWith('deployments/'));
  return new Map(own.map(([path, text]) => [path.split('/').at(-1) ?? '', text]));
}

function envFiles(files: ReadonlyMap<string, string>): readonly string[] {
  return [...files.keys()].filter((path) => path.startsWith('env-'));
}
