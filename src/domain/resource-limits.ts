/** What must hold between the fields of a resource_spec, beyond the range of each. */
import type { ResourceSpec } from './resource-spec.ts';

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
  return [...orderProblems(spec), ...decimalProblems(spec), ...nameProblems(spec)];
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

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
}
