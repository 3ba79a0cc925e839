/** The last look before anything leaves: no secret value in any file or message. Found means the pass must stop. */
import type { Finding } from '../../domain/finding.ts';
import type { PlainSecret } from '../../domain/plain-secret.ts';
import { plainLine } from '../plain-line.ts';

/** Shorter values (`true`, `prod`, `8080`) stand in manifests by chance; hiding them would protect nothing. */
const shortest = 8;
/** Shorter lines (`kind: Config`) of a value that has several say nothing by themselves. */
const shortestLine = 16;
/** Of all values together: a Secret may hold tens of thousands, and each of them is looked for in every file. */
const mostLines = 500;

/**
 * What to look for, by the name that a message may use: each value, and each long line of one that has several, since
 * one line of a file may leak alone, and a line such as `restartPolicy: Always` may stand anywhere by chance.
 */
export function sensitiveValues(
  secrets: readonly Pick<PlainSecret, 'name' | 'values'>[],
): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  let linesLeft = mostLines;
  for (const { name, values } of secrets) {
    for (const [key, value] of Object.entries(values)) {
      const isTaken = found.has(key) && found.get(key) !== value;
      const said = isTaken ? `${key} of ${name}` : key;
      found.set(said, value);
      const lines = longLines(value).slice(0, linesLeft);
      linesLeft -= lines.length;
      for (const [line, number] of lines) found.set(`${said}, line ${number}`, line);
    }
  }
  return Object.fromEntries(found);
}

/** `texts` is whatever is about to be published: path, or `commit message`, to text. `values` are secret values by name. */
export function findPlantedSecrets(
  texts: ReadonlyMap<string, string>,
  values: Readonly<Record<string, string>>,
): readonly Finding[] {
  const secrets = soughtOf(values);
  if (secrets.length === 0) return [];
  return [...texts].flatMap(([path, text]) =>
    namesIn(text, secrets).map((name) => ({
      path: plainLine(path),
      line: null,
      pointer: null,
      message: `holds the value of the secret "${name}"; nothing is published; refer to the secret instead of writing its value`,
    })),
  );
}

/**
 * Values that stand in the text by chance are no leak: clients put whole `.env` files into secrets, and `postgres` or
 * the deployment's own name is in every manifest. `ordinary` is text that was made without anything that leaks.
 */
export function withoutCoincidences(
  values: Readonly<Record<string, string>>,
  ordinary: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  const chance = new Set(namesIn([...ordinary.values()].join('\n'), soughtOf(values)));
  return Object.fromEntries(Object.entries(values).filter(([name]) => !chance.has(name)));
}

/** The same findings without the values: what is said of a field may quote what a client has written there. */
export function withoutValues(
  findings: readonly Finding[],
  values: Readonly<Record<string, string>>,
): readonly Finding[] {
  const secrets = soughtOf(values);
  return findings.map((finding) => ({
    ...finding,
    path: hidden(finding.path, secrets),
    pointer: finding.pointer === null ? null : hidden(finding.pointer, secrets),
    message: hidden(finding.message, secrets),
  }));
}

/** Whether somebody else's words repeat a value, also escaped or shortened. */
export function quotesSecret(text: string, values: Readonly<Record<string, string>>): boolean {
  return repeats(text, soughtOf(values));
}

interface Sought {
  readonly name: string;
  readonly value: string;
  /** In texts as they are. */
  readonly forms: readonly string[];
  /** In bare texts. */
  readonly bareForms: readonly string[];
}

function soughtOf(values: Readonly<Record<string, string>>): readonly Sought[] {
  return Object.entries(values)
    .filter(([, value]) => value.length >= shortest)
    .map(([name, value]) => {
      const forms = new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value.toWellFormed())]);
      const bareForms = [bare(value), bare(value.replaceAll(' ', '+'))].filter((form) => form.length >= shortest);
      return { name, value, forms: [...forms], bareForms: [...new Set([...bareForms, ...base64Forms(value)])] };
    });
}

function namesIn(text: string, secrets: readonly Sought[]): readonly string[] {
  if (secrets.length === 0) return [];
  const bareText = bare(text);
  return secrets
    .filter(({ forms, bareForms }) => {
      return forms.some((form) => text.includes(form)) || bareForms.some((form) => bareText.includes(form));
    })
    .map(({ name }) => name);
}

/**
 * Without what JSON, YAML, shells and URLs put around or into a text: quotes, escapes, indentation, line breaks. Two
 * texts that say the same are the same afterwards, however often and by whom they were escaped or folded.
 */
function bare(text: string): string {
  const unescaped = text.includes('\\') ? text.replace(escapes, characterOf) : text;
  return (unescaped.includes('%') ? unescaped.replace(/(?:%[0-9A-Fa-f]{2})+/g, decoded) : unescaped).replace(
    filling,
    '',
  );
}

const escapes = /\\+(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|[nrt])/g;
/** Quotes, backslashes, and whatever is white or cannot be seen. */
const filling = /[\u0000-\u0020"'\\\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]+/g;

function characterOf(_: string, long?: string, short?: string): string {
  const code = long ?? short;
  return code === undefined ? '' : String.fromCharCode(Number.parseInt(code, 16));
}

function decoded(escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped;
  }
}

/** Alone, or inside of something longer (`user:password`): what neighbours have a part in is cut off. */
function base64Forms(value: string): readonly string[] {
  const forms = [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value, 'utf8')]);
    const text = bytes.toString('base64').replace(/=+$/, '');
    return text.slice(before === 0 ? 0 : before + 1, bytes.length % 3 === 0 ? undefined : -1);
  });
  return [...new Set(forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]))];
}

function longLines(value: string): readonly (readonly [line: string, number: number])[] {
  if (!value.includes('\n')) return [];
  return value.split(/\r?\n/).flatMap((line, index) => {
    const text = line.trim();
    return text.length < shortestLine || /^-----(?:BEGIN|END)/.test(text) ? [] : [[text, index + 1] as const];
  });
}

/** Where a value cannot be cut out, since it is escaped or shortened, nothing of the text is shown. */
function hidden(text: string, secrets: readonly Sought[]): string {
  const done = secrets.reduce((shown, { value }) => shown.replaceAll(value, '[secret]'), text);
  // A JSON pointer writes a slash as `~1`.
  return repeats(done.replaceAll('~1', '/'), secrets) ? '[holds a secret]' : done;
}

function repeats(text: string, secrets: readonly Sought[]): boolean {
  return namesIn(text, secrets).length > 0 || secrets.some((secret) => holdsBeginning(text, secret));
}

/** Long words are shortened in what is said of them, and end in an ellipsis then. */
function holdsBeginning(text: string, { bareForms: [whole = ''] }: Sought): boolean {
  const heads = text.split('…').slice(0, -1).map(bare);
  const beginning = whole.slice(0, shortest);
  return heads.some((head) => {
    for (let at = head.indexOf(beginning); at >= 0; at = head.indexOf(beginning, at + 1)) {
      if (whole.startsWith(head.slice(at))) return true;
    }
    return false;
  });
}
