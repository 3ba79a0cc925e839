/** Which kinds a template set can emit: all that a GitOps engine has to be allowed to apply for it. */
import type { Secrets } from '../../domain/configuration-secrets.ts';

export interface EmittedKind {
  /** Empty for the core group. */
  readonly group: string;
  readonly kind: string;
}

/** What lies beside the manifests by secrets.mode; the kinds come from no template. */
const sealedKinds: Readonly<Record<Secrets['mode'], readonly EmittedKind[]>> = {
  cluster: [],
  'sealed-secrets': [{ group: 'bitnami.com', kind: 'SealedSecret' }],
  sops: [{ group: '', kind: 'Secret' }],
  'external-secrets': [{ group: 'external-secrets.io', kind: 'ExternalSecret' }],
};

/** `extraKinds` are `<apiVersion>/<kind>`, as the policy of a namespace lists them. Sorted, each once. */
export function emittedKinds(
  templates: ReadonlyMap<string, string>,
  extraKinds: readonly string[],
  secretsMode: Secrets['mode'] = 'cluster',
): readonly EmittedKind[] {
  const rendered = [...templates].filter(([path]) => path.endsWith('.hbs')).flatMap(([, text]) => kindsIn(text));
  const all = [...rendered, ...extraKinds.map(parseKind), ...sealedKinds[secretsMode]];
  const named = new Map(all.map((one) => [`${one.group}/${one.kind}`, one]));
  return [...named].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, kind]) => kind);
}

/** Templates whose kind is written by an expression: what they emit has to be said in `policy.extraKinds`. */
export function unreadableKinds(templates: ReadonlyMap<string, string>): readonly string[] {
  return [...templates]
    .filter(([path, text]) => path.endsWith('.hbs') && kindsIn(text).length === 0)
    .map(([path]) => path);
}

/** The words of the API's addresses, made from the kind as Kubernetes itself does for resources it was not told. */
export function resourceOf({ kind }: EmittedKind): string {
  const word = kind.toLowerCase();
  if (word.endsWith('s')) return `${word}es`;
  return word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`;
}

/** Only what begins a line is the object's own; a pod template's volumes have kinds, too. */
function kindsIn(text: string): readonly EmittedKind[] {
  const documents = text.split(/^---.*$/m);
  return documents.flatMap((document) => {
    const apiVersion = /^apiVersion: *["']?([A-Za-z0-9./-]+)["']? *$/m.exec(document)?.[1];
    const kind = /^kind: *["']?([A-Za-z0-9]+)["']? *$/m.exec(document)?.[1];
    return apiVersion === undefined || kind === undefined ? [] : [{ group: groupOf(apiVersion), kind }];
  });
}

function parseKind(text: string): EmittedKind {
  const slash = text.lastIndexOf('/');
  return { group: groupOf(text.slice(0, slash)), kind: text.slice(slash + 1) };
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}
