/** Reads fields out of what somebody else wrote: each may be missing, or of another type than it should be. */

/** The value at a path; undefined where there is none. */
export function fieldAt(value: unknown, ...path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return current;
}

/** `''` where there is no text. */
export function textAt(value: unknown, ...path: readonly PropertyKey[]): string {
  const found = fieldAt(value, ...path);
  return typeof found === 'string' ? found : '';
}

export function numberAt(value: unknown, ...path: readonly PropertyKey[]): number | undefined {
  const found = fieldAt(value, ...path);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

export function listAt(value: unknown, ...path: readonly PropertyKey[]): readonly unknown[] {
  const found = fieldAt(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** Null where there is no time, or none that can be read. */
export function timeAt(value: unknown, ...path: readonly PropertyKey[]): Date | null {
  const time = new Date(textAt(value, ...path));
  return Number.isNaN(time.getTime()) ? null : time;
}
