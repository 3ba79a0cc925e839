/** Long results on a terminal, a screen at a time, as git shows them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

interface Screen {
  readonly isTerminal: boolean;
  readonly rows: number;
}

/** Null: it fits, or nobody would turn the pages. An empty `PAGER`, or `cat`, asks for none. */
export function pagerFor(text: string, screen: Screen, environment: NodeJS.ProcessEnv): string | null {
  if (!screen.isTerminal || text.split('\n').length <= screen.rows) return null;
  const asked = environment['TOWPATH_PAGER'] ?? environment['PAGER'] ?? 'less';
  return asked === '' || asked === 'cat' ? null : asked;
}

/** Waits until the pager is left. */
export async function showInPages(text: string, isWanted: boolean): Promise<void> {
  const { stdout } = process;
  const screen = { isTerminal: stdout.isTTY === true, rows: stdout.rows ?? 24 };
  const pager = isWanted ? pagerFor(text, screen, process.env) : null;
  if (pager === null || !(await shownBy(pager, text))) stdout.write(text);
}

/** False where there is no such program. */
async function shownBy(pager: string, text: string): Promise<boolean> {
  // Colours as they are, no pages for less than a screen, and what was read stays on it.
  const env = { LESS: 'FRX', LV: '-c', ...process.env };
  const child = spawn(pager, { shell: true, stdio: ['pipe', 'inherit', 'inherit'], env });
  // Whoever leaves it early has seen enough; Ctrl-C belongs to it alone.
  child.stdin.on('error', () => undefined);
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  child.stdin.end(text);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return code !== 127;
  } catch {
    return false;
  } finally {
    process.off('SIGINT', ignore);
  }
}
