/** Copies YAML and scripts out of the Go modules into the cache, so that a run needs neither Go nor its caches. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { customSources } from '../../support/vendor-schemas/sources.ts';
import type { Go, Say } from './go.ts';
import { cacheFolder } from './paths.ts';
import { pinnedVersion } from './tools.ts';

interface SharedFiles {
  readonly module: string;
  readonly version: string;
  /** A file, or a folder whose files are taken without those in folders below. */
  readonly from: string;
  readonly to: string;
  readonly files: string;
}

/** Gives the folder; `kwok`, `flux`, `argo-cd`, `definitions` and `policies` are in it. */
export async function shareFiles(go: Go, say: Say): Promise<string> {
  const wanted = [...kwokFiles(), ...fluxFiles(), ...argoCdFiles(), ...definitions(), ...policies()];
  const stamp = createHash('sha256').update(JSON.stringify(wanted)).digest('hex').slice(0, 16);
  const folder = join(cacheFolder(), 'share', stamp);
  if (existsSync(folder)) return folder;
  say('copying definitions out of the modules');
  const draft = `${folder}.${process.pid}`;
  for (const one of wanted)
    copy(join(await moduleFolder(go, one), one.from), join(draft, one.to), new RegExp(one.files));
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another run may have been a moment faster.
    rmSync(draft, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

function kwokFiles(): readonly SharedFiles[] {
  const of = (from: string, to: string, files: string): SharedFiles => ({
    module: 'sigs.k8s.io/kwok',
    version: pinnedVersion('flux', 'sigs.k8s.io/kwok'),
    from: `kustomize/${from}`,
    to: `kwok/${to}`,
    files,
  });
  return [
    of('crd/bases', 'definitions', '_(stages|logs|clusterlogs)\\.yaml$'),
    of('stage/node/fast', 'stages', '^node-.*\\.yaml$'),
    of('stage/node/heartbeat-with-lease', 'stages', '^node-.*\\.yaml$'),
    of('stage/pod/fast', 'stages', '^pod-.*\\.yaml$'),
    of('stage/volume/fast', 'stages', '^(pv-|pvc-|storage-class).*\\.yaml$'),
  ];
}

function fluxFiles(): readonly SharedFiles[] {
  return ['github.com/fluxcd/source-controller', 'github.com/fluxcd/kustomize-controller'].map((module) => ({
    module,
    version: pinnedVersion('flux', module),
    from: 'config/crd/bases',
    to: 'flux',
    files: '\\.yaml$',
  }));
}

function argoCdFiles(): readonly SharedFiles[] {
  const module = 'github.com/argoproj/argo-cd/v3';
  const of = (from: string, to: string, files: string): SharedFiles => ({
    module,
    version: pinnedVersion('argo-cd', module),
    from,
    to: `argo-cd/${to}`,
    files,
  });
  return [
    of('manifests/crds', 'definitions', '-crd\\.yaml$'),
    of('manifests/base/config', 'config', '^argocd-.*\\.yaml$'),
    // The repo-server calls these two by name.
    of('hack', 'scripts', '^(gpg-wrapper|git-verify-wrapper)\\.sh$'),
  ];
}

/** The definitions of every kind that is rendered or installed beside Kubernetes' own. */
function definitions(): readonly SharedFiles[] {
  const prometheus = { module: 'github.com/prometheus-operator/prometheus-operator', version: 'v0.85.0' };
  const external = { module: 'github.com/external-secrets/external-secrets', version: 'v1.3.2' };
  return [
    ...customSources.map(({ module, version, file }) => ({ module, version, from: file })),
    { ...external, from: 'config/crds/bases/external-secrets.io_secretstores.yaml' },
    { ...external, from: 'config/crds/bases/external-secrets.io_clustersecretstores.yaml' },
    ...['servicemonitors', 'prometheusrules'].map((plural) => ({
      ...prometheus,
      from: `example/prometheus-operator-crd/monitoring.coreos.com_${plural}.yaml`,
    })),
  ].map((one) => ({ ...one, to: 'definitions', files: '' }));
}

/** Aqua Security's checks of Kubernetes manifests, which conftest runs. */
function policies(): readonly SharedFiles[] {
  const topics = ['access', 'network', 'resources', 'security', 'workloads'];
  return [
    ...topics.map((topic) => ({ from: `checks/kubernetes/${topic}`, files: '(?<!_test)\\.rego$' })),
    { from: 'lib/kubernetes', files: '(?<!_test)\\.rego$' },
    { from: 'lib/cloud', files: '^(metadata|value)\\.rego$' },
  ].map((one) => ({
    ...one,
    module: 'github.com/aquasecurity/trivy-checks',
    version: 'v1.10.0',
    to: `policies/${one.from}`,
  }));
}

async function moduleFolder(go: Go, { module, version }: SharedFiles): Promise<string> {
  // Not inside a module of ours: Go would look for it in that module's go.sum.
  const answer = await go.run(['mod', 'download', '-json', `${module}@${version}`], '/');
  return (JSON.parse(answer) as { Dir: string }).Dir;
}

function copy(from: string, to: string, files: RegExp): void {
  const paths = statSync(from).isFile() ? [from] : readdirSync(from).map((name) => join(from, name));
  const chosen = paths.filter((path) => statSync(path).isFile() && files.test(basename(path)));
  if (chosen.length === 0) throw new Error(`Cannot copy ${files} out of ${from}: there is no such file`);
  mkdirSync(to, { recursive: true });
  // A module's zip has no executable bits, and its files are read-only.
  for (const path of chosen) {
    writeFileSync(join(to, basename(path)), readFileSync(path), { mode: path.endsWith('.sh') ? 0o755 : 0o644 });
  }
}
