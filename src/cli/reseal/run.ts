/** Runs `towpath secrets reseal`. */
import pc from 'picocolors';
import { type ResealShown, reseal } from '../../listener/operate/reseal.ts';
import { type OperateOptions, runOperation } from '../operating/operated.ts';

/** 1 also where some could not be sealed anew. */
export async function resealSecrets(deployment: string | null, options: OperateOptions): Promise<number> {
  return runOperation<ResealShown>(options, (namespace) => ({
    question: {
      action: `seal the secrets of ${deployment === null ? `namespace ${namespace}` : `"${deployment}"`} anew`,
      question: 'Seal them anew?',
    },
    command: (operation, confirm) => reseal(operation, deployment, confirm),
    lines: ({ skipped }) => skipped.map(({ deployment: name, message }) => `  ${pc.red('✗')} ${name}: ${message}`),
    diffs: 'names',
    failed: ({ skipped }) => skipped.length > 0,
  }));
}
