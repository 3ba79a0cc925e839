/** How a failure reads on the terminal: its message and the causes that add something, never a stack by default. */
import pc from 'picocolors';
import { redact } from '../domain/redaction.ts';
import { systemWords } from '../domain/system-words.ts';

/** `TOWPATH_DEBUG=1` adds the stack, for a bug report. */
export function failureText(error: unknown, environment: NodeJS.ProcessEnv = process.env): string {
  const [first, ...causes] = messages(error);
  const lines = [pc.red(first ?? 'Failed'), ...causes.map((cause) => pc.dim(`  because: ${cause}`))];
  const stack = environment['TOWPATH_DEBUG'] && error instanceof Error ? [error.stack ?? ''] : [];
  return redact([...lines, ...stack].join('\n'));
}

/** From the outermost to the root; a cause whose words are already in the message adds nothing. */
export function messages(error: unknown): string[] {
  const found: string[] = [];
  for (let current = error; current !== undefined && current !== null; current = causeOf(current)) {
    const message = current instanceof Error ? messageOf(current) : String(current);
    if (!isEngines(message) && !found.some((earlier) => earlier.includes(message))) found.push(message);
  }
  return found;
}

/** What the embedded database says when it dies tells nobody anything. */
function isEngines(message: string): boolean {
  return /^Aborted\(|-sASSERTIONS/.test(message);
}

function messageOf(error: Error): string {
  // `connect ECONNREFUSED ::1:1` of both address families comes as one error without a message of its own.
  if (error instanceof AggregateError && !error.message) return error.errors.map(String).join('; ');
  return systemWords(error) ?? (error.message || error.name);
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
