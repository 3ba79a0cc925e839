/** What must hold between the fields of a resource_spec, beyond the grammar and the range of each. */
import { whyNoMount } from './mount-paths.ts';
import { parseQuantity } from './quantity.ts';
import { mostResourceBytes } from './requested-resources.ts';
import type { Container, ResourceSpec, Volume, VolumeMount } from './resource-spec.ts';

export interface ResourceProblem {
  readonly field: keyof ResourceSpec;
  readonly message: string;
}

/** Pairs of which the first must not exceed the second, where both are given. */
const ordered: readonly (readonly [keyof ResourceSpec, keyof ResourceSpec])[] = [
  ['min_scale', 'max_scale'],
  ['queue_min_scale', 'queue_max_scale'],
  ['cpu', 'cpu_limit'],
  ['memory_mb', 'memory_limit_mb'],
  ['queue_cpu', 'queue_cpu_limit'],
  ['queue_memory_mb', 'queue_memory_limit_mb'],
  ['redis_cpu', 'redis_cpu_limit'],
  ['redis_memory_mb', 'redis_memory_limit_mb'],
  ['db_cpu', 'db_cpu_limit'],
  ['db_memory_mb', 'db_memory_limit_mb'],
];

const cpuFields = ['cpu', 'queue_cpu', 'redis_cpu', 'db_cpu'] as const;

/** Every problem, not the first one only; empty where the specification is sound. */
export function resourceProblems(spec: ResourceSpec): readonly ResourceProblem[] {
  return [
    ...orderProblems(spec),
    ...decimalProblems(spec),
    ...nameProblems(spec),
    ...volumeProblems(spec),
    ...containerProblems(spec),
  ];
}

/** Null, or why all of it together is too much. */
export function sizeProblem(spec: ResourceSpec): string | null {
  const bytes = Buffer.byteLength(JSON.stringify(spec));
  return bytes <= mostResourceBytes
    ? null
    : `resource_spec has ${bytes} bytes as JSON; at most ${mostResourceBytes} are taken`;
}

function orderProblems(spec: ResourceSpec): ResourceProblem[] {
  return ordered.flatMap(([lower, upper]) => {
    const least = spec[lower];
    const most = spec[upper];
    if (typeof least !== 'number' || typeof most !== 'number' || least <= most) return [];
    return [{ field: upper, message: `${upper} is ${most}, less than ${lower}, which is ${least}` }];
  });
}

/** LangSmith counts cores in tenths. */
function decimalProblems(spec: ResourceSpec): ResourceProblem[] {
  return cpuFields
    .flatMap((field) => [field, `${field}_limit`] as const)
    .flatMap((field) => {
      const cores = spec[field];
      if (typeof cores !== 'number' || Number.isInteger(Number((cores * 10).toPrecision(12)))) return [];
      return [{ field, message: `${field} is ${cores}; at most one decimal is allowed` }];
    });
}

function nameProblems(spec: ResourceSpec): ResourceProblem[] {
  const containers = [...(spec.init_containers ?? []), ...(spec.sidecars ?? [])];
  return [
    ...repeated(containers.map((container) => container.name)).map(
      (name): ResourceProblem => ({ field: 'sidecars', message: `more than one container is named "${name}"` }),
    ),
    ...repeated((spec.volumes ?? []).map((volume) => volume.name)).map(
      (name): ResourceProblem => ({ field: 'volumes', message: `more than one volume is named "${name}"` }),
    ),
  ];
}

function volumeProblems(spec: ResourceSpec): ResourceProblem[] {
  const named = new Set((spec.volumes ?? []).map((volume) => volume.name));
  return [
    ...(spec.volumes ?? []).flatMap(sourceProblems).map((message): ResourceProblem => ({ field: 'volumes', message })),
    ...mountProblems(spec.volume_mounts, named).map(
      (message): ResourceProblem => ({ field: 'volume_mounts', message }),
    ),
  ];
}

function sourceProblems({ name, ...sources }: Volume): string[] {
  const given = Object.values(sources).filter((source) => source !== null && source !== undefined).length;
  return given === 1 ? [] : [`volume "${name}" has ${given} sources; expected exactly one`];
}

function mountProblems(mounts: readonly VolumeMount[] | null | undefined, named: ReadonlySet<string>): string[] {
  const all = mounts ?? [];
  return [
    ...all
      .filter(({ name }) => !named.has(name))
      .map(({ name }) => `there is no volume "${name}" in resource_spec.volumes`),
    ...all.flatMap(({ mountPath }) => {
      const why = whyNoMount(mountPath);
      return why === null ? [] : [`the mount at "${mountPath}": ${why}`];
    }),
    ...all
      .filter(({ subPath, subPathExpr }) => subPath && subPathExpr)
      .map(({ mountPath }) => `the mount at "${mountPath}" has both subPath and subPathExpr; keep one of them`),
    ...repeated(all.map(({ mountPath }) => mountPath.replace(/(?<!\/)\/+$/, ''))).map(
      (path) => `"${path}" is mounted more than once`,
    ),
  ];
}

function containerProblems(spec: ResourceSpec): ResourceProblem[] {
  const named = new Set((spec.volumes ?? []).map((volume) => volume.name));
  return (['init_containers', 'sidecars'] as const).flatMap((field) =>
    (spec[field] ?? []).flatMap((container) =>
      [
        ...mountProblems(container.volumeMounts, named),
        ...variableProblems(container),
        ...quantityProblems(container),
      ].map((message): ResourceProblem => ({ field, message: `container "${container.name}": ${message}` })),
    ),
  );
}

function variableProblems({ env }: Container): string[] {
  const variables = env ?? [];
  return [
    ...repeated(variables.map(({ name }) => name)).map((name) => `the variable "${name}" is given more than once`),
    ...variables
      .filter(({ value, valueFrom }) => valueFrom && typeof value === 'string')
      .map(({ name }) => `the variable "${name}" has both value and valueFrom; keep one of them`),
  ];
}

function quantityProblems({ resources }: Container): string[] {
  return Object.entries(resources?.requests ?? {}).flatMap(([name, request]) => {
    const [least, most] = [parseQuantity(request), parseQuantity(resources?.limits?.[name])];
    return least !== null && most !== null && least > most ? [`it requests more ${name} than its limit allows`] : [];
  });
}

/** Each once. */
function repeated(names: readonly string[]): string[] {
  const seen = new Set<string>();
  const again = new Set<string>();
  for (const name of names) (seen.has(name) ? again : seen).add(name);
  return [...again];
}
