/** What is told of a folder before it is taken over. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { adoptionRisks } from '../../src/core/adoption.ts';

const object = (kind: string, name: string, more = '') =>
  `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: ${name}\n${more}`;
const risks = (before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>) =>
  adoptionRisks(new Map(Object.entries(before)), new Map(Object.entries(after)));

it('says nothing where the same objects stay as they can', () => {
  const service = object('Service', 'chat');

  expect(
    risks(
      { 's.yaml': service, PROVENANCE: 'x', 'kustomization.yaml': object('Kustomization', 'k') },
      { 'other.yaml': service },
    ),
  ).toEqual([]);
});

it.each([
  [
    'an object that goes',
    { 'a.yaml': object('ConfigMap', 'old') },
    'ConfigMap "old" is not among what is rendered: the engine deletes it',
  ],
  [
    'another name of the same kind',
    { 'a.yaml': object('Deployment', 'old') },
    'what is laid down instead is called chat',
  ],
  ['a claim', { 'a.yaml': object('PersistentVolumeClaim', 'data') }, 'the engine deletes it, and its data with it'],
  [
    'a selector that nobody can change',
    { 'a.yaml': object('Deployment', 'chat', 'spec: { selector: { matchLabels: { app: other } } }\n') },
    'Deployment "chat" has another spec.selector, which nobody can change',
  ],
  ['a second document of a file', { 'a.yaml': `a: 1\n---\n${object('Secret', 'old')}` }, 'Secret "old"'],
  [
    'an item of a list',
    { 'a.json': JSON.stringify({ kind: 'List', items: [{ kind: 'Secret', metadata: { name: 'old' } }] }) },
    'Secret "old"',
  ],
  ['a file that nobody can read', { 'a.yaml': 'a: [1\n' }, 'a.yaml cannot be read, so nobody can say what becomes'],
])('names %s', (_, before, message) => {
  const deployment = object('Deployment', 'chat', 'spec: { selector: { matchLabels: { app: chat } } }\n');

  const found = risks(before, { 'api.yaml': deployment });

  expect(found).toEqual([expect.stringContaining(message)]);
});

it('takes the order of keys for no difference', () => {
  const one = object('Deployment', 'chat', 'spec: { selector: { matchLabels: { a: x, b: y } } }\n');
  const other = object('Deployment', 'chat', 'spec: { selector: { matchLabels: { b: y, a: x } } }\n');

  expect(risks({ 'a.yaml': one }, { 'a.yaml': other })).toEqual([]);
});

it('never throws, and each risk is one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), (text, value) => {
      for (const risk of risks({ 'a.yaml': text, 'b.json': JSON.stringify(value) }, {}))
        expect(risk).not.toContain('\n');
    }),
  );
});
