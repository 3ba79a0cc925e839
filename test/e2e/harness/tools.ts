/** What is built from Go modules: one line a program, its version taken from the go.mod that pins it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { modulesFolder } from './paths.ts';

export interface Tool {
  readonly name: string;
  /** A folder of `test/e2e/modules`. */
  readonly module: string;
  readonly package: string;
  /** `name=value` settings for the linker's -X. */
  readonly settings: readonly string[];
}

/** In the order of building: what many share comes first. */
export function tools(): readonly Tool[] {
  const etcd = 'go.etcd.io/etcd/server/v3';
  const argoCd = 'github.com/argoproj/argo-cd/v3';
  const gitea = 'code.gitea.io/gitea';
  const argoCdVersion = pinnedVersion('argo-cd', argoCd).replace(/^v/, '');
  const kwokVersion = pinnedVersion('flux', 'sigs.k8s.io/kwok');
  return [
    tool('etcd', 'kubernetes', etcd),
    ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((name) =>
      tool(name, 'kubernetes', `k8s.io/kubernetes/cmd/${name}`, kubernetesSettings()),
    ),
    tool('kwok', 'flux', 'sigs.k8s.io/kwok/cmd/kwok', [`sigs.k8s.io/kwok/pkg/consts.Version=${kwokVersion}`]),
    tool('kustomize-controller', 'flux', 'github.com/fluxcd/kustomize-controller'),
    tool('source-controller', 'flux', 'github.com/fluxcd/source-controller'),
    tool('argocd', 'argo-cd', `${argoCd}/cmd`, [
      `${argoCd}/common.version=${argoCdVersion}`,
      `${argoCd}/common.gitTreeState=clean`,
    ]),
    tool('kustomize', 'kustomize', 'sigs.k8s.io/kustomize/kustomize/v5'),
    tool('helm', 'helm', 'helm.sh/helm/v4/cmd/helm'),
    tool('kubeseal', 'sealed-secrets', 'github.com/bitnami/sealed-secrets/cmd/kubeseal'),
    tool('sealed-secrets-controller', 'sealed-secrets', './controller'),
    tool('sops', 'sops', 'github.com/getsops/sops/v3/cmd/sops'),
    tool('age-keygen', 'sops', 'filippo.io/age/cmd/age-keygen'),
    tool('kubeconform', 'kubeconform', 'github.com/yannh/kubeconform/cmd/kubeconform'),
    tool('kube-score', 'kube-score', 'github.com/zegl/kube-score/cmd/kube-score'),
    tool('conftest', 'conftest', 'github.com/open-policy-agent/conftest'),
    tool('gitea', 'gitea', gitea, [`main.Version=${pinnedVersion('gitea', gitea).replace(/^v/, '')}`]),
  ];
}

/** The version of a Go module that a folder of `test/e2e/modules` asks for. */
export function pinnedVersion(folder: string, module: string): string {
  const lines = readFileSync(join(modulesFolder, folder, 'go.mod'), 'utf8').split('\n');
  const line = lines.map((one) => one.trim().replace(/^require /, '')).find((one) => one.startsWith(`${module} v`));
  const version = line?.split(' ')[1];
  if (!version) throw new Error(`Cannot find the version of ${module}: test/e2e/modules/${folder}/go.mod lacks it`);
  return version;
}

function tool(name: string, module: string, path: string, settings: readonly string[] = []): Tool {
  return { name, module, package: path, settings };
}

/** Without them the API server calls itself v0.0.0-master. */
function kubernetesSettings(): readonly string[] {
  const version = pinnedVersion('kubernetes', 'k8s.io/kubernetes');
  const [major, minor] = version.replace(/^v/, '').split('.');
  return ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) => [
    `${path}.gitVersion=${version}`,
    `${path}.gitMajor=${major}`,
    `${path}.gitMinor=${minor}`,
    `${path}.gitTreeState=clean`,
  ]);
}
