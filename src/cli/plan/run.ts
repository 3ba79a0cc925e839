/** Runs `towpath plan`: previews a pass, prints it, and answers the exit code. */

import { nearestWord } from '../../core/nearest-word.ts';
import { TowpathError } from '../../domain/failure.ts';
import { NamespaceName } from '../../domain/identifiers.ts';
import { type NamespacePreview, previewPass, type StepPreview } from '../../listener/preview.ts';
import { loadConfiguration } from '../configuration/load.ts';
import { openLog } from '../log.ts';
import { showInPages } from '../pager.ts';
import { version } from '../version.ts';
import { type WiredListener, wireListener } from '../wire.ts';
import { planJson } from './plan-json.ts';
import { isHeld, planText } from './plan-text.ts';

/** 2: there are changes; 1: something failed; 0: nothing to do, or all of it waits for a person. */
export async function plan(names: readonly string[], options: PlanOptions): Promise<number> {
  const configuration = await loadConfiguration(options.config);
  const log = openLog({ json: false, level: 'error' });
  const ports = await wireListener(configuration, { purpose: 'preview', log });
  try {
    const previews = await previewPass(narrow(ports, names), configuration, version());
    if (options.json) process.stdout.write(`${JSON.stringify(planJson(previews), null, 2)}\n`);
    else await showInPages(planText(previews, options.stat ? 'stat' : 'diff'), options.pager);
    return exitCodeOf(previews);
  } finally {
    await ports.close();
  }
}

function narrow(ports: WiredListener, names: readonly string[]): WiredListener {
  if (names.length === 0) return ports;
  const known = [...ports.namespaces.keys()];
  const chosen = names.map((name) => {
    const parts = ports.namespaces.get(name as NamespaceName);
    if (parts) return [NamespaceName.parse(name), parts] as const;
    const meant = nearestWord(name, known);
    const hint = meant ? `did you mean ${meant}?` : `it has ${known.join(', ')}`;
    const message = `Cannot plan for "${name}": the configuration has no such namespace; ${hint}`;
    throw new TowpathError('terminal', 'UnknownNamespace', message);
  });
  return { ...ports, namespaces: new Map(chosen) };
}

function exitCodeOf(previews: readonly NamespacePreview[]): number {
  if (previews.some((preview) => preview.failure !== null)) return 1;
  const changes = previews.some((preview) => preview.steps.some((step) => step.commit !== null));
  if (changes) return 2;
  const isStuck = (step: StepPreview): boolean => step.message !== null && !isHeld(step);
  return previews.some((preview) => preview.steps.some(isStuck)) ? 1 : 0;
}

export interface PlanOptions {
  readonly config: string;
  readonly json?: true;
  readonly stat?: true;
  readonly pager: boolean;
}
