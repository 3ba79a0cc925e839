/** kubeconform, with the schemas of every Kubernetes version and custom resource that Towpath writes for. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, type Json, type Schema, strict } from '../../support/vendor-schemas/prune.ts';
import { kubernetesDefinitions } from '../../support/vendor-schemas/sources.ts';
import { readFolder } from '../harness/core.ts';
import { type KubernetesObject, objectsIn } from '../harness/kubernetes.ts';
import { type Finding, finding } from './finding.ts';
import { run } from './run.ts';
import type { JudgedObject, Subject, WrittenSubjects } from './subject.ts';

interface Validated {
  readonly filename: string;
  readonly status: 'statusValid' | 'statusInvalid' | 'statusError' | 'statusSkipped';
  readonly msg: string;
}

interface Definition extends KubernetesObject {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

type Definitions = Readonly<Record<string, Json>>;

export interface KubeconformResult {
  readonly findings: readonly Finding[];
  /** How many objects were found right, over all versions. */
  readonly valid: number;
}

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** `schemas` is where `writeSchemas` has put them. */
export async function kubeconform(
  program: string,
  written: WrittenSubjects,
  schemas: string,
  minors: readonly string[],
): Promise<KubeconformResult> {
  const validated: Validated[] = [];
  for (const minor of minors) {
    const options = ['-strict', '-verbose', '-output', 'json', '-kubernetes-version', `${minor}.0`];
    const places = ['{{.NormalizedKubernetesVersion}}', 'custom'].flatMap((place) => [
      '-schema-location',
      join(schemas, place, '{{.Group}}_{{.ResourceAPIVersion}}_{{.ResourceKind}}.json'),
    ]);
    const answer = JSON.parse(await run(program, [...options, ...places, written.folder])) as {
      resources: Validated[];
    };
    validated.push(...answer.resources);
  }
  return {
    findings: validated
      .filter(({ status }) => status !== 'statusValid')
      .map(({ filename, msg }) =>
        finding(written, 'kubeconform/schema', filename, msg.replace(/^.*failed with '[^']*' */, '')),
      ),
    valid: validated.filter(({ status }) => status === 'statusValid').length,
  };
}

/** Writes the schema of each kind among the objects, for every version, and answers the versions: `1.30` and later. */
export function writeSchemas(
  folder: string,
  subjects: readonly Subject[],
  { kubernetes, share, more }: { readonly kubernetes: string; readonly share: string; readonly more: string },
): readonly string[] {
  const minors = kubernetesDefinitions(kubernetes);
  const objects = subjects.flatMap((subject) => subject.objects);
  const kinds = [...new Map(objects.map((one) => [`${one.apiVersion} ${one.kind}`, one])).values()];
  for (const [minor, definitions] of minors) writeOwn(join(folder, `v${minor}.0`), definitions, kinds);
  const newest = [...minors.values()].at(-1) ?? {};
  const custom = ['definitions', 'flux', 'argo-cd/definitions'].flatMap((name) => readFolder(join(share, name)));
  writeCustom(join(folder, 'custom'), newest, [...custom, ...objectsIn(more)] as Definition[]);
  return [...minors.keys()];
}

function writeOwn(folder: string, definitions: Definitions, kinds: readonly JudgedObject[]): void {
  mkdirSync(folder, { recursive: true });
  for (const { apiVersion, kind } of kinds) {
    const name = nameOf(definitions, apiVersion, kind);
    if (name) write(folder, { apiVersion, kind }, { $ref: `#/$defs/${name}`, $defs: bundle(definitions, [name]) });
  }
}

function nameOf(definitions: Definitions, apiVersion: string, kind: string): string | undefined {
  const [version = '', group = ''] = apiVersion.split('/').toReversed();
  const isMeant = (one: Schema): boolean =>
    one['group'] === group && one['version'] === version && one['kind'] === kind;
  const found = Object.entries(definitions).find(([, definition]) => {
    const kinds = (definition as Schema)['x-kubernetes-group-version-kind'] as readonly Schema[] | undefined;
    return kinds?.some(isMeant);
  });
  return found?.[0];
}

function writeCustom(folder: string, newest: Definitions, definitions: readonly Definition[]): void {
  mkdirSync(folder, { recursive: true });
  for (const { spec } of definitions) {
    for (const { name, schema } of spec.versions) {
      const identity = { apiVersion: `${spec.group}/${name}`, kind: spec.names.kind };
      write(folder, identity, { ...strict(schema.openAPIV3Schema, identity), $defs: bundle(newest, [objectMeta]) });
    }
  }
}

function write(folder: string, { apiVersion, kind }: Pick<JudgedObject, 'apiVersion' | 'kind'>, schema: Schema): void {
  const parts = apiVersion.split('/');
  // For kubeconform the group of "v1" is "v1".
  writeFileSync(join(folder, `${parts[0]}_${parts.at(-1)}_${kind.toLowerCase()}.json`), JSON.stringify(schema));
}
