/** Where in a YAML text the things that JSON pointers lead to stand; walked once, when there is something to say. */
import { EVENT_ID, type Event, getScalarValue } from 'js-yaml';
import { escapePointer } from './validate/schema-problems.ts';

/** The line of a pointer's key or item, or of the nearest one around it; 1-based. */
export function lineFinder(text: string, events: readonly Event[]): (pointer: string) => number {
  let offsets: ReadonlyMap<string, number> | undefined;
  let lines: readonly number[] | undefined;
  return (pointer) => {
    offsets ??= locations(text, events);
    lines ??= lineStarts(text);
    let known = pointer;
    while (known !== '' && !offsets.has(known)) known = known.slice(0, known.lastIndexOf('/'));
    return lineOf(lines, offsets.get(known) ?? 0);
  };
}

function locations(text: string, events: readonly Event[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  /** Answers the index behind the node; nesting is limited by the parser. */
  const walk = (start: number, pointer: string): number => {
    const kind = events[start]?.type;
    if (kind !== EVENT_ID.MAPPING && kind !== EVENT_ID.SEQUENCE) return start + 1;
    let index = start + 1;
    for (let position = 0; events[index] && events[index]?.type !== EVENT_ID.POP; position++) {
      const name = kind === EVENT_ID.MAPPING ? keyText(text, events[index]) : String(position);
      const child = `${pointer}/${escapePointer(name)}`;
      found.set(child, offsetOf(events[index]));
      index = walk(kind === EVENT_ID.MAPPING ? walk(index, child) : index, child);
    }
    return index + 1;
  };
  const root = events.findIndex((event) => event.type !== EVENT_ID.DOCUMENT);
  found.set('', offsetOf(events[root]));
  walk(root, '');
  return found;
}

function keyText(text: string, event: Event | undefined): string {
  return event?.type === EVENT_ID.SCALAR ? getScalarValue(text, event) : '';
}

function offsetOf(event: Event | undefined): number {
  if (event?.type === EVENT_ID.SCALAR) return Math.max(0, event.valueStart);
  if (event?.type === EVENT_ID.MAPPING || event?.type === EVENT_ID.SEQUENCE) return event.start;
  return 0;
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lineOf(starts: readonly number[], offset: number): number {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}
