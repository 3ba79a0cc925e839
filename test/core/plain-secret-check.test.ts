/** No Secret in plain leaves, however it is written down; what sops encrypted, and what only speaks of Secrets, may. */
import { describe, expect, it } from 'vitest';
import { findPlainSecrets } from '../../src/core/secrets/plain-secret-check.ts';

function said(text: string, path = 'a.yaml'): readonly string[] {
  return findPlainSecrets(new Map([[path, text]])).map((finding) => finding.message);
}

const cipher = 'ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]';

const level = (one: number): string => `a${one + 1}: &a${one + 1} [${Array(9).fill(`*a${one}`).join(', ')}]\n`;
const aliasBomb = `a0: &a0 [Secret]\n${Array.from({ length: 9 }, (_, one) => level(one)).join('')}`;

describe('a Secret in plain', () => {
  it.each([
    ['in data', 'apiVersion: v1\nkind: Secret\ndata: {TOKEN: cGxhaW4=}\n', 'data.TOKEN'],
    ['in stringData', 'kind: "Secret"\nstringData:\n  TOKEN: plain\n', 'stringData.TOKEN'],
    ['in a List', 'kind: List\nitems:\n  - kind: Secret\n    data: {TOKEN: cGxhaW4=}\n', 'data.TOKEN'],
    ['as JSON', '{"kind":"Secret","data":{"TOKEN":"cGxhaW4="}}', 'data.TOKEN'],
    ['behind an escape', 'kind: "\\x53ecret"\ndata: {TOKEN: cGxhaW4=}\n', 'data.TOKEN'],
    ['in a second document', 'kind: Service\n---\nkind: Secret\ndata: {TOKEN: cGxhaW4=}\n', 'data.TOKEN'],
    ['in a template of another object', 'kind: X\nspec: {template: {kind: Secret, data: {A: b}}}\n', 'data.A'],
    ['made by kustomize', 'kind: Kustomization\nsecretGenerator: [{literals: [A=b]}]\n', 'secretGenerator'],
    ['with one value that sops missed', `kind: Secret\ndata: {A: "${cipher}", B: Yg==}\nsops: {mac: x}\n`, 'data.B'],
    ['whose kind an alias names', 'a: &a Secret\nkind: *a\ndata: {A: cGxhaW4=}\n', 'data.A'],
    ['whose kind is merged in', 'a: &a {kind: Secret}\n<<: *a\ndata: {A: cGxhaW4=}\n', 'data.A'],
    ['in a list of Secrets', 'kind: SecretList\nitems: [{data: {A: cGxhaW4=}}]\n', 'data.A'],
    ['behind a byte order mark', '\ufeffkind: Secret\r\ndata:\r\n  A: cGxhaW4=\r\n', 'data.A'],
    ['as a number', 'kind: Secret\nstringData: {A: 5}\n', 'stringData.A'],
    ['with data that is no mapping', 'kind: Secret\ndata: [plain]\n', '(data)'],
  ])('is found %s', (_, text, where) => {
    const found = said(text);

    expect(found).toHaveLength(1);
    expect(found[0]).toContain(where);
    expect(found[0]).not.toContain('cGxhaW4');
  });

  it('is found where cipher text has no key to open it', () => {
    expect(said(`kind: Secret\ndata: {}\n`)).toEqual([]);
    expect(said(`kind: Secret\ndata: {A: "${cipher} and more"}\nsops: {mac: x}\n`)).toHaveLength(1);
  });

  it.each([
    ['that nobody can read', 'kind: Secret\n data: {\n'],
    ['with tags, behind which any word may be', 'kind: !!binary U2VjcmV0\ndata: {A: cGxhaW4=}\n'],
    ['whose aliases stand for billions of values', aliasBomb],
    ['that says a thing twice', 'kind: Secret\ndata: {A: cGxhaW4=}\nkind: Service\n'],
  ])('is suspected in YAML %s', (_, text) => {
    expect(said(text)).toEqual(['cannot be read, and may hold a Secret']);
  });
});

describe('no Secret in plain', () => {
  it.each([
    ['what sops encrypted', `kind: Secret\ndata: {A: "${cipher}", EMPTY: ""}\nsops: {mac: "${cipher}"}\n`],
    ['a SealedSecret', 'kind: SealedSecret\nspec: {encryptedData: {A: AgB}, template: {type: Opaque}}\n'],
    ['a reference', 'kind: Deployment\nspec: {secretKeyRef: {name: Secret, key: a}}\n'],
    ['text', 'kind: ConfigMap\ndata: {note: "a Secret: no\\nkind"}\n'],
  ])('is %s', (_, text) => {
    expect(said(text)).toEqual([]);
  });

  it('is prose in a file of no YAML', () => {
    expect(said('Secrets: {are never in plain', 'README.md')).toEqual([]);
  });
});
