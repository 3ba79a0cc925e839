/** How big and how many: resource_spec with its defaults, as Kubernetes quantities. */
import { databaseStorageGi } from '../../domain/database-storage.ts';
import type { Finding } from '../../domain/finding.ts';
import type { ResourceSpec } from '../../domain/resource-spec.ts';

export interface Resources {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly cpu: string; readonly memory: string };
}

export interface Scale {
  readonly min: number;
  readonly max: number;
}

export interface Sizes {
  readonly api: Resources;
  readonly queue: Resources;
  readonly redis: Resources;
  readonly postgres: Resources;
  readonly apiScale: Scale;
  readonly queueScale: Scale;
  readonly databaseStorageGi: number;
  readonly databaseConnections: number;
}

type Prefix = '' | 'queue_' | 'redis_' | 'db_';

interface Amounts {
  readonly cpu: number;
  readonly cpuLimit: number;
  readonly memory: number;
  readonly memoryLimit: number;
}

/** LangSmith's own defaults where they are published; a limit is twice its request unless said otherwise. */
const defaults = { cpu: 1, memoryMb: 2048, scale: 1, connections: 100 } as const;

/** Adds a finding for every limit below its request and every maximum below its minimum. */
export function sizesOf(spec: ResourceSpec, findings: Finding[]): Sizes {
  const api = amountsOf(spec, '', { cpu: defaults.cpu, memory: defaults.memoryMb }, 2);
  const queue = queueAmounts(spec, api);
  const redis = amountsOf(spec, 'redis_', { cpu: defaults.cpu, memory: defaults.memoryMb }, 1);
  const postgres = amountsOf(spec, 'db_', { cpu: defaults.cpu, memory: defaults.memoryMb }, 2);
  const apiScale = scaleOf(spec.min_scale, spec.max_scale, { min: defaults.scale, max: defaults.scale });
  const queueScale = scaleOf(spec.queue_min_scale, spec.queue_max_scale, apiScale);
  checkScale('', apiScale, findings);
  checkScale('queue_', queueScale, findings);
  return {
    api: quantities(spec, '', api, findings),
    queue: quantities(spec, 'queue_', queue, findings),
    redis: quantities(spec, 'redis_', redis, findings),
    postgres: quantities(spec, 'db_', postgres, findings),
    apiScale,
    queueScale,
    databaseStorageGi: databaseStorageGi(spec),
    databaseConnections: spec.db_max_connections ?? defaults.connections,
  };
}

function amountsOf(
  spec: ResourceSpec,
  prefix: Prefix,
  fallback: { readonly cpu: number; readonly memory: number },
  memoryFactor: number,
): Amounts {
  const cpu = spec[`${prefix}cpu`] ?? fallback.cpu;
  const memory = spec[`${prefix}memory_mb`] ?? fallback.memory;
  return {
    cpu,
    cpuLimit: spec[`${prefix}cpu_limit`] ?? cpu * 2,
    memory,
    memoryLimit: spec[`${prefix}memory_limit_mb`] ?? memory * memoryFactor,
  };
}

/** What the queue does not say is what the API has; its limit follows its own request once it has one. */
function queueAmounts(spec: ResourceSpec, api: Amounts): Amounts {
  const own = amountsOf(spec, 'queue_', { cpu: api.cpu, memory: api.memory }, 2);
  return {
    ...own,
    cpuLimit: spec.queue_cpu_limit ?? (spec.queue_cpu == null ? api.cpuLimit : own.cpuLimit),
    memoryLimit: spec.queue_memory_limit_mb ?? (spec.queue_memory_mb == null ? api.memoryLimit : own.memoryLimit),
  };
}

function quantities(spec: ResourceSpec, prefix: Prefix, amounts: Amounts, findings: Finding[]): Resources {
  // Where the spec says neither, both are inherited, and the finding is about what they are inherited from.
  const says = (...fields: (keyof ResourceSpec)[]) => fields.some((field) => spec[field] != null);
  const { cpu, cpuLimit, memory, memoryLimit } = amounts;
  if (cpuLimit < cpu && says(`${prefix}cpu`, `${prefix}cpu_limit`)) {
    findings.push(finding(`${prefix}cpu_limit`, `${cpuLimit} is below the request of ${cpu}`));
  }
  if (memoryLimit < memory && says(`${prefix}memory_mb`, `${prefix}memory_limit_mb`)) {
    findings.push(finding(`${prefix}memory_limit_mb`, `${memoryLimit} is below the request of ${memory}`));
  }
  return {
    requests: { cpu: cpuQuantity(cpu), memory: `${memory}Mi` },
    limits: { cpu: cpuQuantity(cpuLimit), memory: `${memoryLimit}Mi` },
  };
}

/** A bound that is not said gives way to the one that is. */
function scaleOf(min: number | null | undefined, max: number | null | undefined, fallback: Scale): Scale {
  const least = min ?? Math.min(fallback.min, max ?? fallback.min);
  return { min: least, max: max ?? Math.max(fallback.max, least) };
}

function checkScale(prefix: '' | 'queue_', { min, max }: Scale, findings: Finding[]): void {
  if (min <= max) return;
  findings.push(finding(`${prefix}max_scale`, `${max} is below ${prefix}min_scale, which is ${min}`));
}

/** Kubernetes counts in thousandths and writes whole cores without them. */
function cpuQuantity(cores: number): string {
  const thousandths = Math.round(cores * 1000);
  return thousandths % 1000 === 0 ? String(thousandths / 1000) : `${thousandths}m`;
}

function finding(field: string, message: string): Finding {
  return { path: `resource_spec.${field}`, line: null, pointer: null, message };
}
