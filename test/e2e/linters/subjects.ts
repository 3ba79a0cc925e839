/** Everything that Towpath writes into a repository or installs, as the linters get to see it. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openFileSubject } from '../../../src/cli/render/file-subject.ts';
import { fluxKustomization } from '../../../src/core/flux/objects.ts';
import type { RenderInput } from '../../../src/core/template/set.ts';
import { Flux } from '../../../src/domain/configuration-cluster.ts';
import { folderOf } from '../../../src/domain/resource-name.ts';
import { prepareRevision } from '../../../src/listener/prepare.ts';
import { render } from '../../core/support/agent-server.ts';
import { renderCases } from '../../core/support/render-cases.ts';
import { renderInput } from '../../core/support/render-input.ts';
import { root } from '../../install/files.ts';
import { sealingPair } from '../../support/sealing-certificate.ts';
import { temporaryFolder } from '../../support/temp.ts';
import { bases, chart, overlay } from '../support/install.ts';
import type { LinterPrograms } from './programs.ts';
import { type Subject, subject } from './subject.ts';

/** A deployment for the example that has none of its own. */
const ownTemplatesDeployment = {
  name: 'chat',
  source_config: { listener_config: { k8s_namespace: 'team-a' }, resource_spec: { max_scale: 2 } },
  source_revision_config: { image_uri: `registry.example/agents/chat:1.0.0@sha256:${'3'.repeat(64)}` },
  secret_references: ['POSTGRES_URI_CUSTOM', 'REDIS_URI_CUSTOM'].map((name) => ({
    name,
    secret_name: 'chat',
    secret_key: name,
  })),
};

export async function allSubjects(programs: LinterPrograms): Promise<readonly Subject[]> {
  return [
    ...templateSets(),
    ...engineObjects(),
    ...charts(programs.helm),
    ...(await kustomizations(programs.kustomize)),
    ...(await examples()),
    subject('planted/objects', [readFileSync(join(import.meta.dirname, 'planted/objects.yaml'), 'utf8')]),
  ];
}

function templateSets(): readonly Subject[] {
  return Object.entries(renderCases).map(([name, input]) => {
    const texts = manifests(render(withoutGuests(input)));
    return subject(`${input.namespace.templates}/${name.replace(/^lgp-/, '')}`, texts);
  });
}

/** Containers and volumes of a user's are rendered as they are given, and would hide what is wrong with our own. */
function withoutGuests(input: RenderInput): RenderInput {
  const none = { sidecars: null, init_containers: null, volumes: null, volume_mounts: null };
  const resourceSpec = { ...input.specification.resourceSpec, ...none };
  return { ...input, specification: { ...input.specification, resourceSpec } };
}

/** What `towpath bootstrap` gives an engine, and what the listener writes beside a deployment for Flux. */
function engineObjects(): readonly Subject[] {
  const golden = join(root, 'test/core/golden-bootstrap');
  const bootstrap = readdirSync(golden).map((name) => {
    const files = readdirSync(join(golden, name));
    return subject(
      `bootstrap/${name}`,
      files.map((file) => readFileSync(join(golden, name, file), 'utf8')),
    );
  });
  const { specification, resourceName, namespace } = renderInput();
  const { id } = specification.deployment;
  const written = fluxKustomization({
    resourceName,
    folder: folderOf(namespace.layout, resourceName, id),
    namespace: specification.deployment.namespace,
    settings: Flux.parse({}),
    decryptionSecret: 'sops-age',
    labels: { 'towpath.dev/deployment-id': id },
  });
  return [...bootstrap, subject('engine/flux', [written])];
}

function charts(helm: string): readonly Subject[] {
  return readdirSync(join(chart, 'examples')).map((example) => {
    const values = join(chart, 'examples', example);
    const words = ['template', 'towpath', chart, '--namespace', 'towpath', '--values', values];
    return subject(`chart/${basename(example, '.yaml')}`, [execFileSync(helm, words, { encoding: 'utf8' })]);
  });
}

/** The bases as overlays compose them: by itself what is in `access` names no namespace. */
async function kustomizations(kustomize: string): Promise<readonly Subject[]> {
  const everything = await overlay({
    'kustomization.yaml': { resources: ['listener', 'control-plane', 'served', 'engine'], components: ['webhooks'] },
    'served/kustomization.yaml': {
      namespace: 'team-a',
      resources: ['../access/served-namespace'],
      components: ['../access/without-secrets'],
    },
    'engine/kustomization.yaml': { namespace: 'flux-system', resources: ['../access/flux'] },
  });
  return [
    ['example', join(bases, 'example')],
    ['everything', everything],
  ].map(([name, folder]) =>
    subject(`kustomize/${name}`, [execFileSync(kustomize, ['build', folder ?? ''], { encoding: 'utf8' })]),
  );
}

/** Each configuration of `examples` with the deployment beside or above it, rendered as `towpath render` does. */
async function examples(): Promise<readonly Subject[]> {
  const folder = await temporaryFolder('examples');
  cpSync(join(root, 'examples'), folder, { recursive: true });
  writeFileSync(join(folder, 'own-templates/deployment.json'), JSON.stringify(ownTemplatesDeployment));
  const configurations = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => basename(path) === 'towpath.yaml',
  );
  const rendered: Subject[] = [];
  for (const path of configurations.sort()) {
    const texts = manifests(await renderedExample(withFiles(join(folder, path))));
    rendered.push(subject(`examples/${dirname(path).replaceAll('/', '-')}`, texts));
  }
  return rendered;
}

/** The files that a listener's machine has lie beside the configuration. */
function withFiles(config: string): string {
  const folder = dirname(config);
  const text = readFileSync(config, 'utf8').replaceAll('/run/secrets/towpath', folder);
  writeFileSync(config, text.replace(/keyEnv: \w+/, 'keyFile: key'));
  writeFileSync(join(folder, 'key'), 'ab'.repeat(32));
  writeFileSync(join(folder, 'sealed-secrets.pem'), sealingPair().certificate);
  return config;
}

async function renderedExample(config: string): Promise<ReadonlyMap<string, string>> {
  const places = [dirname(config), dirname(dirname(config))];
  const files = places.flatMap((place) => ['deployment.yaml', 'deployment.json'].map((name) => join(place, name)));
  const deployment = files.find(existsSync);
  if (!deployment) throw new Error(`Cannot render ${config}: no deployment lies beside it`);
  const { context, desired, close } = await openFileSubject(deployment, { config });
  try {
    return (await prepareRevision(context, desired, null)).files;
  } finally {
    await close();
  }
}

/** The kustomization is no object of the cluster. */
function manifests(files: ReadonlyMap<string, string>): readonly string[] {
  return [...files].filter(([path]) => path.endsWith('.yaml') && path !== 'kustomization.yaml').map(([, text]) => text);
}
