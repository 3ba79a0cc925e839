/** Validation of rendered files: what is right passes, and everything that is wrong is named with file and line. */
import { describe, expect, it } from 'vitest';
import { contextOfFolder } from '../../src/core/validate/context.ts';
import { validateDeployment } from '../../src/core/validate/validate.ts';
import { Namespace } from '../../src/domain/configuration-namespace.ts';
import type { RepoPath } from '../../src/domain/file-tree.ts';
import { sampleFiles, sampleInput, sampleName } from '../support/hand-written-deployment.ts';
import { complain, type Edit, edited, refuses, schemas } from '../support/validation.ts';

const api = 'api.deployment.yaml';

describe('a deployment that is right', () => {
  it('passes for the oldest and the newest Kubernetes', () => {
    expect(complain(sampleFiles())).toEqual([]);
  });

  it.each(schemas.versions)('passes for Kubernetes %s', (kubernetesVersion) => {
    expect(complain(sampleFiles(), sampleInput({ namespace: { kubernetesVersion } }))).toEqual([]);
  });

  it('passes without its specification, as a folder that lies somewhere', () => {
    const context = contextOfFolder(
      sampleName,
      sampleFiles(),
      Namespace.parse({ repository: 'https://g.example/r.git' }),
    );

    expect(validateDeployment(sampleFiles(), context, schemas)).toEqual([]);
  });

  it('takes PROVENANCE as it is', () => {
    const files = new Map([...sampleFiles(), ['PROVENANCE' as RepoPath, 'Change: deploy\n']]);

    expect(complain(files)).toEqual([]);
  });
});

describe('everyday mistakes', () => {
  refuses([
    [
      'a misspelt field',
      'queue.deployment.yaml',
      'replicas: 1',
      'replica: 1',
      ['queue.deployment.yaml:20 /spec/replica: unknown field "replica", did you mean "replicas"?'],
    ],
    [
      'a number as text',
      'queue.deployment.yaml',
      'replicas: 1',
      'replicas: "2"',
      ['/spec/replicas: expected a whole number, found a string: write it without quotes'],
    ],
    [
      'a broken number',
      'queue.deployment.yaml',
      'replicas: 1',
      'replicas: 1.5',
      ['/spec/replicas: expected a whole number'],
    ],
    [
      'a number beyond 32 bits',
      'queue.deployment.yaml',
      'replicas: 1',
      'replicas: 3000000000',
      ['/spec/replicas: expected a whole number of 32 bits'],
    ],
    [
      'true in the environment',
      api,
      'value: "8000"',
      'value: true',
      [
        `${api}:37 /spec/template/spec/containers/0/env/0/value: expected a string, found true or false: put it in quotes`,
      ],
    ],
    ['a bare number in the environment', api, 'value: "8000"', 'value: 8000', ['found a number: put it in quotes']],
    [
      'a value that a template printed empty',
      api,
      'value: "8000"',
      'value:',
      ['is empty (null): leave the field out, or give it a string'],
    ],
    [
      'a field one level too high',
      api,
      '      containers:',
      '      image: a\n      containers:',
      ['unknown field "image", it belongs under "containers"'],
    ],
    [
      'a field two levels too high',
      api,
      'spec:\n',
      'spec:\n  containers: []\n',
      ['/spec/containers: unknown field "containers"'],
    ],
    [
      'a field that belongs to the metadata',
      'serviceaccount.yaml',
      'metadata:',
      'labels: {}\nmetadata:',
      ['/labels: unknown field "labels", it belongs under "metadata"'],
    ],
    ['a field of another kind', 'api.service.yaml', 'spec:', 'spec:\n  replicas: 1', ['unknown field "replicas"']],
    [
      'an apiVersion of long ago',
      api,
      'apiVersion: apps/v1',
      'apiVersion: apps/v1beta1',
      ['/kind: there is no apps/v1beta1 Deployment; did you mean apiVersion apps/v1?'],
    ],
    [
      'an apiVersion that was removed',
      'autoscaler.horizontalpodautoscaler.yaml',
      'autoscaling/v2',
      'autoscaling/v2beta2',
      ['did you mean apiVersion autoscaling/v2?'],
    ],
    [
      'a misspelt kind',
      'api.service.yaml',
      'kind: Service',
      'kind: Servise',
      ['there is no kind v1 Servise, did you mean "Service"?', 'there is no Service "'],
    ],
    [
      'a missing field',
      api,
      '          - name: "PORT"\n',
      '          - nam: "PORT"\n',
      ['misses the field "name"', 'unknown field "nam", did you mean "name"?'],
    ],
    [
      'a quantity that is none',
      api,
      'cpu: "2"',
      'cpu: "2 cores"',
      ['/spec/template/spec/containers/0/resources/limits/cpu: expected a quantity'],
    ],
    ['a request above its limit', api, 'memory: 4096Mi', 'memory: 1Gi', ['asks for more memory than its limit allows']],
    [
      'a list where a mapping belongs',
      api,
      '            limits:\n              cpu: "2"\n              memory: 4096Mi',
      '            limits:\n              - cpu: "2"',
      ['expected a mapping, found a list'],
    ],
    ['one variable twice', api, '"POSTGRES_PASSWORD"', '"PORT"', ['/env/1: repeats name "PORT" of an earlier item']],
    ['a claim without a size', 'postgres.statefulset.yaml', 'storage: 10Gi', 'storage: ten', ['expected a quantity']],
  ]);

  it('names all mistakes of all files at once', () => {
    const files = sampleFiles((path, text) => (path.endsWith('.service.yaml') ? text.replace('port:', 'prot:') : text));

    expect(complain(files)).toHaveLength(6);
  });

  it('says for which Kubernetes a field is unknown', () => {
    const sidecar = sampleFiles((path, text) =>
      path === api ? text.replace('          ports:', '          restartPolicyRules: []\n          ports:') : text,
    );

    expect(complain(sidecar)).toEqual([
      expect.stringContaining('unknown field "restartPolicyRules" (Kubernetes 1.30)'),
    ]);
    expect(complain(sidecar, sampleInput({ namespace: { kubernetesVersion: '1.37' } }))).toEqual([]);
    expect(complain(sidecar, sampleInput({ namespace: { kubernetesVersion: '1.99' } }))).toEqual([]);
    expect(complain(sidecar, sampleInput({ namespace: { kubernetesVersion: '1.31' } }))).toHaveLength(1);
  });

  it('repeats no value that might be a secret', () => {
    const files = edited('queue.deployment.yaml', 'replicas: 1', 'replicas: "hunter2-hunter2"');

    expect(complain(files).join()).not.toContain('hunter2');
  });
});

describe('YAML that readers see differently', () => {
  const value = (text: string, said: readonly string[]): Edit => [
    `value: ${text}`,
    api,
    'value: "8000"',
    `value: ${text}`,
    said,
  ];
  refuses([
    value('&anchor "x"', ['uses a YAML anchor']),
    value('!!str 8000', ['uses a YAML tag']),
    value('!!binary aGk=', ['uses a YAML tag', 'is not valid YAML']),
    [
      'an alias',
      api,
      'value: "8000"',
      'value: &a "x"\n              valueFrom: *a',
      ['uses a YAML anchor', 'uses a YAML alias', 'expected a mapping'],
    ],
    [
      'a merge key',
      api,
      '    spec:',
      '    <<: {}\n    spec:',
      ['not the same to every YAML reader', 'unknown field "<<"'],
    ],
    [
      'a key twice',
      api,
      'kind: Deployment',
      'kind: Deployment\nkind: Deployment',
      ['is not valid YAML: duplicated mapping key'],
    ],
    [
      'a second document',
      api,
      'apiVersion: apps/v1',
      'apiVersion: v1\n---\napiVersion: apps/v1',
      ['holds 2 documents'],
    ],
    ['a directive', api, 'apiVersion: apps/v1', '%YAML 1.1\n---\napiVersion: apps/v1', ['has a YAML directive']],
    ['carriage returns', api, 'kind: Deployment\n', 'kind: Deployment\r\n', ['has a carriage return']],
    ['a tab as indentation', api, '  name: research', '\tname: research', ['is not valid YAML']],
    ['a scalar', 'serviceaccount.yaml', 'apiVersion', '"apiVersion"', []],
  ]);

  it.each([
    'yes',
    'No',
    'on',
    'OFF',
    'y',
    'N',
    '0o17',
    '0777',
    '0x1F',
    '1_000',
    '12:30:45',
    '1e3',
    '.5',
    '+1',
    '1.',
    '2026-01-31',
    '~',
    '.inf',
    '.NaN',
    '=',
    '<<',
    'True',
    'NULL',
    '9007199254740993',
  ])('refuses the bare word %s', (word) => {
    const said = complain(edited(api, '"8000"', word));

    expect(said[0]).toContain(`${api}:37: "${word}" is not the same to every YAML reader; put it in quotes`);
  });

  it.each([
    'text',
    '10Gi',
    '1.2.3',
    'a: b'.replace(': ', ':'),
    '-x',
    'yes-and-no',
    '/ok',
    'nothing',
    'sha256:00',
    '1a',
    '..',
  ])('lets the bare word %s through', (word) => {
    expect(complain(edited(api, '"8000"', word))).toEqual([]);
  });

  it.each([
    '',
    'null\n',
    '[]\n',
    '- a\n',
    'text\n',
    '42\n',
    '---\n---\n',
    '{"a": \n',
    'a: b: c\n',
    '\u0000\n',
    '\ufeff',
    '&a [*a]\n',
  ])('refuses a file that holds %j', (text) => {
    const said = complain(sampleFiles((path, old) => (path === 'serviceaccount.yaml' ? text : old)));

    expect(said.length).toBeGreaterThan(0);
    expect(said.every((sentence) => sentence.startsWith('serviceaccount.yaml:'))).toBe(true);
  });

  it('refuses what nests without end or grows beyond what a cluster stores', () => {
    const nested = `a: ${'['.repeat(100_000)}\n`;
    const large = `a: "${'x'.repeat(1_048_577)}"\n`;

    for (const text of [nested, large]) {
      expect(complain(sampleFiles((path, old) => (path === 'serviceaccount.yaml' ? text : old)))).toHaveLength(1);
    }
  });
});
