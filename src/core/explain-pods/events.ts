/** Finds the events that are about one object, or about one container of it. */
import type { LiveObject } from '../../domain/live-object.ts';
import { textAt } from '../../domain/object-fields.ts';

/** In the order given: newest first. Events of both API groups are understood. */
export function eventsAbout(object: LiveObject, events: readonly LiveObject[]): readonly LiveObject[] {
  return events.filter((event) => uidOf(event) === object.metadata.uid);
}

/** The words of the newest event with one of these reasons; `''` where there is none. */
export function eventWords(events: readonly LiveObject[], container: string, ...reasons: readonly string[]): string {
  const event = events.find((one) => reasons.includes(textAt(one, 'reason')) && concerns(one, container));
  return textAt(event, 'message') || textAt(event, 'note');
}

function uidOf(event: LiveObject): string {
  return textAt(event, 'involvedObject', 'uid') || textAt(event, 'regarding', 'uid');
}

/** An event that names no container may be about any. */
function concerns(event: LiveObject, container: string): boolean {
  const path = textAt(event, 'involvedObject', 'fieldPath') || textAt(event, 'regarding', 'fieldPath');
  return path === '' || path.endsWith(`{${container}}`);
}
