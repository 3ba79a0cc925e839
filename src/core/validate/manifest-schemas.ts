/** Strict schemas of Kubernetes kinds: compiled when a kind is first met, and kept. */
import { Ajv } from 'ajv';
import { duplicateKeys, formats } from './schema-keywords.ts';
import { describeSchemaErrors, type SchemaProblem } from './schema-problems.ts';

/** One vendored file: `<apiVersion>/<kind>` to the name of its definition, and the definitions. */
export interface SchemaBundle {
  readonly kinds: Readonly<Record<string, string>>;
  readonly $defs: Readonly<Record<string, object>>;
}

/** All that is vendored, as data. */
export interface SchemaCatalogue {
  /** `1.30` and up to what Kubernetes of that minor version accepts. */
  readonly kubernetes: ReadonlyMap<string, SchemaBundle>;
  /** Custom resources and kustomize files, the same for every Kubernetes. */
  readonly custom: readonly SchemaBundle[];
}

export interface ManifestSchemas {
  /** Oldest first. */
  readonly versions: readonly string[];
  /** The versions to check for: the one that is asked for (or the nearest below it), else the oldest and the newest. */
  select(version: string | undefined): readonly string[];
  knows(type: ManifestType): boolean;
  /** Every `<apiVersion>/<kind>` that there is a schema for. */
  readonly kinds: readonly string[];
  check(manifest: object, type: ManifestType, version: string): readonly SchemaProblem[];
}

interface ManifestType {
  readonly apiVersion: string;
  readonly kind: string;
}

export function compileSchemas(catalogue: SchemaCatalogue): ManifestSchemas {
  const versions = [...catalogue.kubernetes.keys()].sort(byMinor);
  const perVersion = new Map([...catalogue.kubernetes].map(([version, bundle]) => [version, lazyBundle(bundle)]));
  const custom = catalogue.custom.map(lazyBundle);
  const checkOf = (type: ManifestType, version: string): Check | undefined => {
    const name = `${type.apiVersion}/${type.kind}`;
    for (const bundle of [perVersion.get(version), ...custom]) {
      const found = bundle?.(name);
      if (found) return found;
    }
    return undefined;
  };
  const bundles = [...catalogue.kubernetes.values(), ...catalogue.custom];
  const kinds = [...new Set(bundles.flatMap((bundle) => Object.keys(bundle.kinds)))].sort();
  const known = new Set(kinds);
  return {
    versions,
    kinds,
    select: (version) => selectVersions(versions, version),
    knows: (type) => known.has(`${type.apiVersion}/${type.kind}`),
    check(manifest, type, version) {
      const check = checkOf(type, version);
      if (!check)
        return [{ pointer: '/kind', message: `Kubernetes ${version} has no ${type.apiVersion} ${type.kind}` }];
      return check(manifest);
    },
  };
}

type Check = (manifest: object) => readonly SchemaProblem[];

/** References are resolved by ajv, so that a definition that many kinds share is compiled once. */
function lazyBundle(bundle: SchemaBundle): (name: string) => Check | undefined {
  let ajv: Ajv | undefined;
  const compiled = new Map<string, Check>();
  return (name) => {
    const ready = compiled.get(name);
    if (ready) return ready;
    if (!Object.hasOwn(bundle.kinds, name)) return undefined;
    ajv ??= makeAjv(bundle);
    const validate = ajv.compile({ $ref: `bundle#/$defs/${bundle.kinds[name]}` });
    const check: Check = (manifest) =>
      validate(manifest) ? [] : describeSchemaErrors(validate.errors ?? [], bundle.$defs);
    compiled.set(name, check);
    return check;
  };
}

function makeAjv(bundle: SchemaBundle): Ajv {
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, inlineRefs: false, formats, logger: false });
  ajv.addKeyword(duplicateKeys);
  ajv.addSchema({ $id: 'bundle', $defs: bundle.$defs });
  return ajv;
}

function selectVersions(versions: readonly string[], version: string | undefined): readonly string[] {
  const oldest = versions.slice(0, 1);
  if (version === undefined) return versions.length > 1 ? [...oldest, ...versions.slice(-1)] : oldest;
  const atMost = versions.filter((one) => byMinor(one, version) <= 0);
  return atMost.length > 0 ? atMost.slice(-1) : oldest;
}

function byMinor(one: string, other: string): number {
  return Number(one.split('.')[1]) - Number(other.split('.')[1]);
}
