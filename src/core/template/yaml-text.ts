/** Writes plain JSON data as YAML that the readers of YAML 1.1 (Kubernetes) and 1.2 understand alike. */

/** Why a value cannot become YAML; the caller knows which value and where. */
export class UnwritableValue extends Error {
  override readonly name = 'UnwritableValue';
}

const deepest = 64;
/** YAML limits an implicit key to 1024 characters; ours stay well below. */
const longestKey = 512;

/** What needs no quotes in any reader: begins with a letter, and no ": " or " #" can arise. */
const plain = /^[A-Za-z_/][A-Za-z0-9_./@-]*(?::[A-Za-z0-9_./@-]+)*$/;
/** Begins with a digit and is no number, date or time for anybody all the same: a UUID, a quantity such as `500m`. */
const plainDigits = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+(?:m|Mi|Gi))$/;
/** Words of YAML 1.1 that mean something else than themselves. */
const words = /^(?:true|false|null|yes|no|on|off|y|n)$/i;
/** Legal in JSON as they stand, yet line breaks or unprintable in YAML. */
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** One scalar on one line; a string stays that string. */
export function yamlScalar(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return yamlString(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      return yamlNumber(value);
    default:
      throw new UnwritableValue(`expected a string, number or boolean, found ${kindOf(value)}`);
  }
}

/** A mapping's key: a string that is short enough for every reader. */
export function yamlKey(value: unknown): string {
  if (typeof value !== 'string') throw new UnwritableValue(`expected a string as a key, found ${kindOf(value)}`);
  if (value.length > longestKey) throw new UnwritableValue(`the key is longer than ${longestKey} characters`);
  return yamlString(value);
}

/** Block style, ready to stand where `indent` spaces have already been written; keys sorted, `name` first. */
export function yamlBlock(value: unknown, indent: number): string {
  return block(value, ' '.repeat(indent), 0);
}

/** Flow style, on one line. */
export function yamlFlow(value: unknown): string {
  return flow(value, 0);
}

/**
 * The same labels and names are written dozens of times in one deployment and again in the next. What a text becomes
 * depends on nothing else, so remembering it changes no result; what is remembered stays small.
 */
const remembered = new Map<string, string>();
const mostRemembered = { texts: 4096, characters: 128 } as const;

function yamlString(value: string): string {
  if (value.length > mostRemembered.characters) return writtenString(value);
  const known = remembered.get(value);
  if (known !== undefined) return known;
  const written = writtenString(value);
  if (remembered.size >= mostRemembered.texts) remembered.clear();
  remembered.set(value, written);
  return written;
}

function writtenString(value: string): string {
  if ((plain.test(value) && !words.test(value)) || plainDigits.test(value)) return value;
  if (!value.isWellFormed())
    throw new UnwritableValue('the text holds half of a surrogate pair, which is no character');
  return JSON.stringify(value).replace(unprintable, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function yamlNumber(value: number): string {
  const text = String(value);
  if (!/^-?[0-9]+(?:\.[0-9]+)?$/.test(text)) throw new UnwritableValue(`the number ${text} has no plain notation`);
  return text;
}

function block(value: unknown, pad: string, depth: number): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : blockItems(value, pad, depth);
  if (isRecord(value)) {
    const keys = sortedKeys(value);
    return keys.length === 0 ? '{}' : blockEntries(value, keys, pad, depth);
  }
  return value === null ? 'null' : yamlScalar(value);
}

function blockItems(items: readonly unknown[], pad: string, depth: number): string {
  checkDepth(depth);
  return items.map((item) => `- ${block(item, `${pad}  `, depth + 1)}`).join(`\n${pad}`);
}

function blockEntries(
  value: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  pad: string,
  depth: number,
): string {
  checkDepth(depth);
  let text = '';
  for (const key of keys) {
    const entry = value[key];
    const inner = block(entry, `${pad}  `, depth + 1);
    const gap = isFilled(entry) ? `\n${pad}  ` : ' ';
    text += `${text === '' ? '' : `\n${pad}`}${yamlKey(key)}:${gap}${inner}`;
  }
  return text;
}

function flow(value: unknown, depth: number): string {
  checkDepth(depth);
  if (Array.isArray(value)) return `[${value.map((item) => flow(item, depth + 1)).join(', ')}]`;
  if (isRecord(value)) {
    const entries = sortedKeys(value).map((key) => `${flowString(yamlKey(key))}: ${flow(value[key], depth + 1)}`);
    return `{${entries.join(', ')}}`;
  }
  if (value === null) return 'null';
  return typeof value === 'string' ? flowString(yamlString(value)) : yamlScalar(value);
}

/** Inside brackets a plain word could run into what follows, so there every string has quotes. */
function flowString(text: string): string {
  return text.startsWith('"') ? text : `"${text}"`;
}

function isFilled(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isRecord(value) && Object.keys(value).length > 0;
}

/** The same data gives the same text, in whatever order a store has handed out its keys. */
export function sortedKeys(value: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(value).sort((one, other) => {
    if (one === 'name' || other === 'name') return one === 'name' ? -1 : 1;
    return one < other ? -1 : 1;
  });
}

function checkDepth(depth: number): void {
  if (depth > deepest) throw new UnwritableValue(`it is nested more than ${deepest} levels deep`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  throw new UnwritableValue('expected plain data, found an object with a class of its own');
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a structure (use {{structure …}})' : `${typeof value}`;
}
