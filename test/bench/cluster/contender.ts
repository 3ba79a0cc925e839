/** The same engine without Towpath: the manifests that Towpath rendered, pushed by native git, and the engine asked to look. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nativeGit } from '../../support/native-git.ts';
import type { TestRepository } from '../../support/test-repository.ts';
import { bootstrap, configure, type EngineName } from './installation.ts';
import { makePlace, type World } from './world.ts';

export interface Contender {
  readonly namespace: string;
  /** What it began with; the engine may not have seen it yet. */
  readonly firstRevisionId: string;
  /** Pushes the manifests as a revision with another image would have them; answers the revision's id. */
  push(tag: string): Promise<string>;
}

interface Manifests {
  readonly files: Readonly<Record<string, string>>;
  readonly revisionId: string;
  readonly tag: string;
}

/** `model` holds one deployment, at `revisionId` with the image's tag `tag`. */
export async function startContender(
  world: World,
  engine: EngineName,
  model: { readonly place: TestRepository; readonly revisionId: string; readonly tag: string },
): Promise<Contender> {
  const place = await makePlace(world, `plain-${engine}`);
  const folder = join(world.folder, place.name);
  const door = { url: 'http://127.0.0.1', listenerId: randomUUID() };
  const configuration = configure(world, { folder, place, engine, door, kubeconfig: world.cluster.kubeconfig });
  let manifests = await adopt(model, place.name);
  const clone = join(folder, 'clone');
  await nativeGit(['init', '--quiet', '--initial-branch=main', clone]);
  await nativeGit(['-C', clone, 'remote', 'add', 'origin', place.url]);
  const name = nameIn(manifests.files);
  const push = async (tag: string): Promise<string> => {
    manifests = await commitAndPush(world, clone, manifests, tag);
    await askEngine(world, engine, { namespace: place.name, name });
    return manifests.revisionId;
  };
  manifests = await commitAndPush(world, clone, manifests, 'build-first');
  await bootstrap(world, engine, place.name, configuration);
  return { namespace: place.name, firstRevisionId: manifests.revisionId, push };
}

/** Names of their own: engines keep one object a name, in one namespace for all. */
async function adopt(
  { place, revisionId, tag }: { place: TestRepository; revisionId: string; tag: string },
  namespace: string,
): Promise<Manifests> {
  const tree = await place.tree();
  const name = nameIn(tree);
  const own = `plain-${name.slice(-10)}`;
  const renamed = (text: string): string => text.replaceAll(place.name, namespace).replaceAll(name, own);
  const files = Object.entries(tree).map(([path, text]) => [renamed(path), renamed(text)]);
  return { files: Object.fromEntries(files), revisionId, tag };
}

function nameIn(files: Readonly<Record<string, string>>): string {
  const found = Object.keys(files).flatMap((path) => /^deployments\/([^/]+)\//.exec(path)?.[1] ?? [])[0];
  if (found === undefined) throw new Error('Cannot find a deployment to contend with: the repository is empty');
  return found;
}

async function commitAndPush(world: World, clone: string, before: Manifests, tag: string): Promise<Manifests> {
  const revisionId = randomUUID();
  const changed = (text: string): string => text.replaceAll(before.revisionId, revisionId).replaceAll(before.tag, tag);
  const files = Object.fromEntries(Object.entries(before.files).map(([path, text]) => [path, changed(text)]));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(clone, path)), { recursive: true });
    writeFileSync(join(clone, path), text);
  }
  await nativeGit(['-C', clone, 'add', '--all']);
  await nativeGit(['-C', clone, 'commit', '--quiet', '-m', `Change the image\n\nRevision-Id: ${revisionId}`]);
  await nativeGit(['-C', clone, 'push', '--quiet', 'origin', 'main'], { env: credentialsOf(world) });
  return { files, revisionId, tag };
}

function credentialsOf({ cluster }: World): Readonly<Record<string, string>> {
  const { username, password } = cluster.git;
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
  };
}

/** As Towpath does, by the same annotations. */
async function askEngine(
  { http, cluster }: World,
  engine: EngineName,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<void> {
  const argoCd = `/apis/argoproj.io/v1alpha1/namespaces/${cluster.argoCd.namespace}/applications/${name}`;
  const flux = `/apis/source.toolkit.fluxcd.io/v1/namespaces/${cluster.flux.namespace}/gitrepositories/towpath-${namespace}`;
  const annotations =
    engine === 'argo-cd'
      ? { 'argocd.argoproj.io/refresh': 'normal' }
      : { 'reconcile.fluxcd.io/requestedAt': new Date().toISOString() };
  const path = engine === 'argo-cd' ? argoCd : flux;
  const type = 'application/merge-patch+json';
  const purpose = `ask ${engine} to look`;
  await http.json({ method: 'PATCH', path, body: { metadata: { annotations } }, type, purpose });
}
