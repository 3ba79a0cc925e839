/** Where in a YAML text a JSON pointer leads; walked only when there is something to complain about. */
import { EVENT_ID, type Event, getScalarValue } from 'js-yaml';

/** The offset of the pointer's key or item, or of the nearest one around it. */
export function locate(text: string, events: readonly Event[], pointer: string): number {
  const segments = pointer.split('/').slice(1).map(unescapePointer);
  let index = events.findIndex((event) => event.type !== EVENT_ID.DOCUMENT);
  let offset = offsetOf(events[index]);
  for (const segment of segments) {
    const child = childOf(text, events, index, segment);
    if (!child) return offset;
    offset = child.offset;
    index = child.value;
  }
  return offset;
}

interface Child {
  /** Where its key is, or the item itself. */
  readonly offset: number;
  /** The event that begins its value. */
  readonly value: number;
}

function childOf(text: string, events: readonly Event[], parent: number, segment: string): Child | null {
  const kind = events[parent]?.type;
  if (kind !== EVENT_ID.MAPPING && kind !== EVENT_ID.SEQUENCE) return null;
  let position = 0;
  for (let index = parent + 1; events[index] && events[index]?.type !== EVENT_ID.POP; position++) {
    const value = kind === EVENT_ID.MAPPING ? afterNode(events, index) : index;
    const name = kind === EVENT_ID.MAPPING ? keyText(text, events[index]) : String(position);
    if (name === segment) return { offset: offsetOf(events[index]), value };
    index = afterNode(events, value);
  }
  return null;
}

/** The index of the event behind the node that begins at `index`. */
function afterNode(events: readonly Event[], index: number): number {
  let depth = 0;
  for (let at = index; at < events.length; at++) {
    const type = events[at]?.type;
    if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE) depth++;
    if (type === EVENT_ID.POP) depth--;
    if (depth <= 0) return at + 1;
  }
  return events.length;
}

function keyText(text: string, event: Event | undefined): string | null {
  return event?.type === EVENT_ID.SCALAR ? getScalarValue(text, event) : null;
}

function offsetOf(event: Event | undefined): number {
  if (event?.type === EVENT_ID.SCALAR) return Math.max(0, event.valueStart);
  if (event?.type === EVENT_ID.MAPPING || event?.type === EVENT_ID.SEQUENCE) return event.start;
  return 0;
}

function unescapePointer(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}
