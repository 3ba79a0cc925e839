/** Where the schemas come from: package names and versions, fetched by the packages' own clients. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { Json } from './prune.ts';

export const pythonPackage = { name: 'kubernetes-validate', version: '1.37.0' };

const oldestMinor = 30;

/** Kinds of Kubernetes itself that Towpath or a user's own templates may emit: definition to nothing else. */
export const kubernetesKinds: readonly string[] = [
  'io.k8s.api.apps.v1.DaemonSet',
  'io.k8s.api.apps.v1.Deployment',
  'io.k8s.api.apps.v1.StatefulSet',
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  'io.k8s.api.batch.v1.CronJob',
  'io.k8s.api.batch.v1.Job',
  'io.k8s.api.core.v1.ConfigMap',
  'io.k8s.api.core.v1.PersistentVolumeClaim',
  'io.k8s.api.core.v1.Service',
  'io.k8s.api.core.v1.ServiceAccount',
  'io.k8s.api.networking.v1.Ingress',
  'io.k8s.api.networking.v1.NetworkPolicy',
  'io.k8s.api.policy.v1.PodDisruptionBudget',
  'io.k8s.api.rbac.v1.Role',
  'io.k8s.api.rbac.v1.RoleBinding',
];

interface CustomSource {
  readonly module: string;
  readonly version: string;
  readonly file: string;
  /** `<plural>.<group>` of the CustomResourceDefinition, and the version that is served. */
  readonly resources: readonly { readonly crd: string; readonly version: string }[];
}

export const customSources: readonly CustomSource[] = [
  {
    module: 'github.com/kedacore/keda/v2',
    version: 'v2.21.0',
    file: 'config/crd/bases/keda.sh_scaledobjects.yaml',
    resources: [{ crd: 'scaledobjects.keda.sh', version: 'v1alpha1' }],
  },
  {
    module: 'github.com/kedacore/keda/v2',
    version: 'v2.21.0',
    file: 'config/crd/bases/keda.sh_triggerauthentications.yaml',
    resources: [{ crd: 'triggerauthentications.keda.sh', version: 'v1alpha1' }],
  },
  {
    module: 'sigs.k8s.io/gateway-api',
    version: 'v1.6.0',
    file: 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml',
    resources: [{ crd: 'httproutes.gateway.networking.k8s.io', version: 'v1' }],
  },
  {
    module: 'istio.io/api',
    version: 'v1.31.1',
    file: 'kubernetes/customresourcedefinitions.gen.yaml',
    resources: [{ crd: 'virtualservices.networking.istio.io', version: 'v1' }],
  },
  {
    module: 'github.com/bitnami-labs/sealed-secrets',
    version: 'v0.40.0',
    file: 'helm/sealed-secrets/crds/bitnami.com_sealedsecrets.yaml',
    resources: [{ crd: 'sealedsecrets.bitnami.com', version: 'v1alpha1' }],
  },
  {
    module: 'github.com/external-secrets/external-secrets',
    version: 'v1.3.2',
    file: 'config/crds/bases/external-secrets.io_externalsecrets.yaml',
    resources: [{ crd: 'externalsecrets.external-secrets.io', version: 'v1' }],
  },
];

/** The package, unpacked into a folder. */
export function unpackKubernetes(folder: string): void {
  const wheels = join(folder, 'wheels');
  const { name, version } = pythonPackage;
  execFileSync('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', wheels, `${name}==${version}`]);
  const wheel = readdirSync(wheels).find((file) => file.endsWith('.whl'));
  if (!wheel) throw new Error(`Cannot unpack ${name} ${version}: pip brought no wheel`);
  execFileSync('python3', ['-m', 'zipfile', '-e', join(wheels, wheel), folder]);
}

/** `1.30` … to the definitions of that minor, strict as the package has them. */
export function kubernetesDefinitions(folder: string): ReadonlyMap<string, Record<string, Json>> {
  const root = join(folder, 'kubernetes_validate', 'kubernetes-json-schema');
  const found = new Map<string, Record<string, Json>>();
  for (const version of readdirSync(root)) {
    const minor = /^v1\.([0-9]+)\.0-local-strict$/.exec(version)?.[1];
    if (minor === undefined || Number(minor) < oldestMinor) continue;
    const { $defs } = JSON.parse(readFileSync(join(root, version, '_definitions.json'), 'utf8'));
    found.set(`1.${minor}`, $defs);
  }
  return new Map([...found].sort(([one], [other]) => one.localeCompare(other, 'en', { numeric: true })));
}

/** A CustomResourceDefinition's parts that matter to a reader of its objects. */
interface CustomKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly schema: Record<string, Json>;
}

export function customKinds(scratch: string, source: CustomSource): readonly CustomKind[] {
  const answer = execFileSync('go', ['mod', 'download', '-json', `${source.module}@${source.version}`], {
    cwd: scratch,
    encoding: 'utf8',
  });
  const file = join(JSON.parse(answer).Dir, source.file);
  if (!existsSync(file)) throw new Error(`Cannot read ${source.module} ${source.version}: it has no ${source.file}`);
  const documents = loadAll(readFileSync(file, 'utf8')) as CustomResourceDefinition[];
  return source.resources.map(({ crd, version }) => {
    const definition = documents.find((one) => one.metadata.name === crd);
    const served = definition?.spec.versions.find((one) => one.name === version);
    if (!definition || !served) throw new Error(`Cannot find ${crd} ${version} in ${source.module} ${source.version}`);
    return {
      apiVersion: `${definition.spec.group}/${version}`,
      kind: definition.spec.names.kind,
      schema: served.schema.openAPIV3Schema,
    };
  });
}

interface CustomResourceDefinition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: Record<string, Json> };
    }[];
  };
}
