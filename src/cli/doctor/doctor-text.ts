/** The doctor's words for people: a line a check, what to do under what is wrong, a summary. */
import pc from 'picocolors';
import type { Check, Verdict } from './check.ts';

const marks: Readonly<Record<Verdict, string>> = {
  ok: pc.green('✓'),
  warning: pc.yellow('!'),
  failed: pc.red('✗'),
  skipped: pc.dim('-'),
};

export function doctorText(checks: readonly Check[]): string {
  const subjects = [...new Set(checks.map(({ subject }) => subject))];
  const parts = subjects.map((subject) => {
    const lines = checks.filter((check) => check.subject === subject).map(checkText);
    return `${pc.bold(subject)}\n${lines.join('\n')}\n`;
  });
  return `${parts.join('\n')}\n${pc.bold(summary(checks))}\n`;
}

function checkText({ title, verdict, message, mend }: Check): string {
  const text = message.replaceAll('\n', '\n    ');
  const line = `  ${marks[verdict]} ${title}: ${text}`;
  return mend === null ? line : `${line}\n      ${pc.dim(mend)}`;
}

function summary(checks: readonly Check[]): string {
  const count = (verdict: Verdict): number => checks.filter((check) => check.verdict === verdict).length;
  const warnings = count('warning');
  return [
    `${count('ok')} ok`,
    `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`,
    `${count('failed')} failed`,
    ...(count('skipped') === 0 ? [] : [`${count('skipped')} not looked at`]),
  ].join(', ');
}
