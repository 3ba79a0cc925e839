/** What nobody can change of an object that is in the cluster. */
import { expect, it } from 'vitest';
import { immutableChanges, mayBeImmutable } from '../../src/core/immutable-fields.ts';
import { render } from './support/agent-server.ts';
import { renderCases } from './support/render-cases.ts';

const object = (apiVersion: string, kind: string, body: string) =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: a\n${body}`;
const claims = (more: string) =>
  `spec:\n  volumeClaimTemplates:\n    - metadata:\n        name: data\n      spec:\n        ${more}\n`;
const storage = (size: string) => claims(`resources: { requests: { storage: ${size} } }`);

it.each([
  ['apps/v1', 'StatefulSet', storage('10Gi'), storage('20Gi'), 'leave db_storage_gi at 10;'],
  ['apps/v1', 'StatefulSet', storage('10Gi'), claims('storageClassName: fast'), 'volumeClaimTemplates'],
  ['apps/v1', 'StatefulSet', 'spec: { serviceName: a }\n', 'spec: { serviceName: b }\n', 'spec.serviceName'],
  ['apps/v1', 'StatefulSet', 'spec: {}\n', 'spec: { podManagementPolicy: Parallel }\n', '(not set, now Parallel)'],
  ['apps/v1', 'StatefulSet', 'spec: {}\n', 'spec: { revisionHistoryLimit: 3 }\n', '(not set, now 3)'],
  ['apps/v1', 'StatefulSet', claims('accessModes: [a]'), claims('accessModes: [b]'), 'begin with an empty volume'],
  ['apps/v1', 'StatefulSet', claims('volumeMode: Block'), claims('{}'), 'volumeMode'],
  ['apps/v1', 'Deployment', 'spec: { selector: { matchLabels: { a: b } } }\n', 'spec: {}\n', 'spec.selector'],
  ['apps/v1', 'DaemonSet', 'spec: { selector: { matchLabels: { a: b } } }\n', 'spec: {}\n', 'spec.selector'],
  ['batch/v1', 'Job', 'spec: { template: { a: 1 } }\n', 'spec: { template: { a: 2 } }\n', '(a: 1, now 2)'],
  ['v1', 'Service', 'spec: {}\n', 'spec: { clusterIP: None }\n', 'spec.clusterIP'],
  ['v1', 'Service', 'spec: { clusterIP: None }\n', 'spec: {}\n', '(None, now not set)'],
  ['v1', 'ConfigMap', 'immutable: true\ndata: { a: b }\n', 'immutable: true\ndata: { a: c }\n', 'another name'],
  [
    'v1',
    'PersistentVolumeClaim',
    'spec: { accessModes: [ReadWriteOnce] }\n',
    'spec: { accessModes: [ReadWriteMany] }\n',
    'spec.accessModes',
  ],
  [
    'v1',
    'PersistentVolumeClaim',
    'spec: { resources: { requests: { storage: 10Gi } } }\n',
    'spec: { resources: { requests: { storage: 9000Mi } } }\n',
    'spec.resources.requests.storage',
  ],
  [
    'apps.langchain.ai/v1alpha1',
    'LGP',
    'spec: { database: { storageSizeGi: 50 } }\n',
    'spec: { database: { storageSizeGi: 10 } }\n',
    'leave db_storage_gi at 50;',
  ],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding', 'roleRef: { name: a }\n', 'roleRef: { name: b }\n', 'roleRef'],
])('%s %s: names what is other than before', (apiVersion, kind, before, after, words) => {
  const path = `x.${kind.toLowerCase()}.yaml`;

  const found = immutableChanges(
    new Map([[`other-name-of-file.${path}`, object(apiVersion, kind, before)]]),
    new Map([[path, object(apiVersion, kind, after)]]),
  );

  expect(found).toEqual([expect.objectContaining({ path, message: expect.stringContaining(words) })]);
});

it.each([
  ['v1', 'Service', 'spec: {}\n', 'spec: { clusterIP: 10.0.0.1 }\n'],
  ['v1', 'ConfigMap', 'data: { a: b }\n', 'data: { a: c }\n'],
  [
    'v1',
    'PersistentVolumeClaim',
    'spec: { resources: { requests: { storage: 1Gi } } }\n',
    'spec: { resources: { requests: { storage: 2Gi } } }\n',
  ],
  ['apps/v1', 'StatefulSet', 'spec: { replicas: 1, template: {} }\n', 'spec: { replicas: 2, template: { a: 1 } }\n'],
  ['apps/v1', 'StatefulSet', 'spec: {}\n', 'spec: { podManagementPolicy: OrderedReady, revisionHistoryLimit: 10 }\n'],
  ['apps/v1', 'StatefulSet', storage('10Gi'), storage('10240Mi')],
  ['apps/v1', 'StatefulSet', claims('volumeMode: Filesystem'), claims('{}')],
  ['v1', 'PersistentVolumeClaim', 'spec: {}\n', 'spec: { volumeMode: Filesystem }\n'],
  ['apps/v1', 'Deployment', 'spec: { selector: { a: 1, b: 2 } }\n', 'spec: { selector: { b: 2, a: 1 } }\n'],
])('%s %s: lets through what may change', (apiVersion, kind, before, after) => {
  const path = `x.${kind.toLowerCase()}.yaml`;
  const texts = [before, after].map((text) => new Map([[path, object(apiVersion, kind, text)]]));

  expect(immutableChanges(texts[0] ?? new Map(), texts[1] ?? new Map())).toEqual([]);
});

it('says nothing of what a person has made unreadable, and nothing of what stays', () => {
  for (const input of Object.values(renderCases)) {
    const files = render(input);
    expect(immutableChanges(files, files)).toEqual([]);
    expect(immutableChanges(new Map([...files.keys()].map((path) => [path, 'a: [1\n'])), files)).toEqual([]);
  }
});

it.each(['postgres.statefulset.yaml', 'a.service.yaml', 'a.configmap.yaml'])('looks into %s', (path) => {
  expect(mayBeImmutable(path)).toBe(true);
});

it.each(['PROVENANCE', 'kustomization.yaml', 'a.httproute.yaml', 'env-0123456789.sealedsecret.yaml'])(
  'does not look into %s',
  (path) => {
    expect(mayBeImmutable(path)).toBe(false);
  },
);
