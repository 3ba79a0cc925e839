import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fluxKustomization, fluxKustomizationPath } from '../../src/core/flux/objects.ts';
import { Flux } from '../../src/domain/configuration-cluster.ts';
import { DeploymentId, DeploymentName, NamespaceName } from '../../src/domain/identifiers.ts';
import { folderOf, resourceName } from '../../src/domain/resource-name.ts';

const id = DeploymentId.parse('3f9c2a71-0000-4000-8000-000000000001');
const name = resourceName(DeploymentName.parse('research-agent'), id);
const labels = { 'towpath.dev/deployment-id': id, 'towpath.dev/listener-id': 'a', 'towpath.dev/workspace-id': 'b' };

function kustomization(flux: Parameters<typeof Flux.parse>[0] = {}, decryptionSecret: string | null = null): string {
  return fluxKustomization({
    resourceName: name,
    folder: folderOf('flat', name, id),
    namespace: NamespaceName.parse('team-a'),
    settings: Flux.parse(flux),
    decryptionSecret,
    labels,
  });
}

describe('the Kustomization of a deployment', () => {
  it('lies beside the folder that it applies', () => {
    expect(fluxKustomizationPath(name)).toBe(`flux/${name}.yaml`);
    expect(parse(kustomization()).spec.path).toBe(`./deployments/${name}`);
  });

  it('reads as a reviewer sees it', () => {
    expect(kustomization()).toBe(`apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: ${name}
  labels:
    app.kubernetes.io/managed-by: towpath
    towpath.dev/deployment-id: ${id}
    towpath.dev/listener-id: a
    towpath.dev/workspace-id: b
  namespace: flux-system
spec:
  deletionPolicy: Delete
  force: false
  interval: "600s"
  path: "./deployments/${name}"
  prune: true
  retryInterval: "60s"
  sourceRef:
    name: towpath-team-a
    kind: GitRepository
  targetNamespace: team-a
  timeout: "180s"
  wait: false
`);
  });

  it('tells Flux which key opens what sops sealed', () => {
    expect(parse(kustomization({}, 'sops-age')).spec.decryption).toEqual({
      provider: 'sops',
      secretRef: { name: 'sops-age' },
    });
  });

  it('takes names and times from the configuration', () => {
    const text = kustomization({
      namespace: 'tenants',
      gitRepository: 'agents',
      serviceAccountName: 'applier',
      interval: '1h',
      retryInterval: '1500ms',
      timeout: '5m',
    });

    expect(parse(text)).toMatchObject({
      metadata: { namespace: 'tenants' },
      spec: {
        sourceRef: { kind: 'GitRepository', name: 'agents' },
        serviceAccountName: 'applier',
        interval: '3600s',
        retryInterval: '1500ms',
        timeout: '300s',
      },
    });
  });

  it('is the same text whatever the order of the labels', () => {
    const turned = fluxKustomization({
      resourceName: name,
      folder: folderOf('flat', name, id),
      namespace: NamespaceName.parse('team-a'),
      decryptionSecret: null,
      settings: Flux.parse({}),
      labels: Object.fromEntries(Object.entries(labels).reverse()),
    });

    expect(turned).toBe(kustomization());
  });
});
