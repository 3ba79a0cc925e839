/** Runs `towpath plan`: previews a pass, prints it, and answers the exit code. */
import { TowpathError } from '../../domain/failure.ts';
import { NamespaceName } from '../../domain/identifiers.ts';
import { type NamespacePreview, previewPass } from '../../listener/preview.ts';
import type { PlanOptions } from '../commands/plan.ts';
import { loadConfiguration } from '../configuration/load.ts';
import { nearest } from '../configuration/suggestion.ts';
import { openLog } from '../log.ts';
import { version } from '../version.ts';
import { type WiredListener, wireListener } from '../wire.ts';
import { planJson } from './plan-json.ts';
import { planText } from './plan-text.ts';

/** 2: there are changes; 1: something stands in the way; 0: nothing to do. */
export async function plan(names: readonly string[], options: PlanOptions): Promise<number> {
  const configuration = await loadConfiguration(options.config);
  const log = openLog({ json: false, level: 'error' });
  const ports = await wireListener(configuration, { purpose: 'preview', log });
  try {
    const previews = await previewPass(narrow(ports, names), configuration, version());
    process.stdout.write(options.json ? `${JSON.stringify(planJson(previews), null, 2)}\n` : planText(previews));
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
    const meant = nearest(name, known);
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
  return previews.some((preview) => preview.steps.some((step) => step.message !== null)) ? 1 : 0;
}
