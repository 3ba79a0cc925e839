/** What an engine would do to live objects when somebody else's folder is taken over: nothing may be made anew unseen. */
import { parseAllDocuments } from 'yaml';
import { fieldAt } from '../domain/object-fields.ts';
import { changedFields } from './immutable-fields.ts';
import { plainLine } from './plain-line.ts';
import { provenanceFile } from './provenance.ts';

interface FoundObject {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | null;
  readonly object: unknown;
}

/** Not applied themselves. */
const listings = new Set(['Kustomization', 'Component']);

/** One sentence for each risk, for people; both sides are files by path. */
export function adoptionRisks(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const unreadable: string[] = [];
  const objects = [...before].flatMap(([path, text]) => objectsIn(path, text, unreadable));
  const rendered = [...after].flatMap(([path, text]) => objectsIn(path, text, []));
  const byName = new Map(rendered.map((each) => [nameOf(each), each]));
  const risks = objects.flatMap((each) => {
    const successor = byName.get(nameOf(each));
    if (successor === undefined) {
      const others = rendered.filter(({ kind }) => kind === each.kind).map(({ name }) => name);
      const instead = others.length === 0 ? '' : `; what is laid down instead is called ${others.join(', ')}`;
      return [`${wordsOf(each)} is not among what is rendered: the engine deletes it${dataOf(each)}${instead}`];
    }
    return changedFields(each.kind, each.object, successor.object).map(
      (path) =>
        `${wordsOf(each)} has another ${path.join('.')}, which nobody can change: the engine fails, or makes it anew`,
    );
  });
  return [
    ...risks,
    ...unreadable.map((path) => `${path} cannot be read, so nobody can say what becomes of its objects`),
  ];
}

function objectsIn(path: string, text: string, unreadable: string[]): readonly FoundObject[] {
  if (path === provenanceFile || !/\.(?:ya?ml|json)$/.test(path)) return [];
  try {
    return parseAllDocuments(text).flatMap((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return found(document.toJS());
    });
  } catch {
    unreadable.push(path);
    return [];
  }
}

function found(object: unknown): readonly FoundObject[] {
  const [kind, name, namespace] = [
    fieldAt(object, 'kind'),
    fieldAt(object, 'metadata', 'name'),
    fieldAt(object, 'metadata', 'namespace'),
  ];
  const items = fieldAt(object, 'items');
  if (kind === 'List' && Array.isArray(items)) return items.flatMap(found);
  if (typeof kind !== 'string' || typeof name !== 'string' || listings.has(kind)) return [];
  return [{ kind, name, namespace: typeof namespace === 'string' ? namespace : null, object }];
}

/** What is rendered bears no namespace, or the deployment's own: the engine's is meant either way. */
function nameOf({ kind, name }: FoundObject): string {
  return `${kind}/${name}`;
}

function dataOf({ kind }: FoundObject): string {
  if (kind === 'PersistentVolumeClaim') return ', and its data with it';
  return kind === 'StatefulSet' ? '; its claims stay' : '';
}

function wordsOf({ kind, name, namespace }: FoundObject): string {
  return plainLine(`${kind} "${name}"${namespace === null ? '' : ` of namespace ${namespace}`}`, 300);
}
