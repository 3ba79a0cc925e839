/**
 * Reads one rendered file: exactly one object, in the plain part of YAML that every reader understands alike.
 * kubectl, kustomize and Argo CD read YAML 1.1, others 1.2; what the two see differently is refused.
 */
import {
  CORE_SCHEMA,
  constructFromEvents,
  EVENT_ID,
  type Event,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
} from 'js-yaml';
import { lineFinder } from './yaml-location.ts';

export type JsonObject = { readonly [key: string]: unknown };

interface ManifestProblem {
  /** 1-based. */
  readonly line: number;
  readonly message: string;
}

type ReadManifest =
  | { readonly kind: 'unreadable'; readonly problems: readonly ManifestProblem[] }
  | {
      readonly kind: 'read';
      readonly object: JsonObject;
      readonly problems: readonly ManifestProblem[];
      /** The line of a JSON pointer, or of the nearest thing around it that is in the file. */
      readonly lineOf: (pointer: string) => number;
    };

const mostCharacters = 1_048_576;
/** A few dozen that stand for each other would be billions of values for whoever walks through them. */
export const maxAliases = 20;
/** Beyond these nobody reads on. */
const mostProblems = 50;

export function readManifest(text: string): ReadManifest {
  if (text.length > mostCharacters) return unreadable(1, 'is larger than 1 MiB, more than a cluster stores');
  const problems = shapeOfText(text);
  try {
    const events = parseEvents(text, {});
    problems.push(...forbiddenEvents(text, events));
    const documents = constructFromEvents(events, { source: text, schema: CORE_SCHEMA, maxAliases });
    const object = documents[0];
    if (documents.length !== 1) {
      problems.push({ line: 1, message: `holds ${documents.length} documents; expected one Kubernetes object a file` });
    } else if (isObject(object)) {
      return { kind: 'read', object, problems, lineOf: lineFinder(text, events) };
    } else {
      problems.push({ line: 1, message: 'is not a mapping; expected one Kubernetes object' });
    }
    return { kind: 'unreadable', problems };
  } catch (error) {
    return { kind: 'unreadable', problems: [...problems, syntaxProblem(error)] };
  }
}

function shapeOfText(text: string): ManifestProblem[] {
  const problems: ManifestProblem[] = [];
  const carriage = text.indexOf('\r');
  if (carriage >= 0)
    problems.push({ line: lineAt(text, carriage), message: 'has a carriage return; end lines with LF only' });
  if (!text.endsWith('\n')) problems.push({ line: lineAt(text, text.length), message: 'does not end with a newline' });
  return problems;
}

/** Anchors, aliases, tags and directives can hide what a reviewer should see; nothing that we render needs them. */
function forbiddenEvents(text: string, events: readonly Event[]): ManifestProblem[] {
  const problems: ManifestProblem[] = [];
  const add = (offset: number, message: string): void => {
    if (problems.length < mostProblems) problems.push({ line: lineAt(text, offset), message });
  };
  for (const event of events) {
    if (event.type === EVENT_ID.DOCUMENT) {
      if (event.directives.length > 0) add(0, 'has a YAML directive; leave it out');
    } else if (event.type === EVENT_ID.ALIAS) {
      add(event.anchorStart, 'uses a YAML alias; write the value out');
    } else if (event.type !== EVENT_ID.POP) {
      if (event.anchorStart >= 0) add(event.anchorStart, 'uses a YAML anchor; write the value out');
      if (event.tagStart >= 0) add(event.tagStart, 'uses a YAML tag; leave it out');
      if (event.type !== EVENT_ID.SCALAR) continue;
      const source = suspect(text, event);
      if (source !== null && isAmbiguous(source)) add(event.valueStart, ambiguity(source));
    }
  }
  return problems;
}

/** A plain scalar that begins like a number or is as short as a word; most are neither, and cost nothing. */
function suspect(text: string, event: ScalarEvent): string | null {
  if (event.style !== SCALAR_STYLE.PLAIN) return null;
  if (event.valueEnd - event.valueStart > longestWord && text.charCodeAt(event.valueStart) > nine) return null;
  return text.slice(event.valueStart, event.valueEnd);
}

/** Words that some reader takes for a boolean, null, a merge or a default. */
const word = /^(?:[yn~=]|yes|no|on|off|true|false|null|<<)$/i;
/** Whatever any reader of YAML 1.1 or 1.2 takes for a number (with base, sixties, underscores), infinity or a date. */
const number =
  /^[-+]?(?:0x[0-9a-f_]+|0[ob]?[0-9_]+|[0-9][0-9_]*(?::[0-9]+)*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)?|\.[0-9_]+(?:e[-+]?[0-9]+)?|\.inf|\.nan)$/i;
const date = /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t]|$)/;
/** What all of them read alike. */
const canonical = /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)$/;

const nine = 57;
const longestWord = 5;

/** Exported for the test that compares it with the readers. */
export function isAmbiguous(source: string): boolean {
  if (source.charCodeAt(0) > nine) return source.length <= longestWord && word.test(source) && !canonical.test(source);
  if (!number.test(source)) return date.test(source);
  return !canonical.test(source) || !isExact(source);
}

/** A number that loses digits on its way through JSON is another number afterwards. */
function isExact(source: string): boolean {
  if (!/^-?[0-9]/.test(source)) return true;
  const value = Number(source);
  return Number.isInteger(value) ? Number.isSafeInteger(value) : source.length <= 17;
}

function ambiguity(source: string): string {
  const shown = source.length > 40 ? `${source.slice(0, 40)}…` : source;
  return `${JSON.stringify(shown)} is not the same to every YAML reader; put it in quotes`;
}

function unreadable(line: number, message: string): ReadManifest {
  return { kind: 'unreadable', problems: [{ line, message }] };
}

function syntaxProblem(error: unknown): ManifestProblem {
  if (error instanceof YAMLException) {
    return { line: (error.mark?.line ?? 0) + 1, message: `is not valid YAML: ${error.reason}` };
  }
  return { line: 1, message: 'is not valid YAML' };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
