/** One rendered object with its place in the files, and safe ways to look into it. */

import type { Finding } from '../domain/finding.ts';
import { fieldAt } from '../domain/object-fields.ts';
import { plainLine } from './plain-line.ts';
import { isObject, type JsonObject } from './read-manifest.ts';
import { escapePointer } from './validate/schema-problems.ts';

export interface Manifest {
  readonly path: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly object: JsonObject;
  readonly lineOf: (pointer: string) => number;
}

/** A value and the way to it; the JSON pointer is made only when there is something to say, which is hardly ever. */
export interface Place {
  readonly value: unknown;
  readonly above: Place | null;
  readonly keys: readonly (string | number)[];
}

export function manifestOf(path: string, object: JsonObject, lineOf: (pointer: string) => number): Manifest {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return {
    path,
    apiVersion: text(object['apiVersion']),
    kind: text(object['kind']),
    name: text(fieldAt(object, 'metadata', 'name')),
    object,
    lineOf,
  };
}

/** `where` is a place, or its JSON pointer. */
export function findingAt(manifest: Manifest, where: Place | string, message: string): Finding {
  const pointer = typeof where === 'string' ? where : pointerOf(where);
  // Keys and names from outside must not forge a second line of a report or a log.
  return {
    path: manifest.path,
    line: manifest.lineOf(pointer),
    pointer: plainLine(pointer, 1000),
    message: plainLine(message, 1000),
  };
}

function pointerOf(place: Place): string {
  const above = place.above ? pointerOf(place.above) : '';
  return above + place.keys.map((key) => `/${escapePointer(String(key))}`).join('');
}

export function place(manifest: Manifest, ...keys: readonly (string | number)[]): Place {
  return { value: fieldAt(manifest.object, ...keys), above: null, keys };
}

export function below(parent: Place, ...keys: readonly (string | number)[]): Place {
  return { value: fieldAt(parent.value, ...keys), above: parent, keys };
}

/** The items of a list, or nothing where it is no list. */
export function items(parent: Place): readonly Place[] {
  if (!Array.isArray(parent.value)) return [];
  return parent.value.map((value: unknown, index) => ({ value, above: parent, keys: [index] }));
}

/** The keys of a mapping, or nothing where it is none. */
export function keysOf(parent: Place): readonly string[] {
  return isObject(parent.value) ? Object.keys(parent.value) : [];
}

/** The entries of a mapping that are text, as a plain record. */
export function textRecord(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
