/** What linters judge: a set of objects that go into a cluster together, each in a file of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { KubernetesObject } from '../harness/kubernetes.ts';

export interface Subject {
  /** `agent-server/minimal`, `chart/argo-cd`. */
  readonly name: string;
  readonly objects: readonly JudgedObject[];
}

export interface JudgedObject {
  /** `Deployment/queue`: the kind, and the component or else the name; several objects of a set may share it. */
  readonly key: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly text: string;
}

/** Of YAML texts as they are committed or installed, comments and all. */
export function subject(name: string, texts: readonly string[]): Subject {
  const documents = texts
    .flatMap((text) => text.split(/^---$/m))
    .filter((text) => parseDocument(text).contents !== null);
  return { name, objects: documents.map(judged) };
}

function judged(text: string): JudgedObject {
  const { apiVersion, kind, metadata } = parseDocument(text, { uniqueKeys: false }).toJS() as KubernetesObject;
  const component = metadata.labels?.['app.kubernetes.io/component'];
  return { key: `${kind}/${component ?? metadata.name}`, apiVersion, kind, text };
}

/** The subjects as files; a linter names a file, and so an object. */
export interface WrittenSubjects {
  readonly folder: string;
  /** Folder of each subject, to its name. */
  readonly subjects: ReadonlyMap<string, string>;
  /** Path of each file, to the subject and the key of its object. */
  readonly files: ReadonlyMap<string, { readonly subject: string; readonly object: string }>;
}

export function writeSubjects(folder: string, subjects: readonly Subject[]): WrittenSubjects {
  const folders = new Map<string, string>();
  const files = new Map<string, { readonly subject: string; readonly object: string }>();
  for (const { name, objects } of subjects) {
    const own = join(folder, name.replace('/', '.'));
    mkdirSync(own, { recursive: true });
    folders.set(own, name);
    for (const [index, { key, text }] of objects.entries()) {
      const path = join(own, `${index}.yaml`);
      writeFileSync(path, text);
      files.set(path, { subject: name, object: key });
    }
  }
  return { folder, subjects: folders, files };
}
