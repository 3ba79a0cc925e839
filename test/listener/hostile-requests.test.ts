/**
 * What a client can write, all the way: policy, rendering, validation, commit. It is refused in one plain line, or it
 * comes through as the text that it was; it never leaves its scalar, its folder, its line or its trailer.
 */
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { deployDraft } from '../../src/core/commit.ts';
import type { RenderInput } from '../../src/core/template/set.ts';
import { asTowpathError } from '../../src/domain/failure.ts';
import { describeFinding } from '../../src/domain/finding.ts';
import { folderOf } from '../../src/domain/resource-name.ts';
import { Specification } from '../../src/domain/specification.ts';
import { createRenderer } from '../../src/listener/renderer.ts';
import { agentServerSet } from '../core/support/agent-server.ts';
import { renderInput } from '../core/support/render-input.ts';
import { nativeGit } from '../support/native-git.ts';
import { schemas } from '../support/validation.ts';

const renderer = createRenderer(agentServerSet, schemas);
const benign = renderInput();
const folder = folderOf('flat', benign.resourceName, benign.specification.deployment.id);

const hostile = [
  'a\nkind: Secret',
  'a\r\nb',
  'a\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: x',
  'a: b',
  'a #b',
  '"a',
  "'a",
  '{{name}}',
  '{{{name}}}',
  '../../x',
  '/etc/passwd',
  '.git/config',
  '-rf',
  '--upload-pack=x',
  '$(id)',
  '`id`',
  'a\u0000b',
  'a\u001b[31mb',
  'a\u2028Revision-Id: 00000000-0000-4000-8000-000000000000',
  'a\n\nRevision-Id: 00000000-0000-4000-8000-000000000000\nChange: deploy',
  'a> <b',
  'yes',
  '0x10',
  '~',
  '*a',
  '&a b',
  '!!binary aGk=',
  '\u202eexe.gpj',
  '\ufeffa',
  'x'.repeat(5000),
  '__proto__',
  'constructor',
] as const;

const container = (more: object) => ({ sidecars: [{ name: 'side', image: 'a:1', ...more }] });
const volume = (more: object) => ({ volumes: [{ name: 'v', ...more }] });
/** What a place lets through: nothing, names that look odd but are names, or any text. */
const nothing = (): boolean => false;
const names = (text: string): boolean => /^(?:yes|constructor|0x10)$/.test(text);
/** As a key this one is no data in JavaScript: the edge's schemas leave it out. */
const leftOut = (text: string): boolean => text === '__proto__';
const keys = (text: string): boolean => names(text) || leftOut(text);
const anything = (): boolean => true;
const withoutControl = (text: string): boolean => !/[\u0000-\u001f\u007f]/.test(text);

/** Every place of a request that takes text. */
const places: readonly (readonly [string, (text: string) => boolean, (text: string) => object])[] = [
  ['the key of a label', keys, (text) => ({ labels: { [text]: 'x' } })],
  ['the value of a label', names, (text) => ({ labels: { team: text } })],
  ['the key of an annotation', keys, (text) => ({ annotations: { [text]: 'x' } })],
  ['the value of an annotation', anything, (text) => ({ annotations: { note: text } })],
  ['the name of a container', names, (text) => container({ name: text })],
  ['the image of a container', names, (text) => container({ image: text })],
  ['a pull policy', nothing, (text) => container({ imagePullPolicy: text })],
  ['a command', (text) => !text.includes('\0'), (text) => container({ command: [text], args: ['-c', text] })],
  ['a working folder', (text) => text.startsWith('/'), (text) => container({ workingDir: text })],
  [
    'the name of a variable',
    (text) => keys(text) && text !== '0x10',
    (text) => container({ env: [{ name: text, value: 'x' }] }),
  ],
  [
    'the value of a variable',
    (text) => !text.includes('\0'),
    (text) => container({ env: [{ name: 'A', value: text }] }),
  ],
  [
    'a Secret of a variable',
    names,
    (text) => container({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: text, key: 'k' } } }] }),
  ],
  [
    'the key of a Secret',
    (text) => keys(text) || text === '-rf',
    (text) => container({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: text } } }] }),
  ],
  [
    'a ConfigMap of a variable',
    names,
    (text) => container({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: text, key: 'k' } } }] }),
  ],
  ['a kind of source', nothing, (text) => container({ env: [{ name: 'A', valueFrom: { [text]: {} } }] })],
  ['a Secret of all variables', names, (text) => container({ envFrom: [{ secretRef: { name: text } }] })],
  ['a ConfigMap of all variables', names, (text) => container({ envFrom: [{ configMapRef: { name: text } }] })],
  ['a kind of all variables', nothing, (text) => container({ envFrom: [{ [text]: { name: 'x' } }] })],
  ['the name of a resource', keys, (text) => container({ resources: { limits: { [text]: '1' } } })],
  ['a quantity', nothing, (text) => container({ resources: { requests: { cpu: text } } })],
  ['a restart policy', nothing, (text) => container({ restartPolicy: text })],
  ['a key of a security context', leftOut, (text) => container({ securityContext: { [text]: true } })],
  ['a value of a security context', nothing, (text) => container({ securityContext: { runAsUser: text } })],
  ['the name of a volume', names, (text) => ({ volumes: [{ name: text, emptyDir: {} }] })],
  ['a Secret of a volume', names, (text) => volume({ secret: { secretName: text } })],
  ['a ConfigMap of a volume', names, (text) => volume({ configMap: { name: text } })],
  ['a ConfigMap of a projection', names, (text) => volume({ projected: { sources: [{ configMap: { name: text } }] } })],
  ['a claim', names, (text) => volume({ persistentVolumeClaim: { claimName: text } })],
  ['a key of a volume', leftOut, (text) => volume({ emptyDir: { [text]: 'x' } })],
  ['a driver', names, (text) => volume({ csi: { driver: text } })],
  [
    'the path of a mount',
    (text) => text === '/etc/passwd',
    (text) => ({ ...volume({ emptyDir: {} }), volume_mounts: [{ name: 'v', mountPath: text }] }),
  ],
  [
    'a path in a volume',
    (text) => withoutControl(text) && !/^\/|\.\./.test(text),
    (text) => ({ ...volume({ emptyDir: {} }), volume_mounts: [{ name: 'v', mountPath: '/v', subPath: text }] }),
  ],
];

describe.each(places)('%s', (_, lets, place) => {
  it('is refused in one plain line, or comes through as it is', () => {
    const accepted = hostile.filter((text) => expectRefusedOrHeld(renderInput({ resourceSpec: place(text) }), text));

    expect(accepted).toEqual(hostile.filter(lets));
  });
});

describe('names that Towpath makes names of', () => {
  const parse = (deployment: object) =>
    Specification.safeParse({
      ...benign.specification,
      deployment: { ...benign.specification.deployment, ...deployment },
    });

  it.each(hostile.filter((text) => !names(text)))('are refused at the edge: %j', (text) => {
    expect(parse({ name: text }).success).toBe(false);
    expect(parse({ namespace: text }).success).toBe(false);
    expect(parse({ id: text }).success).toBe(false);
  });

  it.each(hostile)('are refused as a service account or pull secret: %j', (text) => {
    const spec = (resourceSpec: object) => Specification.safeParse({ ...benign.specification, resourceSpec }).success;
    expect(spec({ service_account_name: text })).toBe(names(text));
    expect(spec({ image_pull_secrets: [{ name: text }] })).toBe(names(text));
  });
});

describe('the image', () => {
  it.each(hostile.filter((text) => !names(text)))('is refused where it is none: %j', (text) => {
    expect(expectRefusedOrHeld(renderInput({ image: text }), text)).toBe(false);
  });
});

describe('who asked', () => {
  it.each(hostile)('forges no line and no trailer of a commit: %j', async (text) => {
    const { message, author } = draftOf({ name: text, email: text });

    const [subject = '', blank] = message.split('\n');
    expect(subject.length).toBeLessThanOrEqual(72);
    expect(blank).toBe('');
    expect(`${author.name}${author.email}`).not.toMatch(/[<>\u0000-\u001f\u007f]/);
    const trailers = await trailersOf(message);
    expect(trailers.replace(/^Requested-By: (.*)$/m, 'Requested-By: Ada <ada@example.com>')).toEqual(
      await trailersOf(draftOf({ name: 'Ada', email: 'ada@example.com' }).message),
    );
    expect(trailers).toContain(`\nRequested-By: ${author.name} <${author.email}>\n`);
  });
});

/** True where the request was let through. */
function expectRefusedOrHeld(input: RenderInput, text: string): boolean {
  const outcome = attempt(input);
  if (outcome.kind === 'refused') {
    for (const sentence of outcome.said)
      expect(sentence).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202e]|\n(?! {2})/);
    expect(outcome.said.join('').length).toBeGreaterThan(0);
    return false;
  }
  for (const [path, content] of outcome.files) {
    expect(path).toMatch(/^[a-z.]+\.yaml$/);
    const object = load(content) as { readonly kind: string; readonly metadata?: { readonly name: string } };
    expect(object.kind).not.toBe('Secret');
    if (path !== 'kustomization.yaml') expect(object.metadata?.name.startsWith(input.resourceName)).toBe(true);
  }
  if (!leftOut(text)) expect(stringsOf(outcome.files)).toContain(text);
  return true;
}

type Attempt =
  | { readonly kind: 'refused'; readonly said: readonly string[] }
  | { readonly kind: 'rendered'; readonly files: ReadonlyMap<string, string> };

function attempt(input: RenderInput): Attempt {
  try {
    const rendering = renderer.render(input, {});
    return rendering.kind === 'refused'
      ? { kind: 'refused', said: rendering.findings.map(describeFinding) }
      : rendering;
  } catch (error) {
    const known = asTowpathError(error);
    if (!known) throw error;
    return { kind: 'refused', said: [known.message] };
  }
}

/** Every key and every string of every object. */
function stringsOf(files: ReadonlyMap<string, string>): readonly string[] {
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === 'string') found.push(value);
    if (typeof value !== 'object' || value === null) return;
    if (!Array.isArray(value)) found.push(...Object.keys(value));
    Object.values(value).forEach(visit);
  };
  for (const content of files.values()) visit(load(content));
  return found;
}

function draftOf(requester: { readonly name: string; readonly email: string }) {
  const { deployment, revision, image } = benign.specification;
  const digest = `sha256:${'0'.repeat(64)}`;
  return deployDraft({
    name: deployment.name,
    namespace: deployment.namespace,
    path: folder,
    folder: null,
    files: new Map([['kustomization.yaml', 'x: 1\n']]),
    trailers: {
      change: 'deploy',
      deploymentId: deployment.id,
      revisionId: revision.id,
      revisionNumber: null,
      rollbackTo: null,
      rollbackToNumber: null,
      workspaceId: deployment.workspaceId,
      listenerId: deployment.listenerId,
      template: `agent-server@${digest}`,
      inputsDigest: digest,
      image,
      secretsVersion: null,
      secretName: null,
      keyId: null,
      towpathVersion: '0.1.0',
    },
    requester: { ...requester, proof: 'admin', key: null },
    requestedAt: new Date(0),
    why: null,
    outside: new Map(),
    committer: { name: 'Towpath', email: 'towpath@example.com' },
    now: new Date(0),
  });
}

/** As git itself reads them. */
function trailersOf(message: string): Promise<string> {
  return nativeGit(['interpret-trailers', '--parse'], { input: message });
}
