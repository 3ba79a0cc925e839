/** The last look before anything leaves: no secret value in any file or message. Found means the pass must stop. */
import type { Finding } from '../domain/finding.ts';
import { plainLine } from './plain-line.ts';

/** Shorter values (`true`, `prod`, `8080`) stand in manifests by chance; hiding them would protect nothing. */
const shortest = 8;

/**
 * `texts` is whatever is about to be published: path, or `commit message`, to text. `values` are secret values by name.
 * The value is looked for as it is, in base64, in URL form, and as YAML or JSON would escape it.
 */
export function findPlantedSecrets(
  texts: ReadonlyMap<string, string>,
  values: Readonly<Record<string, string>>,
): readonly Finding[] {
  const forms = Object.entries(values)
    .filter(([, value]) => value.length >= shortest)
    .map(([name, value]) => ({ name, forms: formsOf(value) }));
  return [...texts].flatMap(([path, text]) =>
    forms
      .filter((secret) => secret.forms.some((form) => text.includes(form)))
      .map((secret) => ({
        path: plainLine(path),
        line: null,
        pointer: null,
        message: `holds the value of the secret "${secret.name}"; nothing is published; refer to the secret instead of writing its value`,
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
  const text = [...ordinary.values()].join('\n');
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !text.includes(value)));
}

/** The same findings without the values: what is said of a field may quote what a client has written there. */
export function withoutValues(
  findings: readonly Finding[],
  values: Readonly<Record<string, string>>,
): readonly Finding[] {
  const secrets = Object.values(values).filter((value) => value.length >= shortest);
  const hide = (text: string): string => secrets.reduce((done, value) => done.replaceAll(value, '[secret]'), text);
  return findings.map((finding) => ({
    ...finding,
    path: hide(finding.path),
    pointer: finding.pointer === null ? null : hide(finding.pointer),
    message: hide(finding.message),
  }));
}

function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value, 'utf8');
  const json = JSON.stringify(value).slice(1, -1);
  const forms = [
    value,
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    encodeURIComponent(value.toWellFormed()),
    json,
    json.replace(/[^\u0020-\u007e]/g, unicodeEscape),
    value.replaceAll("'", "''"),
    ...linesOf(value),
  ];
  return [...new Set(forms)];
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A block scalar puts its indentation between the lines, so each line counts by itself. */
function linesOf(value: string): readonly string[] {
  if (!value.includes('\n')) return [];
  return value
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= 16 && !/^-----(?:BEGIN|END)/.test(line));
}
