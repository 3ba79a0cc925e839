/** The vendored schemas themselves: all there, small, strict, and good enough for ajv. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSchemaCatalogue } from '../../src/adapters/schema-folder.ts';
import { compileSchemas } from '../../src/core/validate/manifest-schemas.ts';

const folder = join(import.meta.dirname, '../../templates/schemas');
const catalogue = readSchemaCatalogue();
const bundles = [...catalogue.kubernetes.values(), ...catalogue.custom];
const schemas = compileSchemas(catalogue);

describe('the vendored schemas', () => {
  it('cover every Kubernetes from 1.30 to 1.37', () => {
    expect(schemas.versions).toEqual(['1.30', '1.31', '1.32', '1.33', '1.34', '1.35', '1.36', '1.37']);
  });

  it('know the kinds that are rendered and those that own templates need, and no plain Secret', () => {
    expect(schemas.kinds).toEqual([
      'apps.langchain.ai/v1alpha1/LGP',
      'apps/v1/DaemonSet',
      'apps/v1/Deployment',
      'apps/v1/StatefulSet',
      'autoscaling/v2/HorizontalPodAutoscaler',
      'batch/v1/CronJob',
      'batch/v1/Job',
      'bitnami.com/v1alpha1/SealedSecret',
      'external-secrets.io/v1/ExternalSecret',
      'gateway.networking.k8s.io/v1/HTTPRoute',
      'keda.sh/v1alpha1/ScaledObject',
      'keda.sh/v1alpha1/TriggerAuthentication',
      'kustomize.config.k8s.io/v1beta1/Kustomization',
      'networking.istio.io/v1/VirtualService',
      'networking.k8s.io/v1/Ingress',
      'networking.k8s.io/v1/NetworkPolicy',
      'policy/v1/PodDisruptionBudget',
      'rbac.authorization.k8s.io/v1/Role',
      'rbac.authorization.k8s.io/v1/RoleBinding',
      'v1/ConfigMap',
      'v1/PersistentVolumeClaim',
      'v1/Service',
      'v1/ServiceAccount',
    ]);
  });

  it('stay small', () => {
    const sizes = readdirSync(folder).map((file) => statSync(join(folder, file)).size);

    expect(Math.max(...sizes)).toBeLessThan(131_072);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1_048_576);
  });

  it('refuse unknown fields in every object that has named ones', () => {
    expect(bundles.flatMap((bundle) => openObjects(bundle.$defs, ''))).toEqual([]);
  });

  it('compile, every kind for every version', () => {
    for (const kind of schemas.kinds) {
      const slash = kind.lastIndexOf('/');
      const type = { apiVersion: kind.slice(0, slash), kind: kind.slice(slash + 1) };
      const wrong = { ...type, metadata: { name: 5 }, spec: { noSuchField: 1 } };
      for (const version of [schemas.versions[0], schemas.versions.at(-1)]) {
        expect(schemas.check(wrong, type, version ?? ''), kind).not.toEqual([]);
      }
    }
  });
});

describe('the choice of versions', () => {
  it('is the oldest and the newest where nothing is said', () => {
    expect(schemas.select(undefined)).toEqual(['1.30', '1.37']);
  });

  it('is the one that is asked for, or the nearest below', () => {
    expect(schemas.select('1.33')).toEqual(['1.33']);
    expect(schemas.select('1.40')).toEqual(['1.37']);
    expect(schemas.select('1.29')).toEqual(['1.30']);
  });
});

describe('custom resources', () => {
  const metadata = { name: 'a', namespace: 'b' };
  const check = (apiVersion: string, kind: string, spec: object) =>
    schemas
      .check({ apiVersion, kind, metadata, spec }, { apiVersion, kind }, '1.37')
      .map((one) => `${one.pointer}: ${one.message}`);

  it('pass as they are documented', () => {
    expect(
      check('keda.sh/v1alpha1', 'ScaledObject', {
        scaleTargetRef: { name: 'a' },
        minReplicaCount: 0,
        triggers: [{ type: 'cpu', metricType: 'Utilization', metadata: { value: '75' } }],
      }),
    ).toEqual([]);
    expect(
      check('gateway.networking.k8s.io/v1', 'HTTPRoute', {
        parentRefs: [{ name: 'public' }],
        hostnames: ['a.example'],
        rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/a' } }], backendRefs: [{ name: 'a', port: 8000 }] }],
      }),
    ).toEqual([]);
    expect(
      check('networking.istio.io/v1', 'VirtualService', {
        hosts: ['a.example'],
        gateways: ['istio-system/public'],
        http: [{ match: [{ uri: { prefix: '/a' } }], route: [{ destination: { host: 'a', port: { number: 8000 } } }] }],
      }),
    ).toEqual([]);
  });

  it('name what is wrong with them, and no more', () => {
    expect(
      check('keda.sh/v1alpha1', 'ScaledObject', {
        scaleTargetRef: { name: 'a' },
        minReplicas: 0,
        triggers: [{ type: 'cpu', metadata: {} }],
      }),
    ).toEqual(['/spec/minReplicas: unknown field "minReplicas"']);
    expect(
      check('keda.sh/v1alpha1', 'ScaledObject', {
        scaleTargetRef: { name: 'a' },
        triggers: [{ type: 'cpu', metadata: { value: 75 } }],
      }),
    ).toEqual(['/spec/triggers/0/metadata/value: expected a string, found a number: put it in quotes']);
    expect(
      check('gateway.networking.k8s.io/v1', 'HTTPRoute', {
        rules: [{ matches: [{ path: { type: 'Prefix', value: '/a' } }] }],
      }),
    ).toEqual(['/spec/rules/0/matches/0/path/type: expected one of "Exact", "PathPrefix", "RegularExpression"']);
    expect(
      check('gateway.networking.k8s.io/v1', 'HTTPRoute', { rules: [{ backendRefs: [{ name: 'a', port: '8000' }] }] }),
    ).toEqual(['/spec/rules/0/backendRefs/0/port: expected a whole number, found a string: write it without quotes']);
    expect(
      check('networking.istio.io/v1', 'VirtualService', {
        hosts: ['a'],
        http: [{ match: [{ uri: { prefix: '/a', exact: '/b' } }] }],
      }),
    ).toEqual([expect.stringContaining('/spec/http/0/match/0/uri: is none of the allowed forms')]);
  });
});

/** Paths of objects that name fields, and would take others without a word. */
function openObjects(schema: unknown, path: string): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const inner = Object.entries(schema).flatMap(([key, value]) => openObjects(value, `${path}/${key}`));
  const { type, properties, additionalProperties } = schema as Record<string, unknown>;
  const named = type === 'object' && typeof properties === 'object';
  const free = (schema as Record<string, unknown>)['x-kubernetes-preserve-unknown-fields'] === true;
  return named && additionalProperties === undefined && !free ? [path, ...inner] : inner;
}
