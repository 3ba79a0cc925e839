/** One JSON log line as people read it: time, sentence, fields. */
import pc from 'picocolors';

const marks: Readonly<Record<string, (text: string) => string>> = {
  debug: pc.dim,
  info: (text) => text,
  warn: pc.yellow,
  error: pc.red,
};

export function humanLine(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const paint = marks[String(level)] ?? ((text: string) => text);
  const clock = pc.dim(new Date(String(time)).toTimeString().slice(0, 8));
  return `${clock}  ${paint(String(msg))}${describeFields(fields)}\n`;
}

function describeFields(fields: Readonly<Record<string, unknown>>): string {
  const words = Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? text(value) : JSON.stringify(value)}`);
  return words.length === 0 ? '' : pc.dim(`  ${words.join(' ')}`);
}

/** Control characters from outside must not move the cursor of whoever reads the log. */
function text(value: string): string {
  return /^[^\s"\\\u0000-\u001f\u007f-\u009f]+$/.test(value) ? value : JSON.stringify(value);
}
