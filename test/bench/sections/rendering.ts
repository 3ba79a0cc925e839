/** Rendering and validating on one thread: deployments a second, beside one `kustomize build` process a deployment. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSchemaCatalogue } from '../../../src/adapters/schema-folder.ts';
import { readTemplateSet } from '../../../src/adapters/template-folder.ts';
import { checkPolicy } from '../../../src/core/policy/policy.ts';
import { compileTemplateSet } from '../../../src/core/template/compile.ts';
import { renderDeployment } from '../../../src/core/template/render.ts';
import type { RenderInput } from '../../../src/core/template/set.ts';
import { validationContext } from '../../../src/core/validate/context.ts';
import { compileSchemas } from '../../../src/core/validate/manifest-schemas.ts';
import { validateDeployment } from '../../../src/core/validate/validate.ts';
import { describeFinding } from '../../../src/domain/finding.ts';
import { renderInput } from '../../core/support/render-input.ts';
import { type BenchOptions, median, progress, rounded, type Section, type Table } from '../section.ts';

export const section: Section = { title: 'Rendering and validating', run };

const demanded = 500;

interface Timed {
  /** Wall clock and processor time of one deployment, in milliseconds. */
  readonly wall: number;
  readonly processor: number;
}

async function run({ quick }: BenchOptions): Promise<readonly Table[]> {
  const set = compileTemplateSet(await readTemplateSet('agent-server', '.'));
  const schemas = compileSchemas(readSchemaCatalogue());
  const inputs = Array.from({ length: quick ? 50 : 500 }, (_, index) => deployment(index));
  const validate = (input: RenderInput) => {
    const findings = [
      ...checkPolicy(input),
      ...validateDeployment(renderDeployment(set, input), validationContext(input), schemas),
    ];
    if (findings[0]) throw new Error(`the bench renders something invalid: ${describeFinding(findings[0])}`);
  };
  progress(`rendering ${inputs.length} deployments`);
  const rendered = timed(inputs, quick ? 3 : 9, (input) => renderDeployment(set, input));
  const validated = timed(inputs, quick ? 3 : 9, validate);
  const files = [...renderDeployment(set, deployment(0))];
  const kustomize = timeKustomize(files, quick ? 5 : 25);
  return [tableOf(files, rendered, validated, kustomize)];
}

/** Each has a name, an id, an image and secrets of its own, so that nothing can be remembered from the last one. */
function deployment(index: number): RenderInput {
  return renderInput({
    id: `0b6c2f6e-6b0e-4b8e-9a53-${index.toString(16).padStart(12, '0')}`,
    name: `agent-${index}`,
    image: `ghcr.io/acme/agent-${index}:1.${index}.0`,
    resourceSpec: { min_scale: 2, max_scale: 2, labels: { team: `team-${index % 20}` } },
    secretNames: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'TAVILY_API_KEY', `TOKEN_${index}`],
    namespace: { route: { kind: 'ingress', host: 'agents.example.com', className: 'nginx', tls: {} } },
    agentServer: { auth: { kind: 'none' } },
  });
}

/** Medians over whole rounds; the first one warms up and does not count. */
function timed(inputs: readonly RenderInput[], rounds: number, work: (input: RenderInput) => unknown): Timed {
  const found = Array.from({ length: rounds + 1 }, () => {
    const [cpu, start] = [process.cpuUsage(), performance.now()];
    for (const input of inputs) work(input);
    const { user, system } = process.cpuUsage(cpu);
    return { wall: (performance.now() - start) / inputs.length, processor: (user + system) / 1000 / inputs.length };
  }).slice(1);
  return { wall: median(found.map((one) => one.wall)), processor: median(found.map((one) => one.processor)) };
}

/** One process a deployment, as it is done by hand; null where there is no kubectl. */
function timeKustomize(files: readonly (readonly [string, string])[], runs: number): number | null {
  const folder = mkdtempSync(join(tmpdir(), 'towpath-bench-'));
  try {
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of files) writeFileSync(join(folder, file), text);
    const durations = Array.from({ length: runs }, () => {
      const start = performance.now();
      return spawnSync('kubectl', ['kustomize', folder]).status === 0 ? performance.now() - start : Number.NaN;
    });
    return durations.some(Number.isNaN) ? null : median(durations);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function tableOf(
  files: readonly (readonly [string, string])[],
  rendered: Timed,
  validated: Timed,
  kustomize: number | null,
): Table {
  const row = (what: string, { wall, processor }: Timed) => [
    what,
    rounded(wall),
    rounded(processor),
    rounded(1000 / wall),
    kustomize === null ? null : rounded(kustomize / wall),
  ];
  const bytes = files.reduce((sum, [, text]) => sum + Buffer.byteLength(text), 0);
  const aSecond = 1000 / validated.wall;
  return {
    title: 'One deployment, one thread: medians',
    columns: ['', 'ms', 'ms of processor', 'deployments a second', 'times as fast as one kustomize build'],
    rows: [
      row('render', rendered),
      row('policy, render, validate against the oldest and the newest schemas', validated),
      [
        'kubectl kustomize, one process a deployment',
        kustomize && rounded(kustomize),
        null,
        kustomize && rounded(1000 / kustomize),
        1,
      ],
    ],
    notes: [
      `A deployment is ${files.length} files and ${rounded(bytes / 1000)} KB; each one differs from all others in name, id, image and secrets.`,
      'kustomize only reads and joins the files that Towpath has rendered; it knows no values and checks no schema.',
    ],
    goals: [
      {
        goal: `rendering and validating at least ${demanded} deployments a second on one thread`,
        met: aSecond >= demanded,
        found: `${rounded(aSecond)} a second by the wall clock, ${rounded(1000 / validated.processor)} by processor time`,
      },
    ],
  };
}
