/**
 * Makes `templates/schemas/` again, and the CRD of LGPs for the end-to-end tests: `node test/support/vendor-schemas/main.ts`.
 * Needs Python with pip and Go; both fetch from wherever they are configured to.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { lgpDefinitions, lgpIdentity, lgpMinor, lgpSchema } from './lgp.ts';
import { lgpResourceDefinition } from './lgp-crd.ts';
import { bundle, type Schema, strict } from './prune.ts';
import { customKinds, customSources, kubernetesDefinitions, kubernetesKinds, unpackKubernetes } from './sources.ts';

const target = resolve(import.meta.dirname, '../../../templates/schemas');
const standIn = resolve(import.meta.dirname, '../../e2e/manifests/lgp-crd.yaml');
const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const scratch = mkdtempSync(join(tmpdir(), 'vendor-schemas-'));
try {
  mkdirSync(target, { recursive: true });
  unpackKubernetes(scratch);
  const minors = kubernetesDefinitions(scratch);
  for (const [minor, definitions] of minors) {
    write(
      `kubernetes-${minor}.json`,
      Object.fromEntries(kubernetesKinds.map(identify)),
      bundle(definitions, kubernetesKinds),
    );
  }
  writeCustom(minors);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function writeCustom(minors: ReadonlyMap<string, Parameters<typeof bundle>[0]>): void {
  const newest = [...minors.values()].at(-1) ?? {};
  const operators = bundle(minors.get(lgpMinor) ?? {}, lgpDefinitions);
  const kinds: Record<string, string> = {};
  const definitions: Record<string, Schema> = { ...operators, ...bundle(newest, [objectMeta]) };
  const published = customSources.flatMap((source) => customKinds(scratch, source));
  for (const found of [...published, { ...lgpIdentity, schema: lgpSchema }]) {
    const name = `${found.apiVersion.replace('/', '.')}.${found.kind}`;
    kinds[`${found.apiVersion}/${found.kind}`] = name;
    definitions[name] = strict(found.schema, found);
  }
  write('custom.json', kinds, definitions);
  writeFileSync(standIn, lgpResourceDefinition(operators));
}

/** `io.k8s.api.apps.v1.Deployment` is what a manifest calls `apps/v1` and `Deployment`. */
function identify(definition: string): [string, string] {
  const [group = '', version = '', kind = ''] = definition.replace('io.k8s.api.', '').split('.');
  const suffix: Readonly<Record<string, string>> = { networking: '.k8s.io', rbac: '.authorization.k8s.io' };
  const apiVersion = group === 'core' ? version : `${group}${suffix[group] ?? ''}/${version}`;
  return [`${apiVersion}/${kind}`, definition];
}

/** One definition a line: small, and a new version shows as the lines that changed. */
function write(
  file: string,
  kinds: Readonly<Record<string, string>>,
  definitions: Readonly<Record<string, Schema>>,
): void {
  const lines = Object.entries(definitions).map(
    ([name, schema]) => `${JSON.stringify(name)}:${JSON.stringify(schema)}`,
  );
  const text = `{"kinds":${JSON.stringify(kinds)},\n"$defs":{\n${lines.join(',\n')}\n}}\n`;
  writeFileSync(join(target, file), text);
  console.log(`${file}: ${Object.keys(kinds).length} kinds, ${lines.length} definitions, ${text.length} bytes`);
}
